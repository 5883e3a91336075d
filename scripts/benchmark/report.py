"""The results as Markdown, and their place in the guide."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .rounds import STARTS, Spread, ratio
from .venvs import NEEDS, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .process import Cost
    from .windows import Span

BEGIN, END = "<!-- written by scripts/bench.py -->", "<!-- end of what scripts/bench.py writes -->"
PAGES = {language: ROOT / "docs" / language / "benchmarks.md" for language in ("en", "zh")}
# Each reference, and the courses that are compared with it; an asynchronous course at a width with the same width.
REFERENCES = {"sync": "http.client", "async": "aiohttp"}
WORDS = {
    "en": {
        "where": "Measured on {date}: {cpu}, {cores} cores, Python {python}; {peers}. {loopback}",
        "loopback": "The exchange is another process on loopback. CPU is the client's, all its threads counted;"
        " ratios compare within each of {rounds} interleaved rounds, and every client is started {starts} times.",
        "call": "| one call | CPU, µs | least to most | ratio to {reference} |",
        "signed": " (signed beforehand)",
        "window": "| at most 20 in any 2 s | seconds | above the ideal window | above the response window"
        " | CPU, ms | rejected |",
        "windows": "The ideal window knows when OKX counts a request. The response window knows only that it was"
        " counted before its response came, which is all that is safe; it costs one round trip per window.",
        "process": "| a process that does | CPU, ms | peak memory, MB |",
        "many_clients": "| 200 asyncio clients: time to create one | memory of one | with its connection"
        " | calls per CPU second |",
        "stream_memory": "| pairs through `iter_max_loan` | {counts} |",
        "grown": "memory, {kind}, MB",
    },
    "zh": {
        "where": "测量日期 {date}：{cpu}，{cores} 核，Python {python}；{peers}。{loopback}",
        "loopback": "交易所是本机回环上的另一个进程；CPU 为客户端所有线程之和；"
        "共 {rounds} 轮交替测量，每个客户端启动 {starts} 次，比值均在同一轮内计算。",
        "call": "| 一次调用 | CPU，µs | 最小至最大 | 与 {reference} 之比 |",
        "signed": "（预先签名）",
        "window": "| 任意 2 秒内最多 20 次 | 秒 | 超出理想窗口 | 超出响应窗口 | CPU，ms | 被拒绝 |",
        "windows": "“理想窗口”假定已知 OKX 的计数时刻；“响应窗口”只假定请求在响应到达前已被计数。"
        "只有后者是安全的，代价是每个窗口多一个往返。",
        "process": "| 进程执行的内容 | CPU，ms | 内存峰值，MB |",
        "many_clients": "| 200 个 asyncio 客户端：创建一个的时间 | 一个的内存 | 建立连接后 | 每 CPU 秒调用数 |",
        "stream_memory": "| 经 `iter_max_loan` 的币对 | {counts} |",
        "grown": "{kind} 所用内存，MB",
    },
}


class Results(NamedTuple):
    """All that a run found."""

    rounds: int
    calls: Mapping[str, list[float]]
    windows: Sequence[Span]
    processes: Mapping[str, Cost]
    many_clients: Mapping[str, Any]
    stream_memory: Mapping[str, Mapping[int, float]]


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
        loopback=words["loopback"].format(rounds=results.rounds, starts=STARTS),
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
    many_clients = (
        f"{results.many_clients['made_ms']:.2f} ms",
        f"{results.many_clients['made_kb']:.0f} KB",
        f"{results.many_clients['connected_kb']:.0f} KB",
        f"{results.many_clients['calls_per_cpu_second']:.0f}",
    )
    counts = [f"{count:,}" for count in next(iter(results.stream_memory.values()))]
    stream_memory = [
        (words["grown"].format(kind=kind), *(f"{kilobytes / 1024:.1f}" for kilobytes in grown.values()))
        for kind, grown in results.stream_memory.items()
    ]
    parts = [
        about,
        *calls(results.calls, words),
        words["windows"],
        table(words["window"], spans),
        table(words["process"], costs),
        table(words["many_clients"], [many_clients]),
        table(words["stream_memory"].format(counts=" | ".join(counts)), stream_memory),
    ]
    return "\n\n".join(parts)


def write(results: Results) -> list[Path]:
    """Write the results between the marks of each page, and name pages without marks."""
    missing = []
    for language, path in PAGES.items():
        text = path.read_text(encoding="utf-8")
        before, begin, rest = text.partition(BEGIN)
        _, end, after = rest.partition(END)
        if begin and end:
            path.write_text(f"{before}{BEGIN}\n\n{section(results, language)}\n\n{END}{after}", encoding="utf-8")
        else:
            missing.append(path)
    return missing
