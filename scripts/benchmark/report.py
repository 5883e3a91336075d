"""The results as Markdown, and their place in the READMEs."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .rounds import Spread, ratio
from .venvs import NEEDS, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .process import Cost
    from .windows import Span

BEGIN, END = "<!-- written by scripts/bench.py -->", "<!-- end of what scripts/bench.py writes -->"
READMES = {"en": ROOT / "README.md", "zh": ROOT / "README.zh.md"}
# Each reference, and the courses that are compared with it; an asynchronous course at a width with the same width.
REFERENCES = {"sync": "http.client", "async": "aiohttp"}
WORDS = {
    "en": {
        "where": "Measured on {date}: {cpu}, {cores} cores, Python {python}; {peers}. {loopback}",
        "loopback": "The exchange is another process on loopback. CPU is the client's, all its threads counted;"
        " ratios compare within each of {rounds} interleaved rounds.",
        "call": "| one call | CPU, µs | least to most | ratio to {reference} |",
        "signed": " (signed beforehand)",
        "window": "| against 20 in any 2 s | seconds | over the ideal | over the answered | CPU, ms | refused |",
        "windows": "The ideal window knows when the exchange counts. The answered one knows only that a request was"
        " counted before its answer came, which is all that is safe: it gives one round trip up per window.",
        "process": "| a process that does | CPU, ms | peak memory, MB |",
        "crowd": "| 200 async clients: to make one | memory of one | with its connection | calls per CPU second |",
        "flood": "| `stream()` | {counts} |",
        "grown": "memory that {kind} took, MB",
    },
    "zh": {
        "where": "测量日期 {date}：{cpu}，{cores} 核，Python {python}；{peers}。{loopback}",
        "loopback": "交易所是本机回环上的另一个进程；CPU 为客户端所有线程之和；比值取自 {rounds} 轮交替测量的同一轮。",
        "call": "| 一次调用 | CPU，µs | 最小至最大 | 与 {reference} 之比 |",
        "signed": "（预先签名）",
        "window": "| 任意 2 秒内至多 20 次 | 秒 | 超出理想窗口 | 超出应答窗口 | CPU，ms | 被拒 |",
        "windows": "理想窗口知道交易所何时计数；应答窗口只知道请求在应答到达前已被计数，"
        "这是唯一安全的前提，每个窗口因此多用一个往返。",
        "process": "| 进程所做 | CPU，ms | 内存峰值，MB |",
        "crowd": "| 200 个异步客户端：创建一个 | 一个的内存 | 连接后 | 每 CPU 秒调用数 |",
        "flood": "| `stream()` | {counts} |",
        "grown": "{kind} 所用内存，MB",
    },
}


class Results(NamedTuple):
    """All that a run found."""

    rounds: int
    calls: Mapping[str, list[float]]
    windows: Sequence[Span]
    processes: Mapping[str, Cost]
    crowd: Mapping[str, Any]
    floods: Mapping[str, Mapping[int, float]]


def cpu() -> str:
    """Name the processor."""
    try:
        found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def table(head: str, rows: Iterable[Sequence[object]]) -> str:
    """Write a table; the first column is text, the others are figures."""
    rule = "|---|" + "---:|" * (head.count("|") - 2)
    return "\n".join([head, rule, *(f"| {' | '.join(map(str, row))} |" for row in rows)])


def spread(values: Spread, form: str) -> tuple[str, str]:
    """Write a median, and what it lies between."""
    return format(values.median, form), f"{values.least:{form}} – {values.most:{form}}"


def calls(found: Mapping[str, list[float]], words: Mapping[str, str]) -> Iterable[str]:
    """Write what a call costs: a table for each reference."""
    for kind, reference in REFERENCES.items():
        rows = []
        for name, values in found.items():
            client, _, width = name.partition(", ")
            if (("async" in client) or client == "aiohttp") != (kind == "async"):
                continue
            base = f"{reference}, {width}" if width else reference
            signed = words["signed"] if client == reference else ""
            rows.append((name + signed, *spread(Spread.of(values), ".0f"), f"{ratio(found, name, base).median:.2f}"))
        yield table(words["call"].format(reference=reference), rows)


def section(results: Results, language: str) -> str:
    """Write everything."""
    words = WORDS[language]
    peers = ", ".join(need for name, needs in NEEDS.items() if name != "sdk" for need in needs)
    about = words["where"].format(
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        cpu=cpu(),
        cores=os.cpu_count(),
        python=platform.python_version(),
        peers=peers,
        loopback=words["loopback"].format(rounds=results.rounds),
    )
    spans = [
        (
            span.case.name,
            f"{span.wall:.2f}",
            f"{span.over_ideal:+.1%}",
            f"{span.over_answered:+.1%}",
            f"{span.cpu * 1e3:.0f}",
            span.rejected,
        )
        for span in results.windows
    ]
    costs = [(name, f"{cost.cpu.median:.0f}", f"{cost.memory.median:.1f}") for name, cost in results.processes.items()]
    crowd = (
        f"{results.crowd['made_ms']:.2f} ms",
        f"{results.crowd['made_kb']:.0f} KB",
        f"{results.crowd['connected_kb']:.0f} KB",
        f"{results.crowd['calls_per_cpu_second']:.0f}",
    )
    counts = [f"{count:,}" for count in next(iter(results.floods.values()))]
    floods = [
        (words["grown"].format(kind=kind), *(f"{kilobytes / 1024:.1f}" for kilobytes in grown.values()))
        for kind, grown in results.floods.items()
    ]
    parts = [
        about,
        *calls(results.calls, words),
        words["windows"],
        table(words["window"], spans),
        table(words["process"], costs),
        table(words["crowd"], [crowd]),
        table(words["flood"].format(counts=" | ".join(counts)), floods),
    ]
    return "\n\n".join(parts)


def write(results: Results) -> list[Path]:
    """Put the results between the marks of each README; say which had none."""
    missing = []
    for language, path in READMES.items():
        text = path.read_text(encoding="utf-8")
        before, begin, rest = text.partition(BEGIN)
        _, end, after = rest.partition(END)
        if begin and end:
            path.write_text(f"{before}{BEGIN}\n\n{section(results, language)}\n\n{END}{after}", encoding="utf-8")
        else:
            missing.append(path)
    return missing
