"""Schemathesis on the mock exchange, through ASGI and in this process.

`python -m tests.contract.fuzz USER EXAMPLES` prints every request that it sends.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import schemathesis
from attrs import define, field
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema

from okx_maxloan_sdk import mock
from okx_maxloan_sdk.mock import MockExchange, MockResponse

from . import accounts, hooks
from .raw_request import RawRequest

ROOT = Path(__file__).parents[2]
# One user for each group of account modes with the same rules; the nightly run covers all users.
USERS = ("spot", "futures/borrowing/auto_transfers_ccy", "multi_currency")


@define
class Recorder:
    """A mock exchange that records its requests."""

    exchange: MockExchange
    requests: list[RawRequest] = field(factory=list)

    def handle(self, method: str, path: bytes, query: bytes, headers: Any, body: bytes, address: str) -> MockResponse:
        # Schemathesis adds a random number to each request.
        recorded_headers = tuple((name, value) for name, value in headers if name != b"x-schemathesis-testcaseid")
        self.requests.append(RawRequest(query, path, method, recorded_headers, body, address))
        return self.exchange.handle(method, path, query, headers, body, address)


def fuzz(user: str, examples: int = 25) -> tuple[list[RawRequest], list[str]]:
    """Run schemathesis as this user; return its requests, and a message for each failed check."""
    config = SchemathesisConfig.from_path(ROOT / "schemathesis.toml")
    schema = schemathesis.openapi.from_path(ROOT / "spec" / "openapi.yaml", config=config)
    schema.config.update(base_url="http://testserver")
    schema.config.generation.update(max_examples=examples, deterministic=True)
    recorder = Recorder(accounts.exchange())
    schema.app = mock.app(recorder)  # type: ignore[arg-type]  # an exchange by its handle()
    hooks.target = hooks.Target(recorder.exchange, user, address="testclient")
    failures = [failure for event in from_schema(schema).execute() for failure in _failures(event)]
    return recorder.requests, failures


def _failures(event: Any) -> Iterator[str]:
    if isinstance(event, events.NonFatalError | events.FatalError):
        yield str(event)
    if isinstance(event, events.ScenarioFinished):
        for case, checks in event.recorder.checks.items():
            for check in checks:
                if check.status is not Status.SUCCESS:
                    yield f"{event.phase}: {check.name}: {check.failure_info} ({event.recorder.cases[case].value})"


if __name__ == "__main__":
    for raw in fuzz(sys.argv[1], int(sys.argv[2]))[0]:
        print(raw.method, raw.path, raw.query, raw.headers, raw.body)  # noqa: T201 -- the purpose of this command
