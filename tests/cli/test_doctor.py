"""Command okx-maxloan doctor, and the common mistakes that it recognizes."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from okx_maxloan_sdk.cli.base import Run as State
from okx_maxloan_sdk.cli.config import Settings
from okx_maxloan_sdk.cli.connection import Connection as AccountContext
from okx_maxloan_sdk.cli.doctor import (
    check_credentials_format,
    check_dns,
    check_rate_limit,
    check_tcp,
    check_tls,
)
from okx_maxloan_sdk.mock.user import User
from okx_maxloan_sdk.transport.tls import client_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from okx_maxloan_sdk.mock.server import MockServer
    from okx_maxloan_sdk.verify import CheckResult

    from .conftest import Run

PEM = Path(__file__).resolve().parent.parent / "transport" / "loopback.pem"
KEY, SECRET, PASSPHRASE = "00000001-0000-0000-0000-000000000000", "0" * 31 + "1", "mock-1"


def context(key: str = KEY, secret: str = SECRET, passphrase: str = PASSPHRASE, **more: Any) -> AccountContext:
    """Return the context of an account."""
    return AccountContext(State("en"), Settings(key, secret, passphrase, "test", **more))


def message_id(check: Callable[[AccountContext], Iterator[CheckResult]], account: AccountContext) -> str:
    """Return the id of a check's first message."""
    return next(check(account)).message_id


def test_all_is_well(run: Run, exchange: MockServer) -> None:
    """With valid settings every check is ok; the heading names the site and the credentials."""
    exchange.exchange.users["spot"].keys[0].permissions = ("read_only",)
    exchange.exchange.users["spot"].keys[0].addresses = ("127.0.0.1",)
    code, out, err = run("doctor")
    assert (code, err) == (0, "")
    heading, *rows = out.splitlines()
    assert heading.rstrip() == f"{exchange.url}, live trading, credentials: OKX_API_KEY"
    assert len(rows) == 14
    assert all(row.startswith("ok ") for row in rows)
    assert "spot-pair: 2 rows" in out


@pytest.mark.parametrize("user", ["spot", "futures", "multi_currency", "portfolio", "sub"])
def test_each_account(run: Run, user: str) -> None:
    """The requests fit the account's mode."""
    code, out, _ = run("doctor", "--mock-user", user)
    assert code == 0
    assert "2 rows" in out
    assert ("sub-account" if user == "sub" else "main account") in out


