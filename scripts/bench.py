"""Measure the SDK and its peers against an exchange on loopback, and write the results into docs/*/benchmarks.md.

`--quick` takes about a minute and writes nothing. `--check` says which targets are met, and exits 1 if one is not.
What else the machine does weighs on wall times; CPU times are compared within interleaved rounds.
"""

from __future__ import annotations

import argparse
import json
import sys
from operator import itemgetter
from typing import TYPE_CHECKING

from benchmark import claims, process, report, rounds, windows
from benchmark.rounds import Course

if TYPE_CHECKING:
    from collections.abc import Sequence

SYNC = ("http.client", "python-okx", "ccxt", "okx-maxloan-sdk")
ASYNC = ("aiohttp", "python-okx-async", "ccxt async", "okx-maxloan-sdk async")
# The other peers need more than SSL_CERT_FILE to trust the exchange.
TLS_SYNC, TLS_ASYNC = ("http.client", "okx-maxloan-sdk"), ("aiohttp", "okx-maxloan-sdk async")
WIDTHS = (1, 10, 50)


def measure(quick: bool) -> report.Results:
    """Run everything, or as much as shows that it runs."""
    calls, turns, starts = (60, 5, 2) if quick else (100, 40, 11)
    stream_memory = (1_000,) if quick else (1_000, 10_000, 100_000)
    with rounds.exchange() as url, rounds.exchange("https") as tls:
        courses = [
            *(Course(name, 1, calls, url) for name in SYNC),
            *(Course(name, width, calls, url) for width in WIDTHS for name in ASYNC),
            *(Course(name, 1, calls, tls) for name in TLS_SYNC),
            *(Course(name, width, calls, tls) for width in WIDTHS for name in TLS_ASYNC),
        ]
        found = rounds.run(courses, turns)
        spans = [windows.run(url, case) for case in windows.cases(quick)]
        processes = process.run(url, starts)
        runs = [json.loads(rounds.say("many_clients.py", url)) for _ in range(rounds.STARTS)]
        many_clients = sorted(runs, key=itemgetter("calls_per_cpu_second"))[len(runs) // 2]
        streams = {
            kind: {count: float(rounds.say("stream_memory.py", url, kind, str(count))) for count in stream_memory}
            for kind in ("sync", "async")
        }
    return report.Results(turns, found, spans, processes, many_clients, streams)


def judge(results: report.Results) -> list[claims.Claim]:
    """Hold the results against what was asked for."""
    return [
        *claims.calls(results.calls),
        *claims.windows(results.windows),
        *claims.processes(results.processes),
        *claims.many_clients(results.many_clients),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a minute's worth; the pages stay as they are")
    parser.add_argument("--check", action="store_true", help="say what holds; exit 1 if something does not")
    asked = parser.parse_args(arguments)
    results = measure(asked.quick)
    print(report.section(results, "en"))
    if not asked.quick:
        for path in report.write(results):
            print(f"{path.name} has no place for the results: {report.BEGIN} … {report.END}", file=sys.stderr)
    if not asked.check:
        return 0
    found = judge(results)
    print("\n" + "\n".join(map(str, found)))
    return int(not all(claim.holds for claim in found))


if __name__ == "__main__":
    sys.exit(main())
