"""Batch: any number of pairs, in the order asked, and none lost to another's fault."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from okx_maxloan_sdk import batch
from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.credentials import Credentials
from okx_maxloan_sdk.errors import (
    AccountModeRejected,
    ApiError,
    AuthenticationError,
    BatchError,
    ClientClosed,
    ClockSkew,
    MissingDataError,
    NotSent,
    OutcomeUnknown,
    ParameterRejected,
    PermissionDenied,
    RuleError,
    Unavailable,
)
from okx_maxloan_sdk.mock import demo
from okx_maxloan_sdk.mock import margin as market
from okx_maxloan_sdk.mock.serve import serve
from tests.support.facts import MANY, SIZE
from tests.support.wire import Wire, asked, exchange, ids, loans, order, refused, row, success

if TYPE_CHECKING:
    from collections.abc import Callable

    from okx_maxloan_sdk.transport import Request, Response
    from tests.support.doors import Door


def test_thousand_with_three_bad_ones(door: Door) -> None:
    """Of a thousand pairs with three bad ones 997 come, in order, beside three failures that name the bad ones."""
    wanted = ids(1000)
    bad = {"C7-USDT", "C503-USDT", "C999-USDT"}
    wire = exchange(*bad)
    with pytest.raises(BatchError) as caught:
        door.open(wire).cross(wanted)
    assert order(caught.value.loans) == [each for each in wanted if each not in bad]
    assert len(caught.value.loans) == 2 * 997
    assert [inst_ids for inst_ids, _ in caught.value.failures] == [("C7-USDT",), ("C503-USDT",), ("C999-USDT",)]
    assert all(isinstance(error, ParameterRejected) for _, error in caught.value.failures)
    assert all(len(asked(each)) <= SIZE for each in wire.requests)
    # Full requests, and the halves of those with a bad pair, and theirs, until each stands alone.
    full, halvings = -(-1000 // SIZE), (SIZE - 1).bit_length()
    assert full + len(bad) <= len(wire.requests) <= full + len(bad) * 2 * halvings
    assert "no rows for 3 of the pairs; 1994 rows arrived" in str(caught.value)
    assert set(door.limiter.notes) == {"answered"}


def test_thousand_over_a_socket(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same against an exchange on a socket, which checks every signature."""
    bad = {"C7-USDT", "C503-USDT", "C999-USDT"}
    pairs = {each: market.Pair(each.partition("-")[0], "USDT", market.PAIRS["BTC-USDT"].leverage) for each in ids(1000)}
    for each in pairs.values():
        monkeypatch.setitem(market.CURRENCIES, each.base, market.CURRENCIES["BTC"])
        if each.inst_id not in bad:
            monkeypatch.setitem(market.PAIRS, each.inst_id, each)
    served = demo()
    served.limited = False
    key = served.users["spot"].keys[0]
    with serve(served) as url:
        client = door.open(
            base_url=url, credentials=Credentials(key.key, key.secret, key.passphrase), clock=SystemClock()
        )
        with pytest.raises(BatchError) as caught:
            client.cross(ids(1000))
        client.close()
    assert order(caught.value.loans) == [each for each in ids(1000) if each not in bad]
    assert {inst_ids for inst_ids, _ in caught.value.failures} == {(each,) for each in bad}


