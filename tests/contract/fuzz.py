"""Schemathesis on the mock exchange, through ASGI and in this process.

`python -m tests.contract.fuzz USER EXAMPLES` prints every request that it sends.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import schemathesis
from attrs import define, field, frozen
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema

from okx_maxloan_sdk import mock

from . import accounts, hooks
from .raw_request import ManualClock, RawRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from okx_maxloan_sdk.mock import MockExchange, MockResponse

ROOT = Path(__file__).parents[2]
# One for each way in which account modes differ; the nightly run has all.
USERS = ("spot", "futures/borrowing/auto_transfers_ccy", "multi_currency")


@define
class Recorder:
    """An exchange that remembers what it was asked."""

    exchange: MockExchange
    asked: list[RawRequest] = field(factory=list)

    def handle(self, method: str, path: bytes, query: bytes, headers: Any, body: bytes, address: str) -> MockResponse:
        # Schemathesis numbers its requests at random.
        kept = tuple((name, value) for name, value in headers if name != b"x-schemathesis-testcaseid")
        self.asked.append(RawRequest(query, path, method, kept, body, address))
        return self.exchange.handle(method, path, query, headers, body, address)


@frozen
class Fuzzed:
    """What was asked, and what was wrong with the answers."""

    asked: list[RawRequest]
    failures: list[str]


@cache
def fuzz(user: str, examples: int = 25) -> Fuzzed:
    """Ask as this user everything that schemathesis finds worth asking, with so many random examples an operation."""
    config = SchemathesisConfig.from_path(ROOT / "schemathesis.toml")
    schema = schemathesis.openapi.from_path(ROOT / "spec" / "openapi.yaml", config=config)
    schema.config.update(base_url="http://testserver")
    schema.config.generation.update(max_examples=examples, deterministic=True)
    recorder = Recorder(accounts.exchange(mock, ManualClock()))
    schema.app = mock.app(recorder)  # type: ignore[arg-type]  # an exchange by its handle()
    hooks.target = hooks.Target(recorder.exchange, user, address="testclient")
    failures = [failure for event in from_schema(schema).execute() for failure in _failures(event)]
    return Fuzzed(recorder.asked, failures)


def _failures(event: Any) -> Iterator[str]:
    if isinstance(event, events.NonFatalError | events.FatalError):
        yield str(event)
    if isinstance(event, events.ScenarioFinished):
        for case, checks in event.recorder.checks.items():
            for check in checks:
                if check.status is not Status.SUCCESS:
                    yield f"{event.phase}: {check.name}: {check.failure_info} ({event.recorder.cases[case].value})"


if __name__ == "__main__":
    for raw in fuzz(sys.argv[1], int(sys.argv[2])).asked:
        print(raw.method, raw.path, raw.query, raw.headers, raw.body)  # noqa: T201 -- that is what it is for
