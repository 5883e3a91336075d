"""Logging: the loggers and levels of the guide, without secrets."""

import ast
import logging
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from okx_maxloan_sdk import MemoryLimiter, RedisLimiter
from okx_maxloan_sdk.limiter import LimitKey, RateLimit
from okx_maxloan_sdk.limiter.file import FileStore
from okx_maxloan_sdk.limiter.ledger import LimitPolicy
from okx_maxloan_sdk.limiter.queue import StoreBusyError
from okx_maxloan_sdk.limiter.redis import RedisStore
from okx_maxloan_sdk.mock import default_exchange
from okx_maxloan_sdk.mock.server import run_mock_server
from tests.support.clients import KEY, PASSPHRASE, SECRET, ClientFactory
from tests.support.clock import FakeClock
from tests.support.fake_transport import FakeTransport, loan_row, ok_response
from tests.support.raw import RawServer, respond, send_bytes

PASSWORD = "p4ssw0rd"

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "okx_maxloan_sdk"


def log_calls() -> Iterator[tuple[str, str, str]]:
    """Return module, level and message, before formatting, of every call of a logger in the code."""
    for path in PACKAGE.rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(ast.Attribute(ast.Name("logger"), level), [ast.Constant(str(message)), *_]):
                    yield module, level.upper(), message


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_guide_names_every_logger(lang: str) -> None:
    """The guide's table has a row for each module that logs, with its level, and no other."""
    text = (ROOT / "docs" / lang / "logging.md").read_text("utf-8")
    rows = re.findall(r"^\| `(okx_maxloan_sdk[\w.]+)` \| (\w+) \|", text, re.MULTILINE)
    assert set(rows) == {(module, level) for module, level, _ in log_calls()}


def test_every_event(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Each log message comes from its module's logger and has no credential or password."""
    caplog.set_level(logging.DEBUG, "okx_maxloan_sdk")
    mock_key = default_exchange().users["spot"].keys[0]
    secrets = KEY, SECRET, PASSPHRASE, PASSWORD, mock_key.key, mock_key.secret, mock_key.passphrase
    for event in (clock_and_retry, row_with_secret, dropped_connection, rate_limited, file_events, redis_events):
        event(tmp_path)
    assert {(record.name, record.levelname, record.msg) for record in caplog.records} == set(log_calls())
    for record in caplog.records:
        text = f"{record.getMessage()} {record.args} {vars(record)}"
        assert [secret for secret in secrets if secret in text] == []
    text = "\n".join(record.getMessage() for record in caplog.records)
    assert re.search(r"retry 1 in \d\.\d+ s after ServiceUnavailableError", text)
    assert re.search(r"signed \+(39\.9|40\.0)\d+ s from", text)
    assert "a row has instId '***'" in text


def clock_and_retry(_: Path) -> None:
    """Send a request with a wrong clock that fails once."""
    with run_mock_server() as okx:
        okx.exchange.clock_skew = 40.0
        okx.exchange.fail_next(1, code="50013", path="/api/v5/account/max-loan")
        okx.client("spot", limiter=MemoryLimiter(max_requests=20)).get_max_loan("BTC-USDT", mgn_mode="cross")


def row_with_secret(_: Path) -> None:
    """Receive a row whose instId contains the secret."""
    client = ClientFactory("sync").open(FakeTransport(ok_response(loan_row("", ccy="USDT", side="", instId=SECRET))))
    client.get_max_loan(mgn_mode="cross", ccy="USDT")


def dropped_connection(_: Path) -> None:
    """Use a connection that the server closes during the second request."""
    with RawServer(respond(), send_bytes(b""), respond()) as server:
        client = ClientFactory("sync").open(base_url=server.url)
        for _number in range(2):
            client.get_max_loan("BTC-USDT", mgn_mode="cross")
        client.close()


def rate_limited(_: Path) -> None:
    """Receive a rate limit error."""
    key = LimitKey("one that is refused", "max_loan")
    MemoryLimiter().for_key(key, RateLimit(20, 2.0), FakeClock()).throttle()


def file_events(folder: Path) -> None:
    """Use a file that is damaged, from another machine, replaced and unwritable in turn."""
    policy, path = LimitPolicy(20, 2.0, None, 0.5), folder / "x.sqlite"
    path.write_bytes(b"garbage" * 600)
    store = FileStore(path)
    store.reserve((1, 1), 1.0, 1, policy)
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE ledger SET boot_id = 'another'")
    store.reserve((1, 2), 1.0, 1, policy)
    path.rename(folder / "elsewhere.sqlite")
    store.reserve((1, 3), 1.0, 1, policy)
    path.unlink()
    path.mkdir()
    store.release((1, 3), 0.0)
    store.close()


def redis_events(_: Path) -> None:
    """Lose a Redis server with a password in its URL, and reconnect."""
    clock, is_up = FakeClock(), [True]

    def script(_: str, operation: str, *__: object) -> list[int]:
        if not is_up[0]:
            raise StoreBusyError("Connection refused")
        return [1, 0, 0, 20, 1] if operation == "reserve" else []

    server = RedisLimiter(f"redis://:{PASSWORD}@somewhere")._script.server
    store, policy = RedisStore(script, "key", server, 0.25, clock.monotonic), LimitPolicy(20, 2.0, None, 0.5)
    for up in (True, False, True):
        is_up[0] = up
        clock.now += 10.0
        store.reserve((1, 1), 1.0, 1, policy)


def test_no_output_by_default(capfd: pytest.CaptureFixture[str]) -> None:
    """Without logging configured a successful call prints nothing."""
    with run_mock_server() as okx:
        okx.client("spot").get_max_loan("BTC-USDT", mgn_mode="cross")
    assert capfd.readouterr() == ("", "")