@pytest.mark.parametrize("number", [1, SIZE - 1, SIZE, SIZE + 1, 2 * SIZE, 2 * SIZE + 1, 99])
def test_requests_are_full(door: Door, number: int) -> None:
    """No request asks about more pairs than the contract allows, and there are no more requests than that takes."""
    wire = exchange()
    assert order(door.open(wire).cross(ids(number))) == ids(number)
    assert len(wire.requests) == -(-number // SIZE)
    assert max(len(asked(each)) for each in wire.requests) == min(number, SIZE)


def test_order(door: Door) -> None:
    """Rows come in the order asked, each pair's in the order of the exchange, whichever request ends first."""

    def backwards(request: Request) -> Response:
        if door.kind == "sync":
            time.sleep(0.002 * (len(ids(60)) - int(asked(request)[0][1:-5])) / 5)  # real, so that threads overtake
        return success(*(row(each, side) for each in reversed(asked(request)) for side in ("sell", "buy")))

    found = door.open(Wire(backwards)).cross(ids(60))
    assert [(each.inst_id, each.side) for each in found] == [
        (inst_id, side) for inst_id in ids(60) for side in ("sell", "buy")
    ]


def test_pairs_without_a_row(door: Door) -> None:
    """Pairs that OKX answers without a row fail by name, and the rows of the others come with them."""
    wire = Wire(success(row("B-C"), row("A-B")))
    with pytest.raises(BatchError, match="no data for X-USD, Y-Z; it may be delisted") as caught:
        door.open(wire).cross("X-USD", "A-B", "Y-Z", "B-C")
    assert order(caught.value.loans) == ["A-B", "B-C"]
    assert [(ids, type(error)) for ids, error in caught.value.failures] == [(("X-USD", "Y-Z"), MissingDataError)]


@pytest.mark.parametrize("pairs", [1, SIZE + 1])
def test_no_row_at_all(door: Door, pairs: int) -> None:
    """No pair of an answer without rows is taken for one that nothing can be borrowed for."""
    with pytest.raises(BatchError) as caught:
        door.open(Wire(success())).cross(ids(pairs))
    assert caught.value.loans == []
    assert sorted(each for failed, _ in caught.value.failures for each in failed) == sorted(ids(pairs))


def test_currency_without_a_row(door: Door) -> None:
    """A currency that OKX answers without a row is an error too."""
    with pytest.raises(MissingDataError, match="no data for USDT"):
        door.open(Wire(success())).currency("USDT")


@pytest.mark.parametrize(
    "given",
    [
        ("A-B", "C-D", "E-F"),
        (["A-B", "C-D"], "E-F"),
        ("A-B,C-D,E-F",),
        (["A-B,C-D", "E-F"],),
        (lambda: iter(["A-B", "C-D", "E-F"]),),
        (lambda: (each for each in ("A-B", "C-D,E-F")),),
        ({"A-B": 1, "C-D": 2, "E-F": 3},),
        ("A-B", "C-D", "A-B", ["E-F", "C-D"]),
    ],
)
def test_ways_to_ask(door: Door, given: tuple[Any, ...]) -> None:
    """Pairs are given one by one, joined by commas, as lists or generators; each is asked about once."""
    wire = exchange()
    given = tuple(each() if callable(each) else each for each in given)
    assert order(door.open(wire).cross(*given)) == ["A-B", "C-D", "E-F"]
    assert [asked(each) for each in wire.requests] == [["A-B", "C-D", "E-F"]]


@pytest.mark.parametrize("given", [5, None, b"BTC-USDT", ["BTC-USDT", 5], [["BTC-USDT", None]]])
def test_no_text(door: Door, given: Any) -> None:
    """What is no text is refused by its type before anything is sent."""
    wire = exchange()
    client = door.open(wire)
    with pytest.raises(TypeError, match="inst_id must be a str"):
        client.cross(given)
    with pytest.raises(TypeError, match="inst_id must be a str"):
        list(client.stream(given, mgn_mode="cross"))
    assert wire.requests == []


def test_long_lists_joined_by_commas_lose_nothing(door: Door) -> None:
    """A bad pair among twenty that one text joins costs nobody's rows."""
    found = door.open(exchange("C9-USDT")).stream(",".join(ids(20)), mgn_mode="cross")
    assert sorted(order([loan for each in found for loan in each.loans])) == sorted(set(ids(20)) - {"C9-USDT"})


def test_everything_wrong_at_once(door: Door) -> None:
    """A long list's faults are all reported before anything is sent, each once."""
    wire = exchange()
    wanted: list[Any] = ["", *ids(SIZE + 2), "BTC-USDT-SWAP", "ETH/USDT", *ids(SIZE + 2), "ETH/USDT"]
    with pytest.raises(RuleError) as caught:
        door.open(wire).max_loan(mgn_mode="cross", inst_id=wanted, ccy="USDT", mgn_ccy="BTC", trade_quote_ccy="")
    assert sorted(each.id for each in caught.value.broken) == [
        "contract",
        "currency-without-margin-currency",
        "empty",
        "form",
        "form",
    ]
    assert wire.requests == []


@pytest.mark.parametrize(
    ("parameters", "rule"),
    [
        ({"mgn_mode": "cross"}, "pair-or-currency"),
        ({"mgn_mode": "cross", "inst_id": []}, "pair-or-currency"),
        ({"mgn_mode": "cross", "inst_id": ""}, "empty"),
        ({"mgn_mode": "cross", "inst_id": [], "ccy": "USDT"}, "empty"),
        ({"inst_id": "A-B"}, "missing"),
        ({"mgn_mode": "cross", "inst_id": "BTC-USDT-SWAP"}, "contract"),
    ],
)
def test_rules_of_small_questions(door: Door, parameters: dict[str, Any], rule: str) -> None:
    """Questions of one request or none are held against the rules as well."""
    wire = exchange()
    with pytest.raises(RuleError) as caught:
        door.open(wire).max_loan(**parameters)
    assert [each.id for each in caught.value.broken] == [rule]
    assert wire.requests == []


def test_no_such_parameter(door: Door) -> None:
    """A parameter that the endpoint does not have is an error of the program, whatever the way to ask."""
    client = door.open(exchange())
    asks: list[Callable[[], Any]] = [
        lambda: client.max_loan(mgn_mode="cross", instid="A-B"),
        lambda: client.max_loan(mgn_mode="cross", inst_id="A-B", instid="A-B"),
        lambda: client.stream("A-B", mgn_mode="cross", instid="A-B"),
    ]
    for ask in asks:
        with pytest.raises(TypeError, match="instid: no such parameter"):
            ask()


def test_other_parameters_travel(door: Door) -> None:
    """What all requests of a batch share travels with each."""
    wire = exchange()
    client = door.open(wire)
    client.cross(ids(SIZE + 1), mgn_ccy="BTC", trade_quote_ccy="USDC")
    client.isolated("A-B", mgn_ccy="BTC")
    client.currency("USDT")
    queries = [each.target.partition("?")[2] for each in wire.requests]
    assert sorted(queries[:2]) == [
        f"mgnMode=cross&instId={','.join(ids(SIZE))}&mgnCcy=BTC&tradeQuoteCcy=USDC",
        f"mgnMode=cross&instId=C{SIZE}-USDT&mgnCcy=BTC&tradeQuoteCcy=USDC",
    ]
    assert queries[2:] == ["mgnMode=isolated&instId=A-B&mgnCcy=BTC", "mgnMode=cross&ccy=USDT"]


@pytest.mark.parametrize("number", [1, SIZE, SIZE + 1])
def test_only_failure_is_raised_as_it_is(door: Door, number: int) -> None:
    """When nothing arrived and there is one failure, that is what is raised."""
    with pytest.raises(Unavailable if number <= SIZE else BatchError) as caught:
        door.open(Wire(refused("50026", 500))).cross(ids(number))
    if isinstance(caught.value, BatchError):
        assert {type(error) for _, error in caught.value.failures} == {Unavailable}


def test_one_bad_pair_alone(door: Door) -> None:
    """A single pair that is refused is its own error."""
    with pytest.raises(ParameterRejected) as caught:
        door.open(exchange("A-B")).cross("A-B")
    assert caught.value.inst_ids == ("A-B",)


def test_bad_pairs_are_parted(door: Door) -> None:
    """Several bad pairs in one request are each found, and what the refusal names is the pair alone."""
    first, *good, last = ids(SIZE)
    with pytest.raises(BatchError) as caught:
        door.open(exchange(first, last)).cross(ids(SIZE))
    assert order(caught.value.loans) == good
    assert [(each, error.inst_ids) for each, error in caught.value.failures if isinstance(error, ApiError)] == [
        ((first,), (first,)),
        ((last,), (last,)),
    ]


def test_other_refusals_are_not_parted(door: Door) -> None:
    """What has nothing to do with a single pair fails once for all of a request."""
    wire = Wire(refused("51010"))
    with pytest.raises(AccountModeRejected):
        door.open(wire).cross(ids(SIZE))
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("failure", "kind"),
    [(refused("50026", 500), Unavailable), (OutcomeUnknown("reset"), OutcomeUnknown), (NotSent("no"), NotSent)],
)
def test_a_failed_request_costs_its_own_pairs(door: Door, failure: Any, kind: type[Exception]) -> None:
    """A request that fails for a reason of its own costs no other request's rows."""
    wanted, second = ids(4 * SIZE), tuple(ids(2 * SIZE)[SIZE:])

    def flaky(request: Request) -> Response:
        if second[-1] in asked(request):
            if isinstance(failure, Exception):
                raise failure
            assert not isinstance(failure, BaseException)
            return failure  # type: ignore[no-any-return] # a Response
        return loans(request)

    with pytest.raises(BatchError) as caught:
        door.open(Wire(flaky)).cross(wanted)
    ((lost, error),) = caught.value.failures
    assert lost == second
    assert isinstance(error, kind)
    assert order(caught.value.loans) == [each for each in wanted if each not in lost]


