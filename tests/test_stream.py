"""Stream: batches as they end, pairs taken as there is room, and nothing left behind."""

from __future__ import annotations

import gc
import threading
import time
import tracemalloc
from itertools import count, islice
from typing import TYPE_CHECKING, Any

import pytest

from okx_maxloan_sdk import batch
from okx_maxloan_sdk.errors import (
    RuleError,
)
from tests.support.facts import MANY, SIZE
from tests.support.wire import Wire, asked, exchange, ids, loans, order, row, success

if TYPE_CHECKING:
    from collections.abc import Iterator

    from okx_maxloan_sdk.transport import Request, Response
    from tests.support.doors import Door


def test_stream(door: Door) -> None:
    """A stream yields rows and failures as requests end, and every pair once."""
    wire = exchange("C3-USDT", "C12-USDT")
    found = list(door.open(wire).stream(iter(ids(23)), mgn_mode="cross"))
    assert sorted(each for one in found for each in one.inst_ids) == sorted(ids(23))
    assert {one.inst_ids for one in found if one.error} == {("C3-USDT",), ("C12-USDT",)}
    assert all(order(one.loans) == list(one.inst_ids) for one in found if not one.error)
    assert all(one.loans == () for one in found if one.error)


def test_stream_keeps_good_pairs_from_wrong_ones(door: Door) -> None:
    """Pairs that cannot be asked about fail alone and are never sent; those beside them are asked."""
    wire = exchange()
    wanted = ["A-B", "BTC-USDT-SWAP", "C-D", "", "A-B", "not a pair", "E F"]
    found = {each.inst_ids: each.error for each in door.open(wire).stream(wanted, mgn_mode="cross")}
    assert found.pop(("A-B", "C-D")) is None
    assert {pairs: type(error) for pairs, error in found.items()} == {
        (each,): RuleError for each in ("BTC-USDT-SWAP", "", "not a pair", "E F")
    }
    assert [asked(each) for each in wire.requests] == [["A-B", "C-D"]]


def test_stream_of_nothing(door: Door) -> None:
    """A stream of no pairs yields nothing and asks nothing."""
    wire = exchange()
    assert list(door.open(wire).stream([], mgn_mode="cross")) == []
    assert wire.requests == []


def test_stream_takes_pairs_as_it_goes(door: Door) -> None:
    """An endless supply of pairs is taken from only as requests have room, and not at all before the first."""
    taken = count()

    def endless() -> Iterator[str]:
        for each in taken:
            yield f"C{each}-USDT"

    stream = door.open(exchange()).stream(endless(), mgn_mode="cross")
    assert next(taken) == 0
    found = list(islice(stream, 30))
    stream.close()
    assert len(found) == 30
    assert next(taken) <= SIZE * (30 + batch.WIDTH) + 2


def test_stream_abandoned(door: Door) -> None:
    """A stream abandoned half-way leaves no thread, no task and no slot behind, and sends nothing more."""
    wire = exchange("C3-USDT", "C8-USDT", "C13-USDT")
    client = door.open(wire)
    stream = client.stream(ids(10_000), mgn_mode="cross")
    next(stream)
    stream.close()
    end = time.monotonic() + 5
    while time.monotonic() < end and any(each.name.startswith("okx-maxloan") for each in threading.enumerate()):
        time.sleep(0.002)
    assert not any(each.name.startswith("okx-maxloan") for each in threading.enumerate())
    assert "taken" not in door.limiter.notes
    sent = len(wire.requests)
    assert sent <= 2 * batch.WIDTH
    time.sleep(0.02)
    assert len(wire.requests) == sent
    assert client.cross("A-B")


def test_stream_whose_supply_fails(door: Door) -> None:
    """An error of the caller's own generator comes out as it is, and nothing is left behind."""

    def failing() -> Iterator[str]:
        yield from ids(40)
        message = "supply"
        raise LookupError(message)

    client = door.open(exchange())
    with pytest.raises(LookupError, match="supply"):
        list(client.stream(failing(), mgn_mode="cross"))
    with pytest.raises(LookupError, match="supply"):
        client.cross(failing())


def test_memory_of_a_stream(door: Door) -> None:
    """After two thousand requests a stream holds no more memory than after two hundred."""

    class Forgetful(Wire):
        def send(self, request: Request, timeout: float) -> Response:  # noqa: ARG002 -- it notes nothing
            return success(*(row(each) for each in asked(request)))

    door.limiter = Forgetting()  # type: ignore[assignment] # the usual one notes every slot
    client = door.open(Forgetful(success()))
    used = []
    tracemalloc.start()
    try:
        wanted = (f"C{each}-USDT" for each in range(2000 * SIZE))
        for place, each in enumerate(client.stream(wanted, mgn_mode="cross"), 1):
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


def test_deadline_of_a_stream_is_each_request_s(door: Door) -> None:
    """A stream may take longer than a deadline, as long as each of its requests does not."""

    def slow(request: Request) -> Response:
        door.clock.now += 0.4 / batch.WIDTH
        return loans(request)

    found = list(door.open(Wire(slow), deadline=1.0).stream(MANY, mgn_mode="cross"))
    assert len(found) == len(MANY) // SIZE
    assert all(each.error is None for each in found)
    assert door.clock.now > 1000.0 + 1.0
