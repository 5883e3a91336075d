"""Batching: any number of pairs, rows in the order of the pairs, and failures that affect only their own pairs."""

import gc
import time
import tracemalloc
from itertools import count, islice
from typing import Any

import pytest
from okx_maxloan_api.contract import GET_MAX_LOAN

from okx_maxloan_sdk import MemoryLimiter, batching, codec
from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.exceptions import (
    ApiError,
    AuthenticationError,
    BadRequestError,
    ClientClosedError,
    InvalidParametersError,
    InvalidResponseError,
    MissingDataError,
    NoResponseError,
    OkxError,
    PartialFailureError,
    RequestNotSentError,
    ServiceUnavailableError,
)
from okx_maxloan_sdk.transport import Request, Response
from tests.support.clients import ClientFactory
from tests.support.contract_values import MANY, SIZE
from tests.support.fake_transport import (
    FakeTransport,
    ScriptedResponse,
    error_response,
    fake_exchange,
    inst_ids,
    loan_row,
    loans_response,
    ok_response,
    requested_inst_ids,
    row_order,
)

# OKX's messages name the parameter: the recorded one of the margin mode, and the mock's.
WRONG_MODE = error_response("51000", msg="Parameter MARGIN_MODE error")
UNAVAILABLE = error_response("50026", 500)
THREE_BAD = {"C7-USDT", "C503-USDT", "C999-USDT"}


def partial_failure(client: Any, *pairs: Any, **parameters: Any) -> PartialFailureError:
    """Return the error of a batch of which some pairs fail."""
    with pytest.raises(PartialFailureError) as caught:
        client.get_max_loan(*pairs, **{"mgn_mode": "cross", **parameters})
    return caught.value


def failed_pairs(error: PartialFailureError) -> list[str]:
    """Return the pairs without rows."""
    return [each for pairs, _ in error.failures for each in pairs]