# OKX's texts name the parameter: the recorded one of the margin mode, and the mock's.
WRONG_MODE = refused("51000", msg="Parameter MARGIN_MODE error")
COMMON_CAUSES: dict[str, tuple[Response, type[ApiError]]] = {
    "wrong signature": (refused("50113"), AuthenticationError),
    "wrong passphrase": (refused("50105"), AuthenticationError),
    "another IP": (refused("50110"), PermissionDenied),
    "clock": (refused("50102"), ClockSkew),
    "account mode": (refused("51010"), AccountModeRejected),
    "margin mode": (WRONG_MODE, ParameterRejected),
    "margin mode, the mock's text": (refused("51000", msg="not accepted: mgnMode"), ParameterRejected),
}


@pytest.mark.parametrize("cause", COMMON_CAUSES)
def test_a_cause_that_all_pairs_share_costs_one_request(door: Door, cause: str) -> None:
    """The first request of a thousand pairs is sent alone; when it fails for all of them the rest is not sent."""
    refusal, kind = COMMON_CAUSES[cause]
    wire = Wire(refusal)
    with pytest.raises(BatchError) as caught:
        door.open(wire).cross(ids(1000))
    targets = {each.target for each in wire.requests if "max-loan" in each.target}
    assert len(targets) == 1
    (first, error), (rest, unsent) = caught.value.failures
    assert (first, rest) == (tuple(ids(SIZE)), tuple(ids(1000)[SIZE:]))
    assert isinstance(error, kind)
    assert isinstance(unsent, NotSent)
    assert "not asked" in str(unsent)


