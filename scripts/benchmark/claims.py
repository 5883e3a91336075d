"""The targets, and whether a run meets them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .rounds import ratio

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .process import Cost
    from .windows import Span

OURS = "okx-maxloan-sdk"


class Claim(NamedTuple):
    """A figure, and the most that it may be."""

    text: str
    value: float
    most: float
    unit: str = ""

    @property
    def holds(self) -> bool:
        """Return whether it does."""
        return self.value <= self.most

    def __str__(self) -> str:
        verdict = "holds" if self.holds else "DOES NOT HOLD"
        return f"{verdict:13}  {self.text}: {self.value:.2f}{self.unit}, at most {self.most:g}{self.unit}"


# Ours, theirs, at most.
RATIOS = [
    (OURS, "http.client", 1.15),
    (f"{OURS}, TLS", "http.client, TLS", 1.15),
    (OURS, "python-okx", 1.0),
    (OURS, "ccxt", 1.0),
    *(
        (f"{OURS} async{tasks}", f"{theirs}{tasks}", most)
        for tasks in ("", ", 10 tasks", ", 50 tasks")
        for theirs, most in (("aiohttp", 1.15), ("python-okx-async", 1.0), ("ccxt async", 1.0))
    ),
    *((f"{OURS} async{tasks}, TLS", f"aiohttp{tasks}, TLS", 1.15) for tasks in ("", ", 10 tasks", ", 50 tasks")),
]
# Of 500 pairs, in milliseconds.
MAX_CPU = 100.0


def calls(found: Mapping[str, list[float]]) -> Iterator[Claim]:
    """Judge the CPU time of calls."""
    for ours, theirs, most in RATIOS:
        yield Claim(f"CPU per call, {ours} / {theirs}", ratio(found, ours, theirs).median, most)


def windows(found: Sequence[Span]) -> Iterator[Claim]:
    """Judge what came of the limit."""
    yield Claim("requests refused, all windows", sum(span.rejected for span in found), 0)
    for span in found:
        if span.case.threads > 1:
            continue
        # Not the ideal one: nobody sees when the exchange counts, and who guesses is refused (limiter/ledger.py).
        yield Claim(f"{span.case.name}: over the answered window", span.over_answered * 100, 3, " %")
        if not span.case.rtt:
            yield Claim(f"{span.case.name}: CPU", span.cpu * 1e3, MAX_CPU, " ms")


def processes(found: Mapping[str, Cost]) -> Iterator[Claim]:
    """Judge what starting costs."""
    imports = found["import both clients"].cpu.median / found["import python-okx"].cpu.median
    yield Claim("CPU, import both clients / import python-okx", imports, 0.70)
    theirs = found["python-okx"]
    cost = found[OURS]
    yield Claim("CPU to the first response, ours / python-okx", cost.cpu.median / theirs.cpu.median, 1.0)
    yield Claim("peak memory, ours / python-okx", cost.memory.median / theirs.memory.median, 1.0)


def many_clients(found: Mapping[str, Any]) -> Iterator[Claim]:
    """Judge what two hundred clients cost."""
    yield Claim("making a client", found["made_ms"], 1, " ms")
    yield Claim("memory of a client", found["made_kb"], 100, " KB")
    yield Claim("memory of a client with its connection", found["connected_kb"], 100, " KB")
    yield Claim("CPU per call of 200 accounts", 1e6 / found["calls_per_cpu_second"], 125, " µs")
