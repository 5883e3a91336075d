"""Session: which rate limiters count a request, its headers, and what is known of the account."""

import pytest
from okx_maxloan_api.contract import DEMO_HEADER, GET_ACCOUNT_CONFIG, GET_MAX_LOAN, GET_TIME, Operation

from okx_maxloan_sdk.account import Account
from okx_maxloan_sdk.errors import ClientClosed
from okx_maxloan_sdk.limiter import LimitKey, RateLimit
from okx_maxloan_sdk.session import Skew
from okx_maxloan_sdk.sites import Site, origin
from tests.support.doors import KEY, PASSPHRASE, SECRET, credentials
from tests.support.sessions import Bench


def keys(bench: Bench, operation: Operation = GET_MAX_LOAN) -> list[LimitKey]:
    """Return the keys that a request is counted for."""
    bench.limiter.keys.clear()
    bench.session.rate_limiters(operation)
    assert set(bench.limiter.limits) == {RateLimit(operation.limit.requests, operation.limit.period)}
    assert set(bench.limiter.clocks) == {bench.clock}
    bench.limiter.limits.clear()
    return bench.limiter.keys


def users(bench: Bench) -> list[str]:
    """Tell which users a request is counted for."""
    return [each.user for each in keys(bench)]


def test_user_is_the_key_until_more_is_known() -> None:
    """The limit is counted by a hash of the key, else by the account's uid, else by what the caller says."""
    assert users(Bench()) == [credentials().user]
    assert users(Bench(account=Account(mode="spot"))) == [credentials().user]
    assert users(Bench(account=Account(uid="77"))) == ["77"]
    assert users(Bench(account=Account(uid="77"), user="me")) == ["me"]


def test_user_becomes_known() -> None:
    """Once the uid is learnt a request is counted for both: what was counted for the key still matters."""
    bench = Bench()
    bench.session.account = Account(uid="77")
    bench.session.identify()
    bench.session.identify()
    assert users(bench) == [credentials().user, "77"]


@pytest.mark.parametrize("host", ["openapi.okx.com", "www.okx.com", "okx.proxy.example:8443"])
def test_all_host_names_of_a_site_count_together(host: str) -> None:
    """A request is counted for its user and operation, or for the site where the limit is per IP address."""
    bench = Bench(origin=origin(f"https://{host}"), user="me")
    assert keys(bench) == [LimitKey("me", "getMaxLoan")]
    assert keys(bench, GET_ACCOUNT_CONFIG) == [LimitKey("me", "getAccountConfig")]
    assert keys(bench, GET_TIME) == [LimitKey("ip", "getTime", "global")]
    assert keys(Bench(site=Site.EEA), GET_TIME) == [LimitKey("ip", "getTime", "eea")]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_each_port_of_this_machine_is_an_exchange(host: str) -> None:
    """Two mock exchanges do not share a limit; two names of one do."""
    bench = Bench(origin=origin(f"http://{host}:8080"), user="me")
    assert keys(bench) == [LimitKey("me", "getMaxLoan", "loopback:8080")]
    assert keys(bench, GET_TIME) == [LimitKey("ip", "getTime", "loopback:8080")]


def test_closed() -> None:
    """A closed session has no rate limiter."""
    bench = Bench()
    bench.session.closed = True
    with pytest.raises(ClientClosed, match="make a new one"):
        bench.session.rate_limiters(GET_MAX_LOAN)


def test_headers() -> None:
    """Signed requests carry the four headers at the exchange's time; the time is asked without them."""
    bench = Bench()
    bench.session.skews.value = Skew(60.0)
    headers = bench.session.headers(GET_MAX_LOAN, "/x")
    assert credentials().sign("GET", "/x", bench.clock.time() + 60.0).items() <= headers.items()
    assert (headers["Accept"], headers["Accept-Encoding"]) == ("application/json", "identity")
    plain = bench.session.headers(GET_TIME, "/x")
    assert not any(secret in str(plain) for secret in (KEY, SECRET, PASSPHRASE))
    assert plain.keys() < headers.keys()
    assert DEMO_HEADER[0] not in headers


@pytest.mark.parametrize("operation", [GET_MAX_LOAN, GET_TIME])
def test_demo(operation: Operation) -> None:
    """Demo trading is asked for by its header."""
    headers = Bench(demo=True).session.headers(operation, "/x")
    assert headers[DEMO_HEADER[0]] == DEMO_HEADER[1]


def test_headers_are_no_shared_state() -> None:
    """Each request has headers of its own."""
    bench = Bench()
    assert bench.session.headers(GET_TIME, "/x") is not bench.session.headers(GET_TIME, "/x")
    assert "OK-ACCESS-KEY" in bench.session.headers(GET_MAX_LOAN, "/x")
    assert "OK-ACCESS-KEY" not in bench.session.headers(GET_TIME, "/x")


def test_facts() -> None:
    """What is known of the account is what the rules may ask for."""
    assert Bench().session.facts == {}
    assert Bench(account=Account(mode="spot", borrowing=False)).session.facts == {
        "account.mode": "spot",
        "account.borrowing": "disabled",
    }


def test_until() -> None:
    """A deadline in seconds becomes a moment when a call begins."""
    assert Bench().session.until() is None
    bench = Bench(deadline=7.5)
    assert bench.session.until() == bench.clock.now + 7.5


def test_skew() -> None:
    """Nothing learnt of the clock means that it is taken to be right."""
    bench = Bench()
    assert bench.session.skew == Skew(0.0)
    bench.session.skews.value = None
    assert bench.session.skew == Skew(0.0)
    assert Skew(1.0) != bench.session.skew