@pytest.mark.parametrize("refusal", [refused("51010"), WRONG_MODE, refused("50113")])
def test_a_cause_that_comes_up_later_costs_the_requests_in_flight(door: Door, refusal: Response) -> None:
    """Parameters that OKX accepted once are sent side by side at once; a refusal is not split, and ends the batch."""
    wire = exchange()
    client = door.open(wire)
    client.cross("A-B")
    wire._answers[:] = [refusal]
    with pytest.raises(BatchError) as caught:
        client.cross(ids(1000))
    assert 1 < len(wire.requests) <= 1 + 2 * batch.WIDTH
    failures = caught.value.failures
    assert sorted(each for inst_ids, _ in failures for each in inst_ids) == sorted(ids(1000))
    assert len(failures) == len(wire.requests)  # one for each refused request, and one for what was not sent
    wire._answers[:] = [refusal]
    wire.requests.clear()
    with pytest.raises(BatchError):
        client.isolated(ids(1000))
    assert len(wire.requests) == 1


def test_a_parameter_that_is_wrong_for_one_pair_ends_nothing(door: Door) -> None:
    """The currencies that settle a pair, or are its margin, are its own: 51000 for them is split as for a bad pair."""

    def picky(request: Request) -> Response:
        bad = {"C0-USDT", "C7-USDT"} & set(asked(request))
        return refused("51000", msg="Parameter tradeQuoteCcy error") if bad else loans(request)

    with pytest.raises(BatchError) as caught:
        door.open(Wire(picky)).cross(ids(20), trade_quote_ccy="USDC")
    assert [inst_ids for inst_ids, _ in caught.value.failures] == [("C0-USDT",), ("C7-USDT",)]
    assert len(order(caught.value.loans)) == 18


