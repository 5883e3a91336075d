"""Client state: rate limiters of a request, headers, and account settings."""

from typing import Any

import pytest
from okx_maxloan_api.contract import DEMO_HEADER, GET_ACCOUNT_CONFIG, GET_MAX_LOAN, GET_TIME, Operation

from okx_maxloan_sdk.limiter import LimitKey, RateLimit
from okx_maxloan_sdk.models import Account
from okx_maxloan_sdk.sites import Site
from okx_maxloan_sdk.state import ClockSkew
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
        ({"account": Account(mode="spot")}, FINGERPRINT),
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
