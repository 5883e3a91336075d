"""Stream: batches as they end, pairs taken as there is room, and nothing left behind."""

from __future__ import annotations

import gc
import threading
import time
import tracemalloc
from itertools import count, islice
from typing import TYPE_CHECKING, Any

import pytest

from okx_maxloan_sdk import batching
from okx_maxloan_sdk.exceptions import (
    InvalidParametersError,
)
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

if TYPE_CHECKING:
    from collections.abc import Iterator

    from okx_maxloan_sdk.transport import Request, Response
    from tests.support.clients import ClientFactory


def test_stream(client_factory: ClientFactory) -> None:
    """A stream yields rows and failures as requests end, and every pair once."""
    wire = fake_exchange("C3-USDT", "C12-USDT")
    found = list(client_factory.open(wire).iter_max_loan(iter(inst_ids(23)), mgn_mode="cross"))
    assert sorted(each for one in found for each in one.inst_ids) == sorted(inst_ids(23))
    assert {one.inst_ids for one in found if one.error} == {("C3-USDT",), ("C12-USDT",)}
    assert all(row_order(one.loans) == list(one.inst_ids) for one in found if not one.error)
    assert all(one.loans == () for one in found if one.error)


def test_stream_keeps_good_pairs_from_wrong_ones(client_factory: ClientFactory) -> None:
    """Pairs that cannot be asked about fail alone and are never sent; those beside them are asked."""
    wire = fake_exchange()
    wanted = ["A-B", "BTC-USDT-SWAP", "C-D", "", "A-B", "not a pair", "E F"]
    found = {each.inst_ids: each.error for each in client_factory.open(wire).iter_max_loan(wanted, mgn_mode="cross")}
    assert found.pop(("A-B", "C-D")) is None
    assert {pairs: type(error) for pairs, error in found.items()} == {
        (each,): InvalidParametersError for each in ("BTC-USDT-SWAP", "", "not a pair", "E F")
    }
    assert [requested_inst_ids(each) for each in wire.requests] == [["A-B", "C-D"]]


def test_stream_of_nothing(client_factory: ClientFactory) -> None:
    """A stream of no pairs yields nothing and asks nothing."""
    wire = fake_exchange()
    assert list(client_factory.open(wire).iter_max_loan([], mgn_mode="cross")) == []
    assert wire.requests == []


def test_stream_takes_pairs_as_it_goes(client_factory: ClientFactory) -> None:
    """An endless supply of pairs is taken from only as requests have room, and not at all before the first."""
    taken = count()

    def endless() -> Iterator[str]:
        for each in taken:
            yield f"C{each}-USDT"

    stream = client_factory.open(fake_exchange()).iter_max_loan(endless(), mgn_mode="cross")
    assert next(taken) == 0
    found = list(islice(stream, 30))
    stream.close()
    assert len(found) == 30
    assert next(taken) <= SIZE * (30 + batching.MAX_CONCURRENCY) + 2


def test_stream_abandoned(client_factory: ClientFactory) -> None:
    """A stream abandoned half-way leaves no thread, no task and no slot behind, and sends nothing more."""
    wire = fake_exchange("C3-USDT", "C8-USDT", "C13-USDT")
    client = client_factory.open(wire)
    before = set(threading.enumerate())
    stream = client.iter_max_loan(inst_ids(10_000), mgn_mode="cross")
    next(stream)
    stream.close()
    end = time.monotonic() + 5
    while time.monotonic() < end and not before.issuperset(threading.enumerate()):
        time.sleep(0.002)
    assert before.issuperset(threading.enumerate())
    assert "taken" not in client_factory.limiter.notes
    sent = len(wire.requests)
    assert sent <= 2 * batching.MAX_CONCURRENCY
    time.sleep(0.02)
    assert len(wire.requests) == sent
    assert client.get_max_loan("A-B", mgn_mode="cross")


def test_stream_whose_supply_fails(client_factory: ClientFactory) -> None:
    """An error of the caller's own generator comes out as it is, and nothing is left behind."""

    def failing() -> Iterator[str]:
        yield from inst_ids(40)
        message = "supply"
        raise LookupError(message)

    client = client_factory.open(fake_exchange())
    with pytest.raises(LookupError, match="supply"):
        list(client.iter_max_loan(failing(), mgn_mode="cross"))
    with pytest.raises(LookupError, match="supply"):
        client.get_max_loan(failing(), mgn_mode="cross")


def test_memory_of_a_stream(client_factory: ClientFactory) -> None:
    """After two thousand requests a stream holds no more memory than after two hundred."""

    class Forgetful(FakeTransport):
        def send(self, request: Request, timeout: float) -> Response:  # noqa: ARG002 -- it notes nothing
            return ok_response(*(loan_row(each) for each in requested_inst_ids(request)))

    client_factory.limiter = Forgetting()  # type: ignore[assignment] # the usual one notes every slot
    client = client_factory.open(Forgetful(ok_response()))
    used = []
    tracemalloc.start()
    try:
        wanted = (f"C{each}-USDT" for each in range(2000 * SIZE))
        for place, each in enumerate(client.iter_max_loan(wanted, mgn_mode="cross"), 1):
            assert len(each.loans) == SIZE
            if place in (200, 2000):
                gc.collect()
                used.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    # What may grow is bounded: the questions that were found right, up to a thousand of them, make 250 kB. The rows
    # of each thousand pairs would make 1 MB, and there are thousands.
    assert used[1] < used[0] + 450_000


class Forgetting:
    """A limiter that gives every request a slot and notes nothing."""

    def for_key(self, *_: object) -> Any:
        return self

    def acquire(self, *_: object) -> Any:
        yield from ()
        return self

    def release_after_response(self) -> Any:
        yield from ()


def test_deadline_of_a_stream_is_each_request_s(client_factory: ClientFactory) -> None:
    """A stream may take longer than a deadline, as long as each of its requests does not."""

    def slow(request: Request) -> Response:
        client_factory.clock.now += 0.4 / batching.MAX_CONCURRENCY
        return loans_response(request)

    found = list(client_factory.open(FakeTransport(slow), total_timeout=1.0).iter_max_loan(MANY, mgn_mode="cross"))
    assert len(found) == len(MANY) // SIZE
    assert all(each.error is None for each in found)
    assert client_factory.clock.now > 1000.0 + 1.0
