"""Client: two doors that differ by one word, and their settings."""

from __future__ import annotations

import inspect
import os
import re
from typing import TYPE_CHECKING, Any

import pytest

from okx_maxloan_sdk import Account, AsyncMaxLoanClient, MaxLoanClient, MemoryLimiter, Site
from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.errors import ClientClosed, OkxError, RuleError
from okx_maxloan_sdk.flow import Send
from tests.support.clock import QuickClock
from tests.support.doors import KEY, PASSPHRASE, SECRET, credentials
from tests.support.facts import LIMIT
from tests.support.limiter import FreeLimiter
from tests.support.wire import Wire, loans, refused

if TYPE_CHECKING:
    from tests.support.doors import Door

BOTH = [MaxLoanClient, AsyncMaxLoanClient]
# Where the doors' words differ, since their languages do.
WORDS = {
    "`aclose()`": "`close()`",
    "an `async with contextlib.aclosing(...)`": "a `with contextlib.closing(...)`",
    "safe for tasks, on any event loop,": "safe for threads,",
}


def public(client: type) -> dict[str, Any]:
    """List what a client offers."""
    return {name: each for name, each in inspect.getmembers(client) if not name.startswith("_")}


def test_same_offers() -> None:
    """Both clients offer the same names."""
    assert public(MaxLoanClient).keys() == public(AsyncMaxLoanClient).keys()
    assert {"max_loan", "cross", "isolated", "currency", "stream", "account", "instruments", "clock_offset"} <= public(
        MaxLoanClient
    ).keys()


@pytest.mark.parametrize("name", sorted(public(MaxLoanClient)))
def test_same_words(name: str) -> None:
    """Each offer has the same parameters, the same documentation, and the same kind of answer."""
    one, other = public(MaxLoanClient)[name], public(AsyncMaxLoanClient)[name]
    words = inspect.getdoc(other) or ""
    for theirs, ours in WORDS.items():
        words = words.replace(theirs, ours)
    assert words
    assert squeezed(words) == squeezed(inspect.getdoc(one) or "")
    if inspect.isfunction(one):
        given, expected = inspect.signature(other), inspect.signature(one)
        assert given.parameters == expected.parameters
        assert given.return_annotation.replace("Async", "") == expected.return_annotation.replace(
            ", None, None", ", None"
        )


def squeezed(words: str) -> str:
    """Forget where lines break."""
    return " ".join(words.split())


def test_same_overloads() -> None:
    """The ways to ask that type checkers allow are the same."""
    from typing import get_overloads  # noqa: PLC0415 -- only here

    def ways(client: type) -> list[Any]:
        return [inspect.signature(each).parameters for each in get_overloads(client.max_loan)]  # type: ignore[attr-defined] # both have it

    assert len(ways(MaxLoanClient)) == 3
    assert ways(MaxLoanClient) == ways(AsyncMaxLoanClient)


def test_same_settings() -> None:
    """Both clients are made in the same way, and have the same documentation of it."""
    assert inspect.signature(MaxLoanClient) == inspect.signature(AsyncMaxLoanClient)


@pytest.mark.parametrize("make", BOTH)
@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"timeout": 0}, "timeout"),
        ({"timeout": -1.0}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"timeout": float("inf")}, "timeout"),
        ({"deadline": 0}, "deadline"),
        ({"deadline": float("nan")}, "deadline"),
        ({"deadline": float("inf")}, "deadline"),
        ({"attempts": 0}, "attempts"),
        ({"language": "de"}, "language"),
        ({"account": "Auto"}, "account"),
        ({"account": {"mode": "spot"}}, "account"),
        ({"site": "eea"}, "Site.EEA"),
        ({"credentials": KEY}, "credentials must be Credentials"),
        ({"base_url": "http://openapi.okx.com"}, "loopback"),
        ({"base_url": "https://user:hush@openapi.okx.com"}, "user or password"),
        ({"limiter": "memcached://x"}, "limiter must be"),
    ],
)
def test_settings_that_cannot_be(make: type, settings: dict[str, Any], why: str) -> None:
    """A setting that cannot be is refused when the client is made, saying which."""
    with pytest.raises(ValueError, match=re.escape(why)) as caught:
        make(**{"credentials": credentials(), **settings})
    assert not any(secret in str(caught.value) for secret in (KEY, SECRET, PASSPHRASE, "hush"))


def test_everything_wrong_at_once() -> None:
    """All settings that cannot be are named together."""
    with pytest.raises(ValueError, match=r"timeout.*attempts.*language"):
        MaxLoanClient(credentials(), timeout=-1, attempts=0, language="fr")  # type: ignore[arg-type] # the point


@pytest.mark.parametrize("make", BOTH)
def test_settings(make: Any) -> None:
    """Sites, addresses, and what is left out mean what the documentation says."""
    assert repr(make(credentials())) == f"{make.__name__}(https://openapi.okx.com)"
    assert repr(make(credentials(), site=Site.EEA)) == f"{make.__name__}(https://eea.okx.com)"
    assert repr(make(credentials(), site=Site.EEA, base_url="http://127.0.0.1:8899")).endswith(
        "(http://127.0.0.1:8899)"
    )
    session = make(credentials())._session
    assert (session.demo, session.timeout, session.deadline, session.attempts) == (False, 10.0, None, 3)
    assert (session.language, session.account, session.auto_account, session.user) == ("en", None, False, None)
    assert isinstance(session.clock, SystemClock)
    assert isinstance(session.limiter, MemoryLimiter)
    account = Account(uid="7")
    session = make(credentials(), account=account, user="me")._session
    assert (session.account, session.auto_account, session.user) == (account, False, "me")
    assert make(credentials(), account="auto")._session.auto_account


