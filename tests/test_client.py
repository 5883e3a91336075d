"""Clients: the blocking and the asyncio client, and their settings."""

import inspect
import json
import os
import re
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from okx_maxloan_sdk import Account, AsyncMaxLoanClient, MaxLoanClient, MemoryLimiter, Site
from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.config import ClientSettings
from okx_maxloan_sdk.effects import Send
from okx_maxloan_sdk.exceptions import ClientClosedError, InvalidParametersError, OkxError
from okx_maxloan_sdk.limiter import create_limiter
from tests.support.clients import KEY, PASSPHRASE, SECRET, ClientFactory, credentials
from tests.support.clock import QuickClock
from tests.support.contract_values import EMPTY, LIMIT
from tests.support.fake_transport import FakeTransport, error_response, fake_exchange, loans_response
from tests.support.limiter import RecordingLimiter
from tests.support.raw import RawServer, respond

ROW = b'{"instId":"BTC-USDT","mgnMode":"cross","mgnCcy":"","maxLoan":"1","ccy":"%b","side":"%b"}'
BOTH = [MaxLoanClient, AsyncMaxLoanClient]


def public(client: type) -> dict[str, Any]:
    """List the public names of a client."""
    return {name: each for name, each in inspect.getmembers(client) if not name.startswith("_")}


def test_same_public_names() -> None:
    """Both clients have the same public names."""
    assert public(MaxLoanClient).keys() == public(AsyncMaxLoanClient).keys()
    assert {"get_max_loan", "iter_max_loan", "get_account", "get_instruments", "sync_clock", "rate_limit"} <= public(
        MaxLoanClient
    ).keys()


@pytest.mark.parametrize("name", sorted(public(MaxLoanClient)))
def test_same_parameters(name: str) -> None:
    """Each method has the same parameters, documentation and kind of result."""
    one, other = public(MaxLoanClient)[name], public(AsyncMaxLoanClient)[name]
    assert inspect.getdoc(one)
    assert inspect.getdoc(other)
    if inspect.isfunction(one):
        actual, expected = inspect.signature(other), inspect.signature(one)
        assert actual.parameters == expected.parameters
        result = actual.return_annotation.replace("Async", "").replace(", None]", ", None, None]")
        assert result == expected.return_annotation.replace(", None, None, None]", ", None, None]")


def test_signatures_show_the_parameters() -> None:
    """`help()` and `inspect.signature` show the parameters of `get_max_loan` and its errors."""
    names = ["self", "inst_ids", "mgn_mode", "ccy", "mgn_ccy", "trade_quote_ccy", "extra"]
    assert [*inspect.signature(MaxLoanClient.get_max_loan).parameters] == names
    assert "InvalidParametersError" in (inspect.getdoc(MaxLoanClient.get_max_loan) or "")


@pytest.mark.parametrize("make", BOTH)
def test_unknown_keyword(make: Any) -> None:
    """The error for an unknown keyword names the public class."""
    with pytest.raises(TypeError, match=rf"^{make.__name__}\.__init__\(\) got an unexpected .*'api_key'"):
        make(credentials(), api_key="x")
    with pytest.raises(TypeError, match=rf"^{make.__name__}\.get_account\(\)"):
        make(credentials()).get_account("x")


def test_same_overloads() -> None:
    """Type checkers accept the same overloads for both clients."""
    from typing import get_overloads  # noqa: PLC0415 -- only here

    def ways(client: type) -> list[Any]:
        return [inspect.signature(each).parameters for each in get_overloads(client.get_max_loan)]  # type: ignore[attr-defined] # both have it

    assert len(ways(MaxLoanClient)) == 3
    assert ways(MaxLoanClient) == ways(AsyncMaxLoanClient)


def test_same_settings() -> None:
    """Both clients and `from_env` have the same settings, except for the kind of httpx client."""

    def settings(make: type) -> dict[str, str]:
        actual = inspect.signature(make).parameters.items()
        return {name: str(each).replace("AsyncClient", "Client") for name, each in actual}

    assert settings(MaxLoanClient) == settings(AsyncMaxLoanClient)
    assert settings(MaxLoanClient).keys() == {"credentials", *ClientSettings.__annotations__}


