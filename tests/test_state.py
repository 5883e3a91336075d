"""Session: which rate limiters count a request, its headers, and what is known of the account."""

import pytest
from okx_maxloan_api.contract import DEMO_HEADER, GET_ACCOUNT_CONFIG, GET_MAX_LOAN, GET_TIME, Operation

from okx_maxloan_sdk.account import Account
from okx_maxloan_sdk.exceptions import ClientClosedError
from okx_maxloan_sdk.limiter import LimitKey, RateLimit
from okx_maxloan_sdk.sites import Site
from okx_maxloan_sdk.state import ClockSkew
from tests.support.clients import KEY, PASSPHRASE, SECRET, credentials
from tests.support.state import RequestHarness


def keys(bench: RequestHarness, operation: Operation = GET_MAX_LOAN) -> list[LimitKey]:
    """Return the keys that a request is counted for."""
    bench.limiter.keys.clear()
    bench.state.rate_limiters(operation)
    assert set(bench.limiter.limits) == {RateLimit(operation.limit.requests, operation.limit.period)}
    assert set(bench.limiter.clocks) == {bench.clock}
    bench.limiter.limits.clear()
    return bench.limiter.keys


def users(bench: RequestHarness) -> list[str]:
    """Tell which users a request is counted for."""
    return [each.user for each in keys(bench)]


def test_user_is_the_key_until_more_is_known() -> None:
    """The limit is counted by a hash of the key, else by the account's uid, else by what the caller says."""
    assert users(RequestHarness()) == [credentials().fingerprint]
    assert users(RequestHarness(account=Account(mode="spot"))) == [credentials().fingerprint]
    assert users(RequestHarness(account=Account(uid="77"))) == ["77"]
    assert users(RequestHarness(account=Account(uid="77"), rate_limit_key="me")) == ["me"]


def test_user_becomes_known() -> None:
    """Once the uid is learnt a request is counted for both: what was counted for the key still matters."""
    bench = RequestHarness()
    bench.state.set_account(Account(uid="77"))
    bench.state.set_account(Account(uid="77"))
    assert users(bench) == [credentials().fingerprint, "77"]


@pytest.mark.parametrize("host", ["openapi.okx.com", "www.okx.com", "okx.proxy.example:8443"])
def test_all_host_names_of_a_site_count_together(host: str) -> None:
    """A request is counted for its user and operation, or for the site where the limit is per IP address."""
    bench = RequestHarness(base_url=f"https://{host}", rate_limit_key="me")
    assert keys(bench) == [LimitKey("me", "getMaxLoan")]
    assert keys(bench, GET_ACCOUNT_CONFIG) == [LimitKey("me", "getAccountConfig")]
    assert keys(bench, GET_TIME) == [LimitKey("ip", "getTime", "global")]
    assert keys(RequestHarness(site=Site.EEA), GET_TIME) == [LimitKey("ip", "getTime", "eea")]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_each_port_of_this_machine_is_an_exchange(host: str) -> None:
    """Two mock exchanges do not share a limit; two names of one do."""
    bench = RequestHarness(base_url=f"http://{host}:8080", rate_limit_key="me")
    assert keys(bench) == [LimitKey("me", "getMaxLoan", "loopback:8080")]
    assert keys(bench, GET_TIME) == [LimitKey("ip", "getTime", "loopback:8080")]


def test_closed() -> None:
    """A closed session has no rate limiter."""
    bench = RequestHarness()
    bench.state.is_closed = True
    with pytest.raises(ClientClosedError, match="create a new one"):
        bench.state.rate_limiters(GET_MAX_LOAN)


def test_headers() -> None:
    """Signed requests carry the four headers at the exchange's time; the time is asked without them."""
    bench = RequestHarness()
    bench.state.clock_skew = ClockSkew(60.0)
    headers = bench.state.headers(GET_MAX_LOAN, "/x")
    assert credentials().sign("GET", "/x", bench.clock.time() + 60.0).items() <= headers.items()
    assert (headers["Accept"], headers["Accept-Encoding"]) == ("application/json", "identity")
    plain = bench.state.headers(GET_TIME, "/x")
    assert not any(secret in str(plain) for secret in (KEY, SECRET, PASSPHRASE))
    assert plain.keys() < headers.keys()
    assert DEMO_HEADER[0] not in headers


@pytest.mark.parametrize("operation", [GET_MAX_LOAN, GET_TIME])
def test_demo(operation: Operation) -> None:
    """Demo trading is asked for by its header."""
    headers = RequestHarness(demo=True).state.headers(operation, "/x")
    assert headers[DEMO_HEADER[0]] == DEMO_HEADER[1]


def test_headers_are_no_shared_state() -> None:
    """Each request has headers of its own."""
    bench = RequestHarness()
    assert bench.state.headers(GET_TIME, "/x") is not bench.state.headers(GET_TIME, "/x")
    assert "OK-ACCESS-KEY" in bench.state.headers(GET_MAX_LOAN, "/x")
    assert "OK-ACCESS-KEY" not in bench.state.headers(GET_TIME, "/x")


def test_facts() -> None:
    """What is known of the account is what the rules may ask for."""
    assert RequestHarness().state.rule_inputs == {}
    assert RequestHarness(account=Account(mode="spot", spot_borrow_enabled=False)).state.rule_inputs == {
        "account.mode": "spot",
        "account.borrowing": "disabled",
    }


def test_until() -> None:
    """A deadline in seconds becomes a moment when a call begins."""
    assert RequestHarness().state.start_deadline() is None
    bench = RequestHarness(total_timeout=7.5)
    assert bench.state.start_deadline() == bench.clock.now + 7.5


def test_skew() -> None:
    """Nothing learnt of the clock means that it is taken to be right."""
    bench = RequestHarness()
    assert bench.state.clock_skew == ClockSkew(0.0)
    bench.state.clock_skew_flight.value = None
    assert bench.state.clock_skew == ClockSkew(0.0)
    assert ClockSkew(1.0) != bench.state.clock_skew