@pytest.mark.parametrize("response", [error_response("51001"), error_response("51000", msg="Parameter instId error")])
def test_thousand_with_three_bad_ones(client_factory: ClientFactory, response: Response) -> None:
    """Of a thousand pairs with three bad ones, 997 have rows in order, and three failures name the bad ones."""

    def picky(request: Request) -> Response:
        return loans_response(request) if THREE_BAD.isdisjoint(requested_inst_ids(request)) else response

    transport = FakeTransport(picky)
    error = partial_failure(client_factory.open(transport), inst_ids(1000))
    assert row_order(error.loans) == [each for each in inst_ids(1000) if each not in THREE_BAD]
    assert len(error.loans) == 2 * 997
    assert [pairs for pairs, _ in error.failures] == [("C7-USDT",), ("C503-USDT",), ("C999-USDT",)]
    assert all(isinstance(each, BadRequestError) and each.inst_ids == pairs for pairs, each in error.failures)
    assert all(len(requested_inst_ids(each)) <= SIZE for each in transport.requests)
    # Full requests, and recursively the halves of those with a bad pair.
    full, halvings = -(-1000 // SIZE), (SIZE - 1).bit_length()
    assert full + 3 <= len(transport.requests) <= full + 3 * 2 * halvings
    assert "no rows for 3 of the pairs; 1994 rows arrived" in str(error)
    assert set(client_factory.limiter.outcomes) == {"responded"}


@pytest.mark.parametrize("number", [1, SIZE - 1, SIZE, SIZE + 1, 2 * SIZE, 2 * SIZE + 1, 99])
def test_requests_are_full(client_factory: ClientFactory, number: int) -> None:
    """Requests have at most the contract's number of pairs, and none more than necessary are sent, at each call."""
    transport, pairs = fake_exchange(), inst_ids(number)
    client = client_factory.open(transport)
    for _ in range(2):
        assert row_order(client.get_max_loan(*pairs, mgn_mode="cross")) == pairs
    assert len(transport.requests) == 2 * -(-number // SIZE)
    assert max(len(requested_inst_ids(each)) for each in transport.requests) == min(number, SIZE)


def test_order(client_factory: ClientFactory) -> None:
    """Rows are in the order of the pairs, whichever request ends first, each pair's in the order of the exchange."""
    pairs, sides = inst_ids(60), ("sell", "buy")

    def backwards(request: Request) -> Response:
        requested = requested_inst_ids(request)
        if not client_factory.is_async:
            # Real, so that threads overtake each other.
            time.sleep(0.0004 * (60 - pairs.index(requested[0])))
        return ok_response(*(loan_row(each, side) for each in reversed(requested) for side in sides))

    loans = client_factory.open(FakeTransport(backwards)).get_max_loan(pairs, mgn_mode="cross")
    assert [(each.inst_id, each.side) for each in loans] == [(pair, side) for pair in pairs for side in sides]


def test_missing_rows(client_factory: ClientFactory) -> None:
    """Pairs without a row in OKX's response fail by name, with the other rows in the error; so does a currency."""
    transport = FakeTransport(ok_response(loan_row("B-C"), loan_row("A-B")), ok_response())
    client = client_factory.open(transport, language="zh")
    error = partial_failure(client, "X-Z", "A-B", "Y-Z", "B-C")
    assert str(error) == "2 个币对没有结果；已取得 2 条\nX-Z,Y-Z: OKX 未返回 X-Z, Y-Z 的数据，可能已下线"
    assert row_order(error.loans) == ["A-B", "B-C"]
    assert [(pairs, type(each)) for pairs, each in error.failures] == [(("X-Z", "Y-Z"), MissingDataError)]
    with pytest.raises(MissingDataError, match="未返回 USDT 的数据"):
        client.get_max_loan(mgn_mode="cross", ccy="USDT")


@pytest.mark.parametrize(
    ("number", "response", "kind"),
    [
        (1, ok_response(), MissingDataError),
        (SIZE + 1, ok_response(), MissingDataError),
        (SIZE + 1, UNAVAILABLE, ServiceUnavailableError),
    ],
)
def test_no_row_at_all(client_factory: ClientFactory, number: int, response: Response, kind: type[Exception]) -> None:
    """Without rows every pair fails, also if the response is a success, and the loan is never taken to be zero."""
    error = partial_failure(client_factory.open(FakeTransport(response)), inst_ids(number))
    assert error.loans == []
    assert {type(each) for _, each in error.failures} == {kind}
    assert sorted(failed_pairs(error)) == sorted(inst_ids(number))


@pytest.mark.parametrize(
    "arguments",
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
def test_forms_of_pairs(client_factory: ClientFactory, arguments: tuple[Any, ...]) -> None:
    """Pairs may be single, joined by commas, in lists or in generators; duplicates are requested once."""
    transport = fake_exchange()
    arguments = tuple(each() if callable(each) else each for each in arguments)
    assert row_order(client_factory.open(transport).get_max_loan(*arguments, mgn_mode="cross")) == ["A-B", "C-D", "E-F"]
    assert [requested_inst_ids(each) for each in transport.requests] == [["A-B", "C-D", "E-F"]]


NESTED: list[Any] = ["BTC-USDT"]
NESTED.append(NESTED)


@pytest.mark.parametrize("name", ["get_max_loan", "iter_max_loan"])
@pytest.mark.parametrize("pairs", [5, None, b"BTC-USDT", ["BTC-USDT", 5], [["BTC-USDT", None]], NESTED])
def test_nested_pairs(client_factory: ClientFactory, name: str, pairs: Any) -> None:
    """A pair that is no text is rejected before anything is sent, and a list that contains itself is rejected too."""
    transport = fake_exchange()
    kind = ValueError if pairs is NESTED else TypeError
    with pytest.raises(kind, match="nested more than 20 lists deep" if pairs is NESTED else "a pair must be a str"):
        list(getattr(client_factory.open(transport), name)(pairs, mgn_mode="cross"))
    assert pairs is NESTED or transport.requests == []


@pytest.mark.parametrize(
    ("pairs", "parameters", "rules"),
    [
        ([], {}, ["pair-or-currency"]),
        ([[]], {}, ["pair-or-currency"]),
        ([""], {}, ["empty"]),
        ([[]], {"ccy": "USDT"}, ["empty", "pair-excludes-currency"]),
        (["A-B"], {"mgn_mode": None}, ["missing"]),
        (["BTC-USDT-SWAP"], {}, ["contract"]),
        (
            ["", *inst_ids(SIZE + 2), "BTC-USDT-SWAP", "ETH/USDT", *inst_ids(SIZE + 2), "ETH/USDT"],
            {"ccy": "USDT", "mgn_ccy": "BTC", "trade_quote_ccy": ""},
            ["contract", "currency-without-margin-currency", "empty", "form", "form", "pair-excludes-currency"],
        ),
        ([*inst_ids(SIZE), "BTC-USDC", "BTC-USD"], {}, ["usd-pair-became-usdc-pair"]),
    ],
)
def test_violations(
    client_factory: ClientFactory,
    monkeypatch: pytest.MonkeyPatch,
    pairs: list[Any],
    parameters: dict[str, Any],
    rules: list[str],
) -> None:
    """Every violation of a list of any length is reported once, before anything is sent."""
    # All are enforced, as the inferred ones may be one day; one of them is about the name of a pair.
    enforced = [each._replace(basis="observed") for each in GET_MAX_LOAN.rules]
    monkeypatch.setattr(codec, "GET_MAX_LOAN", GET_MAX_LOAN._replace(rules=tuple(enforced)))
    transport = fake_exchange()
    with pytest.raises(InvalidParametersError) as caught:
        client_factory.open(transport).get_max_loan(*pairs, **{"mgn_mode": "cross", **parameters})
    assert sorted(each.rule_id for each in caught.value.violations) == rules
    assert transport.requests == []


@pytest.mark.parametrize(
    ("name", "pairs"), [("get_max_loan", []), ("get_max_loan", ["A-B"]), ("iter_max_loan", ["A-B"])]
)
def test_unknown_parameter(client_factory: ClientFactory, name: str, pairs: list[str]) -> None:
    """An unknown parameter is a TypeError with those that there are, however the pairs are given."""
    with pytest.raises(TypeError, match=r"no keyword argument instid, x; it has mgn_mode, .*pairs without a") as caught:
        getattr(client_factory.open(fake_exchange()), name)(*pairs, mgn_mode="cross", instid="A-B", x="")
    assert "inst_id," not in str(caught.value)


def test_common_parameters_are_sent(client_factory: ClientFactory) -> None:
    """The common parameters of a batch are sent with each request."""
    transport = fake_exchange()
    client = client_factory.open(transport)
    client.get_max_loan(inst_ids(SIZE + 1), mgn_mode="cross", mgn_ccy="BTC", trade_quote_ccy="USDC")
    client.get_max_loan("A-B", mgn_mode="isolated", mgn_ccy="BTC")
    client.get_max_loan(mgn_mode="cross", ccy="USDT")
    queries = [each.target.partition("?")[2] for each in transport.requests]
    assert sorted(queries[:2]) == [
        f"mgnMode=cross&instId={','.join(inst_ids(SIZE))}&mgnCcy=BTC&tradeQuoteCcy=USDC",
        f"mgnMode=cross&instId=C{SIZE}-USDT&mgnCcy=BTC&tradeQuoteCcy=USDC",
    ]
    assert queries[2:] == ["mgnMode=isolated&instId=A-B&mgnCcy=BTC", "mgnMode=cross&ccy=USDT"]


@pytest.mark.parametrize(
    ("response", "numbers"),
    [
        (UNAVAILABLE, (1, SIZE)),
        (error_response("51010"), (1, SIZE)),
        (WRONG_MODE, (1, SIZE)),
        (error_response("51001"), (1,)),
    ],
)
def test_single_failure_is_raised(client_factory: ClientFactory, response: Response, numbers: tuple[int, ...]) -> None:
    """If nothing arrived and one request failed, its error is raised unchanged, and the request is not split."""
    for number in numbers:
        transport = FakeTransport(response)
        with pytest.raises(ApiError) as caught:
            client_factory.open(transport, max_retries=0).get_max_loan(inst_ids(number), mgn_mode="cross")
        assert caught.value.inst_ids == tuple(inst_ids(number))
        assert len(transport.requests) == 1


@pytest.mark.parametrize(
    "failure", [UNAVAILABLE, NoResponseError("reset"), RequestNotSentError("no"), InvalidResponseError("it is empty")]
)
def test_failed_request_affects_only_its_pairs(client_factory: ClientFactory, failure: ScriptedResponse) -> None:
    """A request that fails for its own reason does not affect the rows of other requests."""
    second = tuple(inst_ids(2 * SIZE)[SIZE:])

    def flaky(request: Request) -> Response:
        fails = second[-1] in requested_inst_ids(request)
        return FakeTransport(failure).send(request, 1.0) if fails else loans_response(request)

    error = partial_failure(client_factory.open(FakeTransport(flaky)), inst_ids(4 * SIZE))
    ((failed, reason),) = error.failures
    assert failed == second
    assert reason is failure or isinstance(reason, ServiceUnavailableError)
    assert row_order(error.loans) == [each for each in inst_ids(4 * SIZE) if each not in second]


COMMON_CAUSES = [error_response(code) for code in ("50113", "50110", "50102", "51010")]
# The exchange's text about the margin mode, and the mock's.
COMMON_CAUSES += [WRONG_MODE, error_response("51000", msg="not accepted: mgnMode")]


@pytest.mark.parametrize("response", COMMON_CAUSES, ids=repr)
def test_common_error_costs_one_request(client_factory: ClientFactory, response: Response) -> None:
    """The first request is sent alone; if it fails for a reason that affects all pairs, the rest is not sent.

    An iterator sends each request, and splits none.
    """
    transport = FakeTransport(response)
    client = client_factory.open(transport)
    (first, error), (rest, unsent) = partial_failure(client, inst_ids(1000)).failures
    assert len({each.target for each in transport.requests if "max-loan" in each.target}) == 1
    assert (first, rest) == (tuple(inst_ids(SIZE)), tuple(inst_ids(1000)[SIZE:]))
    assert isinstance(error, ApiError)
    assert isinstance(unsent, RequestNotSentError)
    assert "affects all of them" in str(unsent)
    results = client.iter_max_loan(inst_ids(4 * SIZE), mgn_mode="isolated")
    assert [len(each.inst_ids) for each in results] == [SIZE] * 4


@pytest.mark.parametrize("response", [error_response("51010"), WRONG_MODE, error_response("50113")])
def test_late_common_error_costs_the_requests_in_flight(client_factory: ClientFactory, response: Response) -> None:
    """Parameters that OKX accepted once are sent concurrently; their rejection is not split, and ends the batch."""
    transport = fake_exchange()
    client = client_factory.open(transport)
    client.get_max_loan("A-B", mgn_mode="cross")
    transport._responses[:] = [response]
    error = partial_failure(client, inst_ids(1000))
    assert 1 < len(transport.requests) <= 1 + 2 * batching.MAX_CONCURRENCY
    assert sorted(failed_pairs(error)) == sorted(inst_ids(1000))
    # One for each rejected request, and one for the requests that were not sent.
    assert len(error.failures) == len(transport.requests)
    transport.requests.clear()
    partial_failure(client, inst_ids(1000), mgn_mode="isolated")
    assert len(transport.requests) == 1


@pytest.mark.parametrize(
    ("event", "kind"),
    [("revoked", AuthenticationError), ("closed", ClientClosedError), ("late", RequestNotSentError)],
)
def test_end_of_a_batch(client_factory: ClientFactory, event: str, kind: type[OkxError]) -> None:
    """An error for all pairs, close() and the total timeout end a batch; rows of requests in flight are returned."""

    def respond(request: Request) -> Response:
        if event == "late":
            client_factory.clock.now += 1.0
        elif "C20-USDT" in requested_inst_ids(request):
            client.raw._state.is_closed = event == "closed"
            return error_response("50113") if event == "revoked" else loans_response(request)
        return loans_response(request)

    transport = FakeTransport(respond)
    client = client_factory.open(transport, total_timeout=10.0)
    error = partial_failure(client, MANY)
    arrived = row_order(error.loans)
    assert len(arrived) == SIZE * (len(transport.requests) - (event == "revoked"))
    assert sorted([*arrived, *failed_pairs(error)]) == sorted(MANY)
    assert {kind} <= {type(each) for _, each in error.failures} <= {kind, RequestNotSentError}
    assert 1 < len(transport.requests) <= 10 + 2 * batching.MAX_CONCURRENCY
    assert event != "late" or len(transport.requests) >= 10


def test_deadline_of_100_000_pairs(client_factory: ClientFactory) -> None:
    """The deadline holds for any number of pairs, as the work for a result does not grow with them; in CPU time."""
    limiter, pairs = MemoryLimiter(max_requests=10**6), inst_ids(100_000)
    client = client_factory.open(fake_exchange(), limiter=limiter, clock=SystemClock(), total_timeout=0.5)
    begun = time.process_time()
    error = partial_failure(client, pairs)
    assert time.process_time() - begun < 0.5 + 2
    assert len({*failed_pairs(error)}) + len(row_order(error.loans)) == len(pairs)


def test_iterator(client_factory: ClientFactory) -> None:
    """The iterator yields rows and failures as requests end, every pair once, and nothing without pairs."""
    bad = {("C3-USDT",), ("C4-USDT",), ("C12-USDT",)}
    client = client_factory.open(fake_exchange(*(pair for [pair] in bad)))
    results = list(client.iter_max_loan(iter([",".join(inst_ids(23))]), mgn_mode="cross"))
    assert sorted(each for one in results for each in one.inst_ids) == sorted(inst_ids(23))
    assert {one.inst_ids for one in results if one.error} == bad
    assert all(one.error.inst_ids == one.inst_ids and one.loans == () for one in results if one.error)
    assert all(row_order(one.loans) == list(one.inst_ids) for one in results if not one.error)
    assert list(client.iter_max_loan([], mgn_mode="cross")) == []


def test_invalid_pairs_fail_alone(client_factory: ClientFactory) -> None:
    """Invalid pairs fail alone and are never sent; the valid pairs beside them are."""
    transport = fake_exchange()
    pairs = ["A-B", "BTC-USDT-SWAP", "C-D", "", "A-B", "not a pair", "E F"]
    batches = client_factory.open(transport).iter_max_loan(pairs, mgn_mode="cross")
    results = {each.inst_ids: type(each.error) for each in batches}
    assert results == {("A-B", "C-D"): type(None)} | {
        (each,): InvalidParametersError for each in ("BTC-USDT-SWAP", "", "not a pair", "E F")
    }
    assert [requested_inst_ids(each) for each in transport.requests] == [["A-B", "C-D"]]


def test_pairs_are_taken_on_demand(client_factory: ClientFactory) -> None:
    """Pairs of an endless supply are taken only as requests need them, and none before the first result is awaited."""
    taken = count()
    endless = (f"C{each}-USDT" for each in taken)
    stream = client_factory.open(fake_exchange()).iter_max_loan(endless, mgn_mode="cross")
    assert next(taken) == 0
    assert len(list(islice(stream, 30))) == 30
    stream.close()
    assert next(taken) <= SIZE * (30 + batching.MAX_CONCURRENCY) + 2


def test_memory(client_factory: ClientFactory) -> None:
    """After two thousand requests an iterator uses no more memory than after two hundred."""

    class Forgetful(FakeTransport):
        def send(self, request: Request, timeout: float) -> Response:  # noqa: ARG002 -- it records nothing
            return ok_response(*(loan_row(each) for each in requested_inst_ids(request)))

    client = client_factory.open(Forgetful())
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
    # The limiter's records need 60 kB. The rows of each thousand pairs would make 1 MB, and there are thousands.
    assert used[1] < used[0] + 450_000


def test_total_timeout_is_for_each_request(client_factory: ClientFactory) -> None:
    """The total timeout is for each request, so an iterator may take longer."""

    def slow(request: Request) -> Response:
        client_factory.clock.now += 0.4 / batching.MAX_CONCURRENCY
        return loans_response(request)

    results = list(client_factory.open(FakeTransport(slow), total_timeout=1.0).iter_max_loan(MANY, mgn_mode="cross"))
    assert len(results) == len(MANY) // SIZE
    assert all(each.error is None for each in results)
    assert client_factory.clock.now > 1000.0 + 1.0
