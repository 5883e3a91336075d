"""okx-maxloan doctor, and the everyday mistakes that it recognises."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from okx_maxloan_sdk.cli.checks import CHECKS, Case, form, limit, line, name, tls
from okx_maxloan_sdk.cli.command import Run as State
from okx_maxloan_sdk.cli.profiles import Settings
from okx_maxloan_sdk.mock.user import User
from okx_maxloan_sdk.transport.tls import client_context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from okx_maxloan_sdk.mock.server import MockServer

    from .conftest import Run

PEM = Path(__file__).resolve().parent.parent / "transport" / "loopback.pem"
KEY, SECRET, PASSPHRASE = "00000001-0000-0000-0000-000000000000", "0" * 31 + "1", "mock-1"


def case(key: str = KEY, secret: str = SECRET, passphrase: str = PASSPHRASE, **more: str | None) -> Case:
    """Make a case of some settings."""
    return Case(State("en"), Settings(key, secret, passphrase, "test", **more))  # type: ignore[arg-type]  # all are text


def test_all_is_well(run: Run, exchange: MockServer) -> None:
    """With everything right there is one line for each check, none of which fails."""
    exchange.exchange.users["spot"].keys[0].permissions = ("read_only",)
    exchange.exchange.users["spot"].keys[0].addresses = ("127.0.0.1",)
    code, out, err = run("doctor")
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == len(CHECKS)
    assert all(row.startswith("ok ") for row in out.splitlines())
    assert "BTC-USDT, cross: 2 rows" in out


@pytest.mark.parametrize("user", ["spot", "futures", "multi_currency", "portfolio", "sub"])
def test_each_account_is_asked_what_it_may_ask(run: Run, user: str) -> None:
    """The question at the end fits the account's mode."""
    code, out, _ = run("doctor", "--mock-account", user)
    assert code == 0
    assert "2 rows" in out
    assert ("sub-account" if user == "sub" else "main account") in out


