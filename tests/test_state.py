"""Client state: rate limiters of a request, headers, account settings, and what one caller fetches for all."""

import asyncio
from typing import Any

import pytest
from okx_maxloan_api.contract import DEMO_HEADER, GET_ACCOUNT_CONFIG, GET_MAX_LOAN, GET_TIME, Operation

from okx_maxloan_sdk.effects import Flow, Sleep
from okx_maxloan_sdk.exceptions import RequestNotSentError
from okx_maxloan_sdk.limiter import LimitKey, RateLimit
from okx_maxloan_sdk.models import Account, AccountMode
from okx_maxloan_sdk.sites import Site
from okx_maxloan_sdk.state import ClockSkew, SingleFlight
from tests.support.clients import KEY, PASSPHRASE, SECRET, credentials
from tests.support.state import RequestHarness

FINGERPRINT = credentials().fingerprint


def keys(harness: RequestHarness, operation: Operation = GET_MAX_LOAN) -> list[LimitKey]:
    """Return the limit keys of a request."""
    harness.limiter.limit_keys.clear()
    harness.state.rate_limiters(operation)
    assert set(harness.limiter.limits) == {RateLimit(operation.limit.requests, operation.limit.period)}
    assert set(harness.limiter.clocks) == {harness.clock}
    harness.limiter.limits.clear()
    return harness.limiter.limit_keys


@pytest.mark.parametrize(
    ("settings", "user"),
    [
        ({}, FINGERPRINT),
        ({"account": Account(mode=AccountMode.SPOT)}, FINGERPRINT),
        ({"account": Account(uid="77")}, "77"),
        ({"account": Account(uid="77"), "rate_limit_key": "me"}, "me"),
    ],
)
def test_user_of_a_limit_key(settings: dict[str, Any], user: str) -> None:
    """The user of a limit key is the caller's, else the account's uid, else the fingerprint of the API key."""
    assert [each.user for each in keys(RequestHarness(**settings))] == [user]


def test_user_after_the_uid_is_known() -> None:
    """Once the uid is known a request counts for uid and fingerprint, since earlier requests counted for the latter."""
    harness = RequestHarness()
    for _ in range(2):
        harness.state.set_account(Account(uid="77"))
    assert [each.user for each in keys(harness)] == [FINGERPRINT, "77"]


@pytest.mark.parametrize("host", ["openapi.okx.com", "www.okx.com", "okx.proxy.example:8443"])
def test_host_names_of_a_site_share_a_limit(host: str) -> None:
    """A request counts for its user and operation, or for the site if the limit is per IP address."""
    harness = RequestHarness(base_url=f"https://{host}", rate_limit_key="me")
    assert keys(harness) == [LimitKey("me", "getMaxLoan")]
    assert keys(harness, GET_ACCOUNT_CONFIG) == [LimitKey("me", "getAccountConfig")]
    assert keys(harness, GET_TIME) == [LimitKey("ip", "getTime", "global")]
    assert keys(RequestHarness(site=Site.EEA), GET_TIME) == [LimitKey("ip", "getTime", "eea")]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_each_local_port_is_an_exchange(host: str) -> None:
    """Two mock exchanges do not share a limit; two host names of one exchange do."""
    harness = RequestHarness(base_url=f"http://{host}:8080", rate_limit_key="me")
    assert keys(harness) == [LimitKey("me", "getMaxLoan", "loopback:8080")]
    assert keys(harness, GET_TIME) == [LimitKey("ip", "getTime", "loopback:8080")]


def test_headers() -> None:
    """Signed requests have the four headers, with the exchange's time; a time request has none; no dict is shared."""
    harness = RequestHarness()
    harness.state.clock_skew = ClockSkew(60.0)
    headers, plain = (harness.state.headers(operation, "/x") for operation in (GET_MAX_LOAN, GET_TIME))
    assert credentials().sign("GET", "/x", harness.clock.time() + 60.0).items() <= headers.items()
    assert (headers["Accept"], headers["Accept-Encoding"]) == ("application/json", "identity")
    assert not any(secret in str(plain) for secret in (KEY, SECRET, PASSPHRASE))
    assert plain.keys() < headers.keys()
    assert DEMO_HEADER[0] not in headers
    assert harness.state.headers(GET_TIME, "/x") is not plain


