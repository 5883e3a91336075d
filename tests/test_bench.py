"""The benchmark: the exchange's limit, the computed figures, and the places of the report."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
from bench import judge
from benchmark import claims, exchange, report, windows
from benchmark.process import Cost
from benchmark.rounds import Spread

if TYPE_CHECKING:
    from pathlib import Path

    from benchmark.windows import Case


def send_request(line: exchange.Line, target: str, key: str = "k") -> list[dict[str, Any]]:
    """Send requests to the exchange in two pieces, and return the response bodies."""
    written: list[bytes] = []
    line.connection_made(Mock(asyncio.Transport, write=written.append))
    request = f"GET {target} HTTP/1.1\r\nHost: x\r\nok-access-KEY: {key}\r\n\r\n".encode()
    line.data_received(request[:9])
    assert not written
    line.data_received(request[9:])
    return [json.loads(part.partition(b"\r\n\r\n")[2]) for part in b"".join(written).split(b"HTTP/1.1 ")[1:]]


def test_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pair has two rows; requests beyond the limit of a key in any two seconds are rejected and counted."""
    now = 100.0
    monkeypatch.setattr("benchmark.exchange.time.monotonic", lambda: now)
    monkeypatch.setattr(exchange.Line, "rooms", {})
    line, target = exchange.Line(), "/api/v5/account/max-loan?mgnMode=cross&instId=A-B,C-D"
    send_request(line, "/bench?key=few&rtt=0&limit=2")
    (body,), *_ = bodies = [send_request(line, target, "few") for _ in range(3)]
    rows = [(row["instId"], row["side"], row["ccy"]) for row in body["data"]]
    assert rows == [("A-B", "sell", "A"), ("A-B", "buy", "B"), ("C-D", "sell", "C"), ("C-D", "buy", "D")]
    assert [each[0]["code"] for each in bodies] == ["0", "0", "50011"]
    assert send_request(line, target, "other")[0]["code"] == "0"
    now += 1.999
    assert send_request(line, target, "few")[0]["code"] == "50011"
    now += 0.001
    assert send_request(line, target, "few")[0]["code"] == "0"
    assert send_request(line, "/bench?key=few") == [{"requests": 5, "rejected": 2}]


@pytest.mark.parametrize(
    ("case", "requests", "ideal", "expected_span"),
    [
        (windows.Case("", pairs=500), 100, 8.0, 8.0),
        (windows.Case("", pairs=500, rtt=0.15), 100, 8.15, 8.75),
        (windows.Case("", threads=8), 120, 10.0, 10.0),
        (windows.Case("", pairs=3, rtt=0.1), 1, 0.1, 0.1),
    ],
)
def test_ideal_windows(case: Case, requests: int, ideal: float, expected_span: float) -> None:
    """Windows start a period apart, plus a round trip for a limiter that waits for responses."""
    assert (case.requests, case.ideal, case.answered) == pytest.approx((requests, ideal, expected_span))


@pytest.fixture
def results() -> report.Results:
    """Make results without a measurement: our calls cost a fifth more, and a window with a round trip is too long."""
    names = dict.fromkeys(name for pair in claims.RATIOS for name in pair[:2])
    cost = Cost(Spread(1, 1, 1), Spread(1, 1, 1))
    spans = [windows.Span(case, case.answered * (1.05 if case.rtt else 1), 0.05, 0) for case in windows.cases(False)]
    processes = ("nothing", "import httpx", "import both clients", "import python-okx", "python-okx", claims.OURS)
    return report.Results(
        2,
        {name: [1.2, 1.2] if name.startswith(claims.OURS) else [1.0, 1.0] for name in names},
        spans,
        dict.fromkeys(processes, cost),
        {"made_ms": 0.5, "made_kb": 1, "connected_kb": 1, "calls_per_cpu_second": 1},
        {"sync": {1000: 1.0}},
    )


def test_claims(results: report.Results) -> None:
    """A call that costs a fifth more fails every target, and a window that is too long fails its own."""
    failed = [claim.text for claim in judge(results) if not claim.holds]
    assert len([text for text in failed if text.startswith("CPU per call, ")]) == len(claims.RATIOS)
    assert [text for text in failed if "window" in text] == [
        f"{span.case.name}: over the answered window" for span in results.windows if span.case.rtt
    ]
    assert not any("refused" in text for text in failed)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_report(results: report.Results, language: str) -> None:
    """Every row of a table has as many columns as its header, every client has a row, and the page has the marks."""
    text = report.section(results, language)
    for block in text.split("\n\n"):
        if block.startswith("|"):
            assert len({line.count("|") for line in block.splitlines()}) == 1
    assert all(f"| {theirs}" in text for _, theirs, _ in claims.RATIOS)
    assert "{" not in text
    assert report.END in report.PAGES[language].read_text(encoding="utf-8").partition(report.BEGIN)[2]


def test_writing(results: report.Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the text between the marks is replaced, repeatedly; a file without marks is an error that names it."""
    marked, bare = tmp_path / "a.md", tmp_path / "b.md"
    marked.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n", encoding="utf-8")
    bare.write_text("nothing", encoding="utf-8")
    monkeypatch.setattr(report, "PAGES", {"en": marked, "zh": bare})
    for _ in range(2):
        assert report.write(results) == [bare]
    section = report.section(results, "en")
    assert marked.read_text(encoding="utf-8") == f"before\n{report.BEGIN}\n\n{section}\n\n{report.END}\nafter\n"
    assert bare.read_text(encoding="utf-8") == "nothing"