def test_either_currency_as_margin(run: Run, exchange: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account that takes either currency as margin is asked with one."""
    for variable, value in exchange.environment("futures").items():
        monkeypatch.setenv(variable, value)
    exchange.exchange.users["futures"].isolated = "auto_transfers_ccy"
    code, out, _ = run("doctor")
    assert code == 0
    assert "--mgn-ccy" in out


MISTAKES = {
    "region": ("50119", {}, "OKX_SITE to eea, us or tr"),
    "demo key on live": ("50101", {}, "set OKX_DEMO=1"),
    "live key on demo": ("50101", {"OKX_DEMO": "1"}, "unset OKX_DEMO"),
    "passphrase": ("50105", {}, "not the password of the account"),
    "secret": ("50113", {}, "does not belong to this key"),
    "key": ("50111", {}, "mistyped"),
    "address": ("50110", {}, "IP list"),
    "anything else": ("50114", {}, "refused with 50114"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_everyday_mistakes(run: Run, exchange: MockServer, monkeypatch: pytest.MonkeyPatch, mistake: str) -> None:
    """A refusal is explained by what it means in everyday life; nothing is asked after it."""
    code, environ, words = MISTAKES[mistake]
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    exchange.exchange.fail_next(1, code=code, path="/api/v5/account/config")
    found, out, _ = run("doctor")
    assert found == 1
    *_, failed, rest = out.splitlines()
    assert failed.startswith("FAIL  key")
    assert words in failed
    assert rest == "The rest needs this and was not tried."
    assert not any("max-loan" in each.target for each in exchange.exchange.log)


def test_real_refusals(run: Run, exchange: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the exchange itself refuses is recognised too, and the key that its message repeats is not shown."""
    exchange.exchange.users["spot"].keys[0].addresses = ("203.0.113.9",)
    code, out, _ = run("doctor")
    assert code == 1
    assert "127.0.0.1 is not on the IP list of API key ***" in out
    assert KEY not in out
    monkeypatch.setenv("OKX_API_PASSPHRASE", "Account-Password-1")
    exchange.exchange.users["spot"].keys[0].addresses = ()
    assert "not the password of the account" in run("doctor").out


@pytest.mark.parametrize(
    ("skew", "state", "words"), [(0.1, "ok", "between"), (-5, "note", "corrects"), (40, "FAIL", "refuses more than 30")]
)
def test_clock(run: Run, exchange: MockServer, skew: float, state: str, words: str) -> None:
    """A clock that is a little off is a note, one that OKX would refuse a failure."""
    exchange.exchange.skew = skew
    (found,) = [row for row in run("doctor").out.splitlines() if " clock " in row]
    assert found.startswith(state)
    assert words in found


def test_borrowing_off(run: Run) -> None:
    """Where nothing can be borrowed, that is what is said."""
    code, out, _ = run("doctor", "--mock-account", "spot_plain")
    assert code == 1
    assert "borrowing off" in out


def test_permissions(run: Run, exchange: MockServer) -> None:
    """A key that may do more than read is a note, one that may not read a failure."""
    exchange.exchange.users["spot"].keys[0].permissions = ("read_only", "trade", "withdraw")
    assert "may also trade, withdraw" in run("doctor").out
    exchange.exchange.users["spot"].keys[0].permissions = ("trade",)
    code, out, _ = run("doctor")
    assert (code, "FAIL" in out) == (1, True)


@pytest.mark.usefixtures("exchange")
def test_answers_of_an_account_like_no_other(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mode of later days is a note; an account that says itself that the key may not read fails."""
    config = User.config
    monkeypatch.setattr(User, "config", lambda *who: {**config(*who), "acctLv": "9"})
    assert "note  account mode " in run("doctor").out
    monkeypatch.setattr(User, "config", lambda *who: {**config(*who), "perm": "trade"})
    assert "FAIL  permission " in run("doctor").out


def test_form() -> None:
    """Swapped, quoted, doubled and strange credentials are seen without showing them."""
    assert form(case()).word == "form"
    assert form(case(SECRET, KEY)).word == "swapped"
    assert form(case(f'"{KEY}"')).word == "quoted"
    assert form(case(passphrase=" abc")).word == "quoted"
    assert form(case(secret=PASSPHRASE)).word == "same"
    assert form(case(secret="short")).about == {"parts": "secret"}


@pytest.mark.parametrize(("variable", "value"), [("OKX_BASE_URL", "ftp://okx"), ("OKX_LIMITER", "pigeon:x")])
def test_settings_that_cannot_be(
    run: Run, exchange: MockServer, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """A wrong address or limiter is found before the network is touched."""
    monkeypatch.setenv(variable, value)
    code, out, _ = run("doctor")
    assert code == 1
    assert out.splitlines()[1].startswith("FAIL  site")
    assert not exchange.exchange.log


@pytest.mark.usefixtures("exchange")
def test_nothing_listens(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port where nobody listens is told from a name that nobody knows."""
    monkeypatch.setenv("OKX_BASE_URL", "http://127.0.0.1:9")
    assert "127.0.0.1:9 cannot be reached" in run("doctor").out
    monkeypatch.setenv("OKX_BASE_URL", "https://no-such-host.invalid")
    assert "no-such-host.invalid is not found" in run("doctor").out


@pytest.mark.usefixtures("exchange")
def test_proxy_that_is_not_there(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that cannot be reached is named without its password."""
    monkeypatch.setenv("OKX_BASE_URL", "https://openapi.okx.com")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hidden-word@127.0.0.1:9")
    code, out, _ = run("doctor")
    assert code == 1
    assert "the proxy 127.0.0.1:9 cannot be reached" in out
    assert "hidden-word" not in out


@pytest.fixture
def plain_port() -> Iterator[int]:
    """Listen on a port where no TLS is spoken."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            for _ in range(2):
                with contextlib.suppress(OSError):
                    connection, _ = listener.accept()
                    connection.settimeout(1)
                    with connection:
                        connection.recv(100)
                        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        yield listener.getsockname()[1]


def test_no_tls(plain_port: int) -> None:
    """What answers without TLS is not OKX."""
    found = case(base_url=f"https://127.0.0.1:{plain_port}")
    assert (name(found).state, tls(found).word) == ("ok", "no_tls")


@pytest.fixture
def tls_port() -> Iterator[int]:
    """Listen on a port where TLS is spoken, with a certificate that only tests trust."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                connection.settimeout(2)
                with connection, context.wrap_socket(connection, server_side=True) as secure:
                    secure.recv(1)

        threading.Thread(target=answer, daemon=True).start()
        yield listener.getsockname()[1]


@pytest.mark.parametrize(("trusted", "word"), [(True, "tls"), (False, "no_trust")])
def test_certificates(monkeypatch: pytest.MonkeyPatch, tls_port: int, trusted: bool, word: str) -> None:
    """A certificate is trusted, or something on the way opens the connection."""
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(PEM))
    client_context.cache_clear()
    assert tls(case(base_url=f"https://127.0.0.1:{tls_port}")).word == word
    client_context.cache_clear()


def test_tls_behind_a_proxy(monkeypatch: pytest.MonkeyPatch, plain_port: int) -> None:
    """Through a proxy, the proxy is what is connected to."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{plain_port}")
    found = case()
    assert line(found).about["port"] == plain_port
    assert tls(found).word == "tls_later"


def test_cut_limit(exchange: MockServer) -> None:
    """A limit that was cut tells of another program."""
    found = case(base_url=exchange.url)
    source = found.ask()
    exchange.exchange.fail_next(1, code="50011")
    source.get_max_loan("BTC-USDT", mgn_mode="cross")
    assert limit(found).word == "cut"
    source.close()


def test_chinese(run: Run) -> None:
    """In Chinese every line is."""
    code, out, _ = run("doctor", "--mock", "--lang", "zh")
    assert code == 0
    assert all(row.startswith(("正常", "注意")) for row in out.splitlines())


def test_narrow(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a narrow terminal words are wrapped, not cut."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    out = run("doctor", "--mock").out
    assert max(len(re.sub("\x1b\\[[0-9;]*m", "", row)) for row in out.splitlines()) <= 30