@pytest.mark.parametrize("operation", [GET_MAX_LOAN, GET_TIME])
def test_demo(operation: Operation) -> None:
    """The demo trading header is sent."""
    headers = RequestHarness(demo=True).state.headers(operation, "/x")
    assert headers[DEMO_HEADER[0]] == DEMO_HEADER[1]


def test_start_deadline() -> None:
    """A total timeout in seconds becomes a deadline when a call starts."""
    assert RequestHarness().state.start_deadline() is None
    assert RequestHarness(total_timeout=7.5).state.start_deadline() == 1007.5


def test_skew() -> None:
    """Without a measurement the clock skew is zero."""
    harness = RequestHarness()
    assert harness.state.clock_skew == ClockSkew(0.0)
    harness.state.clock_skew_flight.value = None
    assert harness.state.clock_skew == ClockSkew(0.0) != ClockSkew(1.0)


class Harness:
    """A single flight whose fetches the test performs effect by effect."""

    def __init__(self, value: str | None = None) -> None:
        self.fetches = 0
        self.flight = SingleFlight[str](value)

    def fetch(self) -> Flow[str]:
        self.fetches += 1
        number = self.fetches
        yield Sleep(1.0)
        return f"value {number}"

    def get(self, *invalid: Any) -> Flow[str]:
        return self.flight.get(self.fetch, 9.0, *invalid)


def run_flow(flow: Flow[Any], result: object = True) -> Any:
    """Run a flow to its end, with the same result for each effect."""
    try:
        while True:
            flow.send(result)
    except StopIteration as done:
        return done.value


def start_sleeper(flow: Flow[Any]) -> Sleep:
    """Start a flow that must sleep until it is woken."""
    effect = next(flow)
    assert isinstance(effect, Sleep)
    assert not is_woken(effect)
    return effect


def is_woken(sleeper: Sleep) -> bool:
    """Return whether a sleeper was woken."""
    assert sleeper.wake is not None
    return sleeper.wake.done()


def test_concurrent_callers_fetch_once() -> None:
    """The first caller fetches, concurrent ones wait for its value, and later ones return it at once."""
    harness = Harness()
    first, second = harness.get(), harness.get()
    next(first)
    waiting = start_sleeper(second)
    assert waiting.seconds == 9.0
    assert run_flow(first) == "value 1"
    assert is_woken(waiting)
    assert run_flow(second) == "value 1"
    assert run_flow(harness.get(), None) == "value 1"
    assert harness.fetches == 1


def test_outdated_value_is_fetched_again() -> None:
    """A caller with an outdated value fetches a new one, unless another caller did meanwhile."""
    harness = Harness("old")
    old = harness.flight.value
    flow = harness.get(old)
    next(flow)
    assert run_flow(flow) == harness.flight.value == "value 1"
    with pytest.raises(StopIteration):
        next(harness.get(old))
    assert harness.fetches == 1


@pytest.mark.parametrize("failure", [RequestNotSentError("no"), GeneratorExit(), asyncio.CancelledError()])
def test_waiting_caller_fetches_after_a_failure(failure: BaseException) -> None:
    """If the first caller fails or is cancelled, one of the waiting callers fetches."""
    harness = Harness()
    first, second = harness.get(), harness.get()
    next(first)
    waiting = start_sleeper(second)
    with pytest.raises(type(failure)):
        first.throw(failure)
    assert is_woken(waiting)
    second.send(True)
    assert harness.fetches == 2
    assert run_flow(second) == "value 2"


def test_waiting_caller_fetches_after_the_timeout() -> None:
    """A caller that waited for the timeout fetches itself, and the late first caller changes nothing."""
    harness = Harness()
    dead, second, third = harness.get(), harness.get(), harness.get()
    next(dead)
    next(second)
    second.send(False)
    waiting = start_sleeper(third)
    assert run_flow(dead) == "value 1"
    assert not is_woken(waiting)
    assert run_flow(second) == "value 2"
    assert is_woken(waiting)
    assert run_flow(third) == "value 2"


def test_account_that_arrives_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """An account that another thread sets while a request looks for its limiters counts from the next request on."""
    harness = RequestHarness()
    for_key = harness.limiter.for_key

    def interrupted(*arguments: Any) -> Any:
        monkeypatch.undo()
        harness.state.set_account(Account(uid="77"))
        return for_key(*arguments)

    monkeypatch.setattr(harness.limiter, "for_key", interrupted)
    harness.state.rate_limiters(GET_MAX_LOAN)
    assert [each.user for each in keys(harness)] == [FINGERPRINT, "77"]