ENVIRONMENT = {"OKX_API_KEY": KEY, "OKX_API_SECRET": SECRET, "OKX_API_PASSPHRASE": PASSPHRASE}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Set what a user sets, and nothing else."""
    for name in [name for name in os.environ if name.startswith("OKX_")]:
        monkeypatch.delenv(name)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.parametrize("make", BOTH)
def test_from_env(make: Any, environment: pytest.MonkeyPatch) -> None:
    """Credentials come from the environment; site, demo trading and address too, unless they are given."""
    client = make.from_env()
    assert client._session.credentials.sign("GET", "/", 0.0) == credentials().sign("GET", "/", 0.0)
    assert (client._session.origin.host, client._session.demo) == ("openapi.okx.com", False)
    environment.setenv("OKX_SITE", "EEA")
    environment.setenv("OKX_DEMO", "True")
    client = make.from_env(timeout=3.0)
    assert (client._session.origin.host, client._session.demo, client._session.timeout) == ("eea.okx.com", True, 3.0)
    environment.setenv("OKX_BASE_URL", "http://127.0.0.1:1")
    assert make.from_env(demo=False)._session.origin.netloc == "127.0.0.1:1"
    assert not make.from_env(demo=False)._session.demo


@pytest.mark.parametrize(
    ("word", "demo"), [("", False), ("0", False), ("no", False), ("FALSE", False), ("1", True), ("yes", True)]
)
def test_from_env_demo(word: str, demo: bool, environment: pytest.MonkeyPatch) -> None:
    """Demo trading is switched by a plain word."""
    environment.setenv("OKX_DEMO", word)
    assert MaxLoanClient.from_env()._session.demo is demo


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("OKX_API_KEY", "", r"not set: OKX_API_KEY;"),
        ("OKX_API_SECRET", "", r"not set: OKX_API_SECRET;"),
        ("OKX_API_PASSPHRASE", "hush\n", r"API passphrase has characters"),
        ("OKX_SITE", "mars", r"one of global, eea, us, tr, not 'mars'"),
        ("OKX_DEMO", "maybe", r"1 or 0, not 'maybe'"),
    ],
)
def test_from_env_that_cannot_be(name: str, value: str, why: str, environment: pytest.MonkeyPatch) -> None:
    """What is missing or wrong in the environment is named, and no secret shown."""
    environment.setenv(name, value)
    with pytest.raises(ValueError, match=why) as caught:
        MaxLoanClient.from_env()
    assert not any(secret in str(caught.value) for secret in (KEY, SECRET, PASSPHRASE, "hush"))


def test_from_env_names_all_that_is_missing(environment: pytest.MonkeyPatch) -> None:
    """Everything that is missing is named at once."""
    for name in ENVIRONMENT:
        environment.delenv(name)
    with pytest.raises(ValueError, match="OKX_API_KEY, OKX_API_SECRET, OKX_API_PASSPHRASE"):
        MaxLoanClient.from_env()


def test_rate_limit(door: Door) -> None:
    """The client tells how much of the limit of maximum loan is in use."""
    client = door.open(Wire(loans))
    assert client.rate_limit[:2] == (LIMIT.requests, 0)
    client.close()
    with pytest.raises(ClientClosed):
        _ = client.raw.rate_limit


def test_languages(door: Door) -> None:
    """Broken rules and refusals are told in the caller's language."""
    client = door.open(Wire(refused("50113")), language="zh")
    with pytest.raises(RuleError, match="必须传其中一个"):
        client.cross()
    with pytest.raises(OkxError, match="签名错误"):
        client.cross("A-B")


def test_words_of_an_enumeration() -> None:
    """A member of an enumeration of texts is its text, not its name."""
    from enum import Enum  # noqa: PLC0415 -- only here

    class Mode(str, Enum):  # noqa: UP042 -- what older programs have
        CROSS = "cross"

    wire = Wire(loans)
    client = MaxLoanClient(credentials(), limiter=FreeLimiter())
    vars(client)["_carrier"] = wire
    client.max_loan(mgn_mode=Mode.CROSS, inst_id="A-B")  # type: ignore[call-overload] # checkers want the literal
    assert wire.requests[0].target.endswith("?mgnMode=cross&instId=A-B")


def test_flows_are_shared() -> None:
    """Both doors drive the same flow: what they would send is equal to the byte."""
    from okx_maxloan_sdk import batch  # noqa: PLC0415 -- only here

    clock = QuickClock()
    clock.time = lambda: 1.0  # type: ignore[method-assign] # one moment for both
    effects = []
    for make in BOTH:
        client: Any = make(credentials(), clock=clock, limiter=FreeLimiter())
        effect = next(batch.ask(client._session, {"mgn_mode": "cross", "inst_id": ["A-B"]}))
        assert isinstance(effect, Send)
        effects.append(effect)
    assert effects[0] == effects[1]
