"""iter_max_loan: results as requests end, pairs taken on demand, and clean-up."""

import gc
import threading
import time
import tracemalloc
from collections.abc import Iterator
from itertools import count, islice
from typing import Any

import pytest

from okx_maxloan_sdk import batching
from okx_maxloan_sdk.exceptions import (
    InvalidParametersError,
)
from okx_maxloan_sdk.transport import Request, Response
from tests.support.clients import ClientFactory
from tests.support.contract_values import MANY, SIZE
from tests.support.fake_transport import (
    FakeTransport,
    fake_exchange,
    inst_ids,
    loan_row,
    loans_response,
    ok_response,
    requested_inst_ids,
    row_order,
)


def test_iterator(client_factory: ClientFactory) -> None:
    """The iterator yields rows and failures as requests end, and every pair once."""
    transport = fake_exchange("C3-USDT", "C12-USDT")
    results = list(client_factory.open(transport).iter_max_loan(iter(inst_ids(23)), mgn_mode="cross"))
    assert sorted(each for one in results for each in one.inst_ids) == sorted(inst_ids(23))
    assert {one.inst_ids for one in results if one.error} == {("C3-USDT",), ("C12-USDT",)}
    assert all(row_order(one.loans) == list(one.inst_ids) for one in results if not one.error)
    assert all(one.loans == () for one in results if one.error)


def test_invalid_pairs_fail_alone(client_factory: ClientFactory) -> None:
    """Invalid pairs fail alone and are never sent; the valid pairs beside them are."""
    transport = fake_exchange()
    expected = ["A-B", "BTC-USDT-SWAP", "C-D", "", "A-B", "not a pair", "E F"]
    results = {
        each.inst_ids: each.error for each in client_factory.open(transport).iter_max_loan(expected, mgn_mode="cross")
    }
    assert results.pop(("A-B", "C-D")) is None
    assert {pairs: type(error) for pairs, error in results.items()} == {
        (each,): InvalidParametersError for each in ("BTC-USDT-SWAP", "", "not a pair", "E F")
    }
    assert [requested_inst_ids(each) for each in transport.requests] == [["A-B", "C-D"]]


def test_no_pairs(client_factory: ClientFactory) -> None:
    """Without pairs nothing is yielded or sent."""
    transport = fake_exchange()
    assert list(client_factory.open(transport).iter_max_loan([], mgn_mode="cross")) == []
    assert transport.requests == []


def test_pairs_are_taken_on_demand(client_factory: ClientFactory) -> None:
    """Pairs of an endless supply are taken only as requests need them, and none before the first result is awaited."""
    taken = count()

    def endless() -> Iterator[str]:
        for each in taken:
            yield f"C{each}-USDT"

    stream = client_factory.open(fake_exchange()).iter_max_loan(endless(), mgn_mode="cross")
    assert next(taken) == 0
    results = list(islice(stream, 30))
    stream.close()
    assert len(results) == 30
    assert next(taken) <= SIZE * (30 + batching.MAX_CONCURRENCY) + 2


def test_abandoned_iterator(client_factory: ClientFactory) -> None:
    """An abandoned iterator leaves no thread, task or permit, and sends nothing more."""
    transport = fake_exchange("C3-USDT", "C8-USDT", "C13-USDT")
    client = client_factory.open(transport)
    before = set(threading.enumerate())
    stream = client.iter_max_loan(inst_ids(10_000), mgn_mode="cross")
    next(stream)
    stream.close()
    end = time.monotonic() + 5
    while time.monotonic() < end and not before.issuperset(threading.enumerate()):
        time.sleep(0.002)
    assert before.issuperset(threading.enumerate())
    assert "acquired" not in client_factory.limiter.outcomes
    sent = len(transport.requests)
    assert sent <= 2 * batching.MAX_CONCURRENCY
    time.sleep(0.02)
    assert len(transport.requests) == sent
    assert client.get_max_loan("A-B", mgn_mode="cross")


def test_failing_supply(client_factory: ClientFactory) -> None:
    """An error of the caller's generator is raised unchanged, and nothing leaks."""

    def failing() -> Iterator[str]:
        yield from inst_ids(40)
        message = "supply"
        raise LookupError(message)

    client = client_factory.open(fake_exchange())
    with pytest.raises(LookupError, match="supply"):
        list(client.iter_max_loan(failing(), mgn_mode="cross"))
    with pytest.raises(LookupError, match="supply"):
        client.get_max_loan(failing(), mgn_mode="cross")


def test_memory(client_factory: ClientFactory) -> None:
    """After two thousand requests an iterator uses no more memory than after two hundred."""

    class Forgetful(FakeTransport):
        def send(self, request: Request, timeout: float) -> Response:  # noqa: ARG002 -- it records nothing
            return ok_response(*(loan_row(each) for each in requested_inst_ids(request)))

    client_factory.limiter = ForgetfulLimiter()  # type: ignore[assignment] # the usual one records every permit
    client = client_factory.open(Forgetful(ok_response()))
    used = []
    tracemalloc.start()
    try:
        pairs = (f"C{each}-USDT" for each in range(2000 * SIZE))
        for place, each in enumerate(client.iter_max_loan(pairs, mgn_mode="cross"), 1):
            assert len(each.loans) == SIZE
            if place in (200, 2000):
                gc.collect()
                used.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    # The growth is bounded: the cache of up to a thousand valid queries needs 250 kB. The rows
    # of each thousand pairs would make 1 MB, and there are thousands.
    assert used[1] < used[0] + 450_000


class ForgetfulLimiter:
    """A limiter that grants every permit and records nothing."""

    def for_key(self, *_: object) -> Any:
        return self

    def acquire(self, *_: object) -> Any:
        yield from ()
        return self

    def release_after_response(self) -> Any:
        yield from ()


def test_total_timeout_is_for_each_request(client_factory: ClientFactory) -> None:
    """The total timeout is for each request, so an iterator may take longer."""

    def slow(request: Request) -> Response:
        client_factory.clock.now += 0.4 / batching.MAX_CONCURRENCY
        return loans_response(request)

    results = list(client_factory.open(FakeTransport(slow), total_timeout=1.0).iter_max_loan(MANY, mgn_mode="cross"))
    assert len(results) == len(MANY) // SIZE
    assert all(each.error is None for each in results)
    assert client_factory.clock.now > 1000.0 + 1.0