@pytest.mark.parametrize("make", BOTH)
@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"timeout": 0}, "timeout must be a positive number of seconds, not 0"),
        ({"timeout": "1"}, "timeout must be a positive number of seconds, not '1'"),
        ({"timeout": -1.0}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"timeout": float("inf")}, "timeout"),
        ({"total_timeout": 0}, "total_timeout"),
        ({"total_timeout": float("nan")}, "total_timeout"),
        ({"total_timeout": float("inf")}, "total_timeout"),
        ({"max_retries": -1}, "max_retries"),
        ({"language": "de"}, "language"),
        ({"account": "Auto"}, "account"),
        ({"account": {"mode": "spot"}}, "account"),
        ({"site": "eea"}, "Site.EEA"),
        ({"credentials": KEY}, "credentials must be Credentials(api_key, api_secret, passphrase), not str"),
        ({"base_url": 5}, "base_url must be a str"),
        ({"base_url": "http://127.0.0.1:0"}, "its port must be 1 to 65535"),
        ({"limiter": 5}, "limiter must be"),
        ({"base_url": "http://openapi.okx.com"}, "loopback"),
        ({"base_url": "https://user:s3cret@openapi.okx.com"}, "user or password"),
        ({"limiter": "memcached://x"}, "limiter must be"),
        ({"proxy": "user:s3cret@proxy:99999"}, "its port must be 1 to 65535"),
        ({"proxy": "ftp://user:s3cret@proxy"}, "its scheme must be"),
    ],
)
def test_invalid_setting(make: type, settings: dict[str, Any], reason: str) -> None:
    """The constructor rejects an invalid setting by its name."""
    with pytest.raises(ValueError, match=re.escape(reason)) as caught:
        make(**{"credentials": credentials(), **settings})
    assert not any(secret in str(caught.value) for secret in (KEY, SECRET, PASSPHRASE, "s3cret"))


def test_all_invalid_settings_at_once() -> None:
    """All invalid settings are named together."""
    with pytest.raises(ValueError, match=r"timeout.*max_retries.*language"):
        MaxLoanClient(credentials(), timeout=-1, max_retries=-1, language="fr")  # type: ignore[arg-type] # the point


@pytest.mark.parametrize("make", BOTH)
def test_settings(make: Any) -> None:
    """Sites, base URLs and defaults are as documented."""
    assert repr(make(credentials())) == f"{make.__name__}(https://openapi.okx.com)"
    assert repr(make(credentials(), site=Site.EEA)) == f"{make.__name__}(https://eea.okx.com)"
    assert repr(make(credentials(), site=Site.EEA, base_url="http://127.0.0.1:8899")).endswith(
        "(http://127.0.0.1:8899)"
    )
    config = make(credentials())._state.config
    assert (config.demo, config.timeout, config.total_timeout, config.max_retries) == (False, 10.0, None, 2)
    assert (config.language, config.account, config.rate_limit_key) == ("en", None, None)
    assert isinstance(config.clock, SystemClock)
    assert isinstance(config.create_limiter(), MemoryLimiter)
    account = Account(uid="7")
    state = make(credentials(), account=account, rate_limit_key="me")._state
    assert (state.account, state.config.rate_limit_key) == (account, "me")


ENVIRONMENT = {"OKX_API_KEY": KEY, "OKX_API_SECRET": SECRET, "OKX_API_PASSPHRASE": PASSPHRASE}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Set the user's variables, and no others."""
    for name in [name for name in os.environ if name.startswith("OKX_")]:
        monkeypatch.delenv(name)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.parametrize("make", BOTH)
def test_from_env(make: Any, environment: pytest.MonkeyPatch) -> None:
    """Credentials, site, demo trading and base URL are read from the environment unless they are given."""
    client = make.from_env()
    assert client._state.config.credentials.sign("GET", "/", 0.0) == credentials().sign("GET", "/", 0.0)
    assert (client._state.config.origin.host, client._state.config.demo) == ("openapi.okx.com", False)
    environment.setenv("OKX_SITE", "EEA")
    environment.setenv("OKX_DEMO", "True")
    client = make.from_env(timeout=3.0)
    assert (client._state.config.origin.host, client._state.config.demo, client._state.config.timeout) == (
        "eea.okx.com",
        True,
        3.0,
    )
    environment.setenv("OKX_BASE_URL", "http://127.0.0.1:1")
    assert make.from_env(demo=False)._state.config.origin.netloc == "127.0.0.1:1"
    assert not make.from_env(demo=False)._state.config.demo


@pytest.mark.parametrize("make", BOTH)
def test_from_env_limiter(make: Any, environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """OKX_LIMITER sets the limiter unless `limiter=` is given; an invalid value is rejected."""
    assert make.from_env()._state._limiter is create_limiter("memory")
    environment.setenv("OKX_LIMITER", f"file://{tmp_path}")
    limiter = make.from_env()._state._limiter
    assert repr(limiter) == f"FileLimiter({str(tmp_path)!r})"
    assert make.from_env()._state._limiter is limiter
    assert make.from_env(limiter="memory")._state._limiter is create_limiter("memory")
    environment.setenv("OKX_LIMITER", "pigeon:x")
    with pytest.raises(ValueError, match=r"scheme 'pigeon'"):
        make.from_env()


def test_clients_of_two_host_names_share_a_limit() -> None:
    """www.okx.com and openapi.okx.com are one exchange, so their clients share a rate limit."""
    clients = [
        MaxLoanClient(credentials(), base_url=f"https://{host}", rate_limit_key="two names")
        for host in ("www.okx.com", "openapi.okx.com")
    ]
    for client in clients:
        client._transport = fake_exchange()
    for n in range(6):
        clients[n % 2].get_max_loan("BTC-USDT", mgn_mode="cross")
    assert [client.rate_limit.in_use for client in clients] == [6, 6]


@pytest.mark.parametrize(
    ("value", "demo"), [("", False), ("0", False), ("no", False), ("FALSE", False), ("1", True), ("yes", True)]
)
def test_from_env_demo(value: str, demo: bool, environment: pytest.MonkeyPatch) -> None:
    """OKX_DEMO accepts the usual boolean words."""
    environment.setenv("OKX_DEMO", value)
    assert MaxLoanClient.from_env()._state.config.demo is demo


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("OKX_API_KEY", "", r"not set: OKX_API_KEY;"),
        ("OKX_API_SECRET", "", r"not set: OKX_API_SECRET;"),
        ("OKX_API_PASSPHRASE", "s3cret\n", r"API passphrase has characters"),
        ("OKX_SITE", "mars", r"one of global, eea, us, tr, not 'mars'"),
        ("OKX_DEMO", "maybe", r"1 or 0, not 'maybe'"),
    ],
)
def test_from_env_with_an_invalid_variable(name: str, value: str, reason: str, environment: pytest.MonkeyPatch) -> None:
    """A missing or invalid variable is named, and no secret is shown."""
    environment.setenv(name, value)
    with pytest.raises(ValueError, match=reason) as caught:
        MaxLoanClient.from_env()
    assert not any(secret in str(caught.value) for secret in (KEY, SECRET, PASSPHRASE, "s3cret"))