def test_either_currency_as_margin(run: Run, exchange: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account that may use base or quote currency as margin is asked to name one."""
    for variable, value in exchange.environment("futures").items():
        monkeypatch.setenv(variable, value)
    exchange.exchange.users["futures"].isolated = "auto_transfers_ccy"
    code, out, _ = run("doctor")
    assert code == 0
    assert "--mgn-ccy" in out


MISTAKES = {
    "region": ("50119", {}, "OKX_SITE or --site to the one that you log in to, eea, us or tr"),
    "demo key on live": ("50101", {}, "set OKX_DEMO=1"),
    "live key on demo": ("50101", {"OKX_DEMO": "1"}, "unset OKX_DEMO"),
    "passphrase": ("50105", {}, "not the password of the account"),
    "secret": ("50113", {}, "does not belong to this API key"),
    "key": ("50111", {}, "mistyped"),
    "address": ("50110", {}, "IP allowlist"),
    "anything else": ("50114", {}, "rejected it with 50114"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_usual_mistakes(run: Run, exchange: MockServer, monkeypatch: pytest.MonkeyPatch, mistake: str) -> None:
    """A rejection is explained by its usual cause, and no further request is sent."""
    code, environ, message = MISTAKES[mistake]
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    exchange.exchange.fail_next(1, code=code, path="/api/v5/account/config")
    exit_code, out, _ = run("doctor")
    assert exit_code == 1
    *_, failed, rest = out.splitlines()
    assert re.match("FAIL +API key ", failed)
    assert message in failed
    assert rest == "The remaining checks depend on this one and were skipped."
    assert not any("max-loan" in each.target for each in exchange.exchange.log)


def test_real_rejections(run: Run, exchange: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rejection by the mock itself is recognized, and the API key in its message is redacted."""
    exchange.exchange.users["spot"].keys[0].addresses = ("203.0.113.9",)
    code, out, _ = run("doctor")
    assert code == 1
    assert "127.0.0.1 is not on the IP list of API key ***" in out
    assert KEY not in out
    monkeypatch.setenv("OKX_API_PASSPHRASE", "Account-Password-1")
    exchange.exchange.users["spot"].keys[0].addresses = ()
    assert "not the password of the account" in run("doctor").out


@pytest.mark.parametrize(
    ("skew", "state", "message"),
    [(0.1, "ok", "differs by"), (-5, "note", "corrects"), (40, "FAIL", "rejects more than 30")],
)
def test_clock(run: Run, exchange: MockServer, skew: float, state: str, message: str) -> None:
    """A small clock offset is a note, one that OKX would reject a failure."""
    exchange.exchange.clock_skew = skew
    (line,) = [row for row in run("doctor").out.splitlines() if " clock " in row]
    assert line.startswith(state)
    assert message in line


def test_borrowing_off(run: Run) -> None:
    """Spot mode with borrowing off is a failure."""
    code, out, _ = run("doctor", "--mock-user", "spot_plain")
    assert code == 1
    assert "borrowing off" in out


def test_permissions(run: Run, exchange: MockServer) -> None:
    """A key with more than the read permission is a note, one without it a failure."""
    exchange.exchange.users["spot"].keys[0].permissions = ("read_only", "trade", "withdraw")
    assert "may also trade, withdraw" in run("doctor").out
    exchange.exchange.users["spot"].keys[0].permissions = ("trade",)
    code, out, _ = run("doctor")
    assert (code, "FAIL" in out) == (1, True)


@pytest.mark.usefixtures("exchange")
def test_unknown_account(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown mode is a note; an API key without the read permission is a failure."""
    config = User.config_row
    monkeypatch.setattr(User, "config_row", lambda *who: {**config(*who), "acctLv": "9"})
    assert re.search("note +account mode +This release does not know", run("doctor").out)
    monkeypatch.setattr(User, "config_row", lambda *who: {**config(*who), "perm": "trade"})
    assert "FAIL     permissions " in run("doctor").out


def test_credentials_format() -> None:
    """Swapped, quoted, equal and odd credentials are recognized and not shown."""
    accounts = {
        "usual_format": [context()],
        "swapped": [context(SECRET, KEY)],
        "quoted": [context(f'"{KEY}"'), context(passphrase=" abc")],
        "equal_parts": [context(secret=PASSPHRASE)],
        "odd_format": [context(secret="short")],
    }
    for expected, group in accounts.items():
        assert {message_id(check_credentials_format, account) for account in group} == {expected}


@pytest.mark.parametrize(("variable", "value"), [("OKX_BASE_URL", "ftp://okx"), ("OKX_LIMITER", "pigeon:x")])
def test_wrong_settings(
    run: Run, exchange: MockServer, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """An invalid URL or limiter is found before anything is sent."""
    monkeypatch.setenv(variable, value)
    code, out, _ = run("doctor")
    assert code == 1
    assert re.match("FAIL +settings ", out.splitlines()[2])
    assert not exchange.exchange.log


@pytest.mark.usefixtures("exchange")
def test_nothing_listens(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed port and an unknown host have different messages."""
    monkeypatch.setenv("OKX_BASE_URL", "http://127.0.0.1:9")
    assert "Cannot connect to 127.0.0.1:9" in run("doctor").out
    monkeypatch.setenv("OKX_BASE_URL", "https://no-such-host.invalid")
    assert "no-such-host.invalid cannot be resolved" in run("doctor").out


@pytest.mark.usefixtures("exchange")
def test_unreachable_proxy(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unreachable proxy is named without its password."""
    monkeypatch.setenv("OKX_BASE_URL", "https://openapi.okx.com")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hidden-word@127.0.0.1:9")
    code, out, _ = run("doctor")
    assert code == 1
    assert "Cannot connect to the proxy 127.0.0.1:9" in out
    assert "hidden-word" not in out


@pytest.fixture
def plain_port() -> Iterator[int]:
    """Listen on a port without TLS."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for _ in range(2):
                with contextlib.suppress(OSError):
                    connection, _ = listener.accept()
                    connection.settimeout(1)
                    with connection:
                        connection.recv(100)
                        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


def test_no_tls(plain_port: int) -> None:
    """A port without TLS is not OKX."""
    account = context(base_url=f"https://127.0.0.1:{plain_port}")
    assert (message_id(check_dns, account), message_id(check_tls, account)) == ("dns_ok", "no_tls")


@pytest.fixture
def tls_port() -> Iterator[int]:
    """Listen on a port with TLS, with a certificate that only tests trust."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                connection.settimeout(2)
                with connection, context.wrap_socket(connection, server_side=True) as secure:
                    secure.recv(1)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


@pytest.mark.parametrize(("trusted", "word"), [(True, "tls_ok"), (False, "untrusted")])
def test_certificates(monkeypatch: pytest.MonkeyPatch, tls_port: int, trusted: bool, word: str) -> None:
    """A certificate is trusted or not, as for requests."""
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(PEM))
    client_context.cache_clear()
    assert message_id(check_tls, context(base_url=f"https://127.0.0.1:{tls_port}")) == word
    client_context.cache_clear()


def test_tls_behind_a_proxy(monkeypatch: pytest.MonkeyPatch, plain_port: int) -> None:
    """With a proxy, the connection goes to the proxy."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{plain_port}")
    account = context()
    assert list(check_dns(account)) == [], "the proxy resolves the name"
    result = next(check_tcp(account))
    assert (result.check, result.args["port"]) == ("proxy", plain_port)
    assert message_id(check_tls, account) == "tls_behind_proxy"


def test_reduced_limit(exchange: MockServer) -> None:
    """A reduced limit is a note."""
    account = context(base_url=exchange.url)
    exchange.exchange.fail_next(1, code="50011")
    account.client.get_max_loan("BTC-USDT", mgn_mode="cross")
    assert message_id(check_rate_limit, account) == "rate_limit_reduced"
    account.close()


def test_chinese(run: Run) -> None:
    """In Chinese every line is Chinese."""
    code, out, _ = run("doctor", "--mock", "--lang", "zh")
    assert code == 0
    assert all(row.startswith(("正常", "注意")) for row in out.splitlines()[1:])
    assert "内置 mock 交易所（不是 OKX）" in out.splitlines()[0]


def test_narrow(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a narrow terminal messages are wrapped, not cut."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    out = run("doctor", "--mock").out
    assert max(len(re.sub("\x1b\\[[0-9;]*m", "", row)) for row in out.splitlines()) <= 30
    assert "…" not in out


def test_several_profiles(run: Run, exchange: MockServer, tmp_path: Path) -> None:
    """Each profile is checked; one that fails hides no other."""
    file = tmp_path / "config" / "okx-maxloan" / "config.toml"
    file.parent.mkdir(parents=True)
    tables = []
    for name in ("futures", "spot"):
        key = exchange.key(name)
        parts = {"key": key.key, "secret": key.secret, "passphrase": key.passphrase, "base_url": exchange.url}
        tables.append(f"[{name}]\n" + "".join(f'{part} = "{value}"\n' for part, value in parts.items()))
    file.write_text("".join(tables))
    file.chmod(0o600)
    exchange.exchange.fail_next(1, code="50113", path="/api/v5/account/config")
    code, out, _ = run("doctor", "--profile", "futures", "--profile", "spot")
    assert code == 1
    assert out.index("[futures]") < out.index("FAIL") < out.index("[spot]") < out.index("Spot mode")
    assert run("doctor", "--profile", "futures", "--profile", "spot").code == 0
