"""The mock exchange as a Python object; tests/contract checks its responses."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from okx_maxloan_sdk.mock import ApiKey, MockExchange, User, default_exchange
from tests.contract.raw_request import CONFIG, ManualClock, RawRequest, handle, signed
from tests.support.contract_values import LIMIT

PAIR = RawRequest(b"mgnMode=cross&instId=BTC-USDT")


def test_threads_share_the_limit() -> None:
    """Eight threads that send concurrently get exactly as many successful responses as the limit permits."""
    exchange = default_exchange(ManualClock())
    raw = signed(exchange.users["spot"].keys[0], PAIR)
    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(lambda _: handle(exchange, raw).status, range(2 * LIMIT.requests)))
    assert (statuses.count(200), statuses.count(429)) == (LIMIT.requests, LIMIT.requests)


def test_custom_exchange() -> None:
    """A user may have any key, and changes at run time apply from the next request."""
    key = ApiKey("my key", "my secret", "my phrase")
    exchange = MockExchange({"me": User("7", [key])}, ManualClock())

    def code() -> str:
        return str(json.loads(handle(exchange, signed(key, PAIR)).body)["code"])

    assert code() == "0"
    exchange.users["me"].borrowing = False
    assert code() == "51010"
    key.permissions = ()
    assert code() == "50120"
    exchange.users["me"].keys.clear()
    assert code() == "50111"
    assert [each.status for each in exchange.log] == [200, 200, 200, 401]


def test_a_sub_account_knows_its_main_account() -> None:
    """The configuration of a sub-account names the main account, and its own uid."""
    exchange = default_exchange(ManualClock())
    row = json.loads(handle(exchange, signed(exchange.users["sub"].keys[0], RawRequest(path=CONFIG))).body)["data"][0]
    assert (row["mainUid"], row["type"]) == (exchange.users["spot"].uid, "1")
    assert row["uid"] != row["mainUid"]


@pytest.mark.parametrize("n", [0, -1])
def test_plan_without_requests_is_rejected(n: int) -> None:
    """A planned failure for zero requests is rejected."""
    with pytest.raises(ValueError, match="at least 1"):
        default_exchange().fail_next(n, code="50011")


def test_repr_has_no_secret() -> None:
    """Neither an exchange nor a user shows a secret or a passphrase."""
    exchange = default_exchange()
    key = exchange.users["spot"].keys[0]
    assert not [part for part in (key.secret, key.passphrase) if part in repr(exchange) + repr(key)]