def test_from_env_names_all_missing_variables(environment: pytest.MonkeyPatch) -> None:
    """All missing variables are named together."""
    for name in ENVIRONMENT:
        environment.delenv(name)
    with pytest.raises(ValueError, match="OKX_API_KEY, OKX_API_SECRET, OKX_API_PASSPHRASE"):
        MaxLoanClient.from_env()


def test_rate_limit(client_factory: ClientFactory) -> None:
    """`rate_limit` shows the use of the rate limit of maximum loan."""
    client = client_factory.open(FakeTransport(loans_response))
    assert client.rate_limit[:2] == (LIMIT.requests, 0)
    client.close()
    with pytest.raises(ClientClosedError):
        _ = client.raw.rate_limit


def test_languages(client_factory: ClientFactory) -> None:
    """Violations and errors are in the caller's language."""
    client = client_factory.open(FakeTransport(error_response("50113")), language="zh")
    with pytest.raises(InvalidParametersError, match="至少传一个"):
        client.get_max_loan(mgn_mode="cross")
    with pytest.raises(OkxError, match="签名错误"):
        client.get_max_loan("A-B", mgn_mode="cross")


def test_members_of_a_string_enum() -> None:
    """The value of a string enum's member is sent, and not its name."""
    from enum import Enum  # noqa: PLC0415 -- only here

    class Mode(str, Enum):  # noqa: UP042 -- as in older programs
        CROSS = "cross"

    transport = FakeTransport(loans_response)
    client = MaxLoanClient(credentials(), limiter=RecordingLimiter())
    vars(client)["_transport"] = transport
    client.get_max_loan("A-B", mgn_mode=Mode.CROSS)  # type: ignore[call-overload] # checkers want the literal
    assert transport.requests[0].target.endswith("?mgnMode=cross&instId=A-B")


def test_flows_are_shared() -> None:
    """Both clients run the same flow, so their requests are equal byte for byte."""
    from okx_maxloan_sdk import operations  # noqa: PLC0415 -- only here

    class FixedClock(QuickClock):
        time = staticmethod(lambda: 1.0)

    clock, effects = FixedClock(), []
    for make in BOTH:
        client: Any = make(credentials(), clock=clock, limiter=RecordingLimiter())
        effect = next(operations.get_max_loan(client._state, ["A-B"], {"mgn_mode": "cross"}))
        assert isinstance(effect, Send)
        effects.append(effect)
    assert effects[0] == effects[1]


@pytest.mark.skipif(sys.gettrace() is not None, reason="coverage traces calls itself")
def test_call_events() -> None:
    """A warm blocking call for one pair makes at most 60 calls of ours, counting resumed generators.

    Comprehensions are not counted, since they are no calls in Python 3.12 and later (PEP 709).
    """
    calls: list[Counter[str]] = []

    def count(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and re.search("okx_maxloan_(sdk|api)/", code.co_filename) and "comp>" not in code.co_name:
            calls[-1][code.co_qualname] += 1

    row = {**EMPTY, "instId": "BTC-USDT", "mgnMode": "cross", "maxLoan": "1"}  # EMPTY: with every field of the spec
    rows = [{**row, "ccy": "BTC", "side": "sell"}, {**row, "ccy": "USDT", "side": "buy"}]
    with (
        RawServer(respond(json.dumps({"code": "0", "msg": "", "data": rows}).encode())) as server,
        MaxLoanClient(credentials(), base_url=server.url, clock=SystemClock()) as client,
    ):
        for _ in range(5):
            calls.append(Counter())
            sys.setprofile(count)
            client.get_max_loan("BTC-USDT", mgn_mode="cross")
            sys.setprofile(None)
    # The minimum, since the garbage collector may close a connection of another test during a call.
    least = min(calls, key=Counter.total)
    assert 30 < least.total() <= 60, least
