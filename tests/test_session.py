"""Session: whose windows a request passes, its headers, and what is known of the account."""

import pytest
from okx_maxloan_api.contract import DEMO_HEADER, GET_ACCOUNT_CONFIG, GET_MAX_LOAN, GET_TIME, Operation

from okx_maxloan_sdk.account import Account
from okx_maxloan_sdk.errors import ClientClosed
from okx_maxloan_sdk.limiter import Key, Limit
from okx_maxloan_sdk.session import Skew
from okx_maxloan_sdk.sites import origin
from tests.support.doors import KEY, PASSPHRASE, SECRET, credentials
from tests.support.sessions import Bench


def keys(bench: Bench, operation: Operation = GET_MAX_LOAN) -> list[Key]:
    """Tell whose windows a request passes."""
    bench.limiter.keys.clear()
    bench.session.windows(operation)
    assert set(bench.limiter.limits) == {Limit(operation.limit.requests, operation.limit.period)}
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
    """Once the uid is learnt a request passes both windows: what was counted under the key still weighs."""
    bench = Bench()
    bench.session.account = Account(uid="77")
    bench.session.identify()
    bench.session.identify()
    assert users(bench) == [credentials().user, "77"]


def test_windows_tell_hosts_and_operations_apart() -> None:
    """Windows are kept apart by host, user and operation; the time is counted by address."""
    bench = Bench(origin=origin("https://eea.okx.com"), user="me")
    assert keys(bench) == [Key("eea.okx.com", "me", "getMaxLoan")]
    assert keys(bench, GET_ACCOUNT_CONFIG) == [Key("eea.okx.com", "me", "getAccountConfig")]
    assert keys(bench, GET_TIME) == [Key("eea.okx.com", "ip", "getTime")]


def test_closed() -> None:
    """A closed session gives no window away."""
    bench = Bench()
    bench.session.closed = True
    with pytest.raises(ClientClosed, match="make a new one"):
        bench.session.windows(GET_MAX_LOAN)


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