@pytest.mark.parametrize("answer", [WRONG_MODE, refused("51010")])
def test_a_stream_does_not_split_what_all_pairs_share(door: Door, answer: Response) -> None:
    """Each of its requests fails once, whole."""
    wire = Wire(answer)
    results = list(door.open(wire).stream(ids(4 * SIZE), mgn_mode="isolated"))
    assert [len(each.inst_ids) for each in results] == [SIZE] * 4
    assert len(wire.requests) == 4


@pytest.mark.parametrize(("user", "call"), [("spot", "isolated"), ("spot_plain", "isolated"), ("spot_plain", "cross")])
def test_a_wrong_mode_costs_one_request_of_the_mock(door: Door, user: str, call: str) -> None:
    """Forty pairs of an account in a mode that has no such margin, over a socket."""
    served = demo()
    key = served.users[user].keys[0]
    with serve(served) as url:
        client = door.open(
            base_url=url, credentials=Credentials(key.key, key.secret, key.passphrase), clock=SystemClock()
        )
        with pytest.raises(BatchError) as caught:
            getattr(client, call)(ids(40))
        client.close()
    (first, error), (rest, _) = caught.value.failures
    assert (len(first), len(rest)) == (SIZE, 40 - SIZE)
    assert isinstance(error, ApiError)
    assert set(door.limiter.notes) == {"answered"}
    assert len(door.limiter.notes) == 1


def test_what_is_on_its_way_arrives(door: Door) -> None:
    """A failure that ends a batch costs no request that was sent before it: its rows are in the error."""
    sent: list[Request] = []

    def revoked(request: Request) -> Response:
        sent.append(request)
        return refused("50113") if "C50-USDT" in asked(request) else loans(request)

    with pytest.raises(BatchError) as caught:
        door.open(Wire(revoked)).cross(ids(1000))
    arrived = order(caught.value.loans)
    assert len(arrived) == SIZE * (len(sent) - 1)
    lost = [each for inst_ids, _ in caught.value.failures for each in inst_ids]
    assert sorted([*arrived, *lost]) == sorted(ids(1000))


def test_closed_meanwhile(door: Door) -> None:
    """A client that is closed under a batch ends it, with the rows that did arrive."""
    client: Any = None

    def close(request: Request) -> Response:
        client.raw._session.closed = "C20-USDT" in asked(request) or client.raw._session.closed
        return loans(request)

    wire = Wire(close)
    client = door.open(wire)
    with pytest.raises(BatchError) as caught:
        client.cross(MANY)
    assert len(order(caught.value.loans)) == SIZE * len(wire.requests)
    assert any(isinstance(error, ClientClosed) for _, error in caught.value.failures)
    assert len(wire.requests) < 3 * batch.WIDTH


def test_deadline_of_a_batch(door: Door) -> None:
    """The deadline is the whole batch's: what cannot be asked in time fails, and the rest has come."""

    def slow(request: Request) -> Response:
        door.clock.now += 1.0
        return loans(request)

    wire = Wire(slow)
    with pytest.raises(BatchError) as caught:
        door.open(wire, deadline=10.0).cross(MANY)
    assert 10 <= len(wire.requests) <= 10 + batch.WIDTH
    assert len(order(caught.value.loans)) == SIZE * len(wire.requests)
    assert {type(error) for _, error in caught.value.failures} == {NotSent}
