"""Client state: rate limiters of a request, headers, account settings, and what one caller fetches for all."""

import asyncio
from itertools import count
from typing import Any

import pytest
from okx_maxloan_api.contract import DEMO_HEADER, GET_ACCOUNT_CONFIG, GET_MAX_LOAN, GET_TIME, Operation

from okx_maxloan_sdk.effects import Flow, Sleep
from okx_maxloan_sdk.exceptions import RequestNotSentError
from okx_maxloan_sdk.limiter import LimitKey, RateLimit
from okx_maxloan_sdk.models import Account, AccountMode
from okx_maxloan_sdk.sites import Site
from okx_maxloan_sdk.state import SingleFlight
from tests.support.clients import KEY, PASSPHRASE, SECRET, credentials
from tests.support.state import RequestHarness

FINGERPRINT = credentials().fingerprint


def keys(harness: RequestHarness, operation: Operation = GET_MAX_LOAN) -> list[LimitKey]:
    """Return the limit keys of a request."""
    harness.limiter.rate_limiters.clear()
    harness.state.rate_limiters(operation)
    limit = RateLimit(operation.limit.requests, operation.limit.period)
    assert {each[1:] for each in harness.limiter.rate_limiters} == {(limit, harness.clock)}
    return [key for key, *_ in harness.limiter.rate_limiters]


@pytest.mark.parametrize(
    ("settings", "user", "site"),
    [
        ({}, FINGERPRINT, ""),
        ({"account": Account(mode=AccountMode.SPOT)}, FINGERPRINT, ""),
        ({"account": Account(uid="77")}, "77", ""),
        ({"account": Account(uid="77"), "rate_limit_key": "me"}, "me", ""),
        ({"site": Site.EEA}, FINGERPRINT, ""),
        ({"base_url": "https://www.okx.com"}, FINGERPRINT, ""),
        ({"base_url": "https://okx.proxy.example:8443"}, FINGERPRINT, ""),
        ({"base_url": "http://127.0.0.1:8080"}, FINGERPRINT, "loopback:8080"),
        ({"base_url": "http://localhost:8080"}, FINGERPRINT, "loopback:8080"),
        ({"base_url": "http://[::1]:8080"}, FINGERPRINT, "loopback:8080"),
    ],
)
def test_limit_keys(settings: dict[str, Any], user: str, site: str) -> None:
    """A request counts for its user (the caller's, else the uid, else the API key), on loopback for each port.

    If the limit is per IP address, it counts for the site, whatever the host name.
    """
    harness = RequestHarness(**settings)
    assert keys(harness) == [LimitKey(user, "getMaxLoan", site)]
    assert keys(harness, GET_ACCOUNT_CONFIG) == [LimitKey(user, "getAccountConfig", site)]
    assert keys(harness, GET_TIME) == [LimitKey("ip", "getTime", site or ("eea" if "site" in settings else "global"))]


def test_headers() -> None:
    """Signed requests have the four headers, with the exchange's time; a time request has none; no dict is shared."""
    harness = RequestHarness()
    harness.state.clock_skew.value = 60.0
    headers, plain = (harness.state.headers(operation, "/x") for operation in (GET_MAX_LOAN, GET_TIME))
    assert credentials().sign("GET", "/x", harness.clock.time() + 60.0).items() <= headers.items()
    assert (headers["Accept"], headers["Accept-Encoding"]) == ("application/json", "identity")
    assert not any(secret in str(plain) for secret in (KEY, SECRET, PASSPHRASE))
    assert plain.keys() < headers.keys()
    assert harness.state.headers(GET_TIME, "/x") is not plain
    demo = RequestHarness(demo=True).state
    for operation in (GET_MAX_LOAN, GET_TIME):
        assert demo.headers(operation, "/x").items() - harness.state.headers(operation, "/x").items() >= {DEMO_HEADER}
    assert DEMO_HEADER[0] not in headers


class Flight(SingleFlight[str | None]):
    """A single flight whose flows the test performs effect by effect."""

    def __init__(self) -> None:
        super().__init__(None)
        self._numbers = count(1)

    def fetch(self) -> Flow[str | None]:
        number = next(self._numbers)
        yield Sleep(1.0)
        return f"value {number}"

    def flows(self, number: int) -> list[Any]:
        """Return the flows of some callers that have started, so that all but the first wait."""
        flows = [self.get(self.fetch, 9.0, None) for _ in range(number)]
        assert next(flows[0]) == Sleep(1.0)
        for flow in flows[1:]:
            assert next(flow) == Sleep(9.0, self._leader)
        return flows


def end(flow: Any) -> Any:
    """End a flow whose last effect is done, and return its value."""
    with pytest.raises(StopIteration) as done:
        flow.send(True)
    return done.value.value


@pytest.mark.parametrize("failure", [RequestNotSentError("no"), GeneratorExit(), asyncio.CancelledError()])
def test_waiting_caller_fetches_after_a_failure(failure: BaseException) -> None:
    """If the first caller fails or is cancelled, one of the waiting callers fetches."""
    flight = Flight()
    first, second = flight.flows(2)
    leader: Any = flight._leader
    with pytest.raises(type(failure)):
        first.throw(failure)
    assert leader.done()
    assert second.send(True) == Sleep(1.0)
    assert end(second) == "value 2"


def test_waiting_caller_fetches_after_the_timeout() -> None:
    """A caller that waited for the timeout fetches itself, and the late first caller changes nothing."""
    flight = Flight()
    dead, second, third = flight.flows(3)
    assert second.send(False) == Sleep(1.0)
    leader: Any = flight._leader
    assert third.send(False) == Sleep(9.0, leader)
    assert end(dead) == "value 1"
    assert not leader.done()
    assert end(second) == "value 2"
    assert leader.done()
    assert end(third) == "value 2"


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
