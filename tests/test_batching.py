"""Batching: any number of pairs, rows in the order of the pairs, and failures that affect only their own pairs."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from okx_maxloan_api.contract import GET_MAX_LOAN

from okx_maxloan_sdk import MemoryLimiter, batching, codec
from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.credentials import Credentials
from okx_maxloan_sdk.exceptions import (
    AccountModeError,
    ApiError,
    AuthenticationError,
    BadRequestError,
    ClientClosedError,
    ClockSkewError,
    InvalidParametersError,
    MissingDataError,
    NoResponseError,
    PartialFailureError,
    PermissionDeniedError,
    RequestNotSentError,
    ServiceUnavailableError,
)
from okx_maxloan_sdk.mock import default_exchange
from okx_maxloan_sdk.mock import margin as market
from okx_maxloan_sdk.mock.serve import serve
from okx_maxloan_sdk.transport import Request, Response
from tests.support.clients import ClientFactory, get_max_loan
from tests.support.contract_values import MANY, SIZE
from tests.support.fake_transport import (
    FakeTransport,
    error_response,
    fake_exchange,
    inst_ids,
    loan_row,
    loans_response,
    ok_response,
    requested_inst_ids,
    row_order,
)


def test_thousand_with_three_bad_ones(client_factory: ClientFactory) -> None:
    """Of a thousand pairs with three bad ones, 997 have rows in order, and three failures name the bad ones."""
    requested = inst_ids(1000)
    bad = {"C7-USDT", "C503-USDT", "C999-USDT"}
    transport = fake_exchange(*bad)
    with pytest.raises(PartialFailureError) as caught:
        client_factory.open(transport).get_max_loan(requested, mgn_mode="cross")
    assert row_order(caught.value.loans) == [each for each in requested if each not in bad]
    assert len(caught.value.loans) == 2 * 997
    assert [inst_ids for inst_ids, _ in caught.value.failures] == [("C7-USDT",), ("C503-USDT",), ("C999-USDT",)]
    assert all(isinstance(error, BadRequestError) for _, error in caught.value.failures)
    assert all(len(requested_inst_ids(each)) <= SIZE for each in transport.requests)
    # Full requests, and recursively the halves of those with a bad pair.
    full, halvings = -(-1000 // SIZE), (SIZE - 1).bit_length()
    assert full + len(bad) <= len(transport.requests) <= full + len(bad) * 2 * halvings
    assert "no rows for 3 of the pairs; 1994 rows arrived" in str(caught.value)
    assert set(client_factory.limiter.outcomes) == {"responded"}


def test_thousand_over_a_socket(client_factory: ClientFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same over a socket, with an exchange that checks every signature."""
    bad = {"C7-USDT", "C503-USDT", "C999-USDT"}
    pairs = {
        each: market.Pair(each.partition("-")[0], "USDT", market.PAIRS["BTC-USDT"].leverage) for each in inst_ids(1000)
    }
    for each in pairs.values():
        monkeypatch.setitem(market.CURRENCIES, each.base, market.CURRENCIES["BTC"])
        if each.inst_id not in bad:
            monkeypatch.setitem(market.PAIRS, each.inst_id, each)
    mock_exchange = default_exchange()
    mock_exchange.enforce_rate_limit = False
    key = mock_exchange.users["spot"].keys[0]
    with serve(mock_exchange) as url:
        client = client_factory.open(
            base_url=url, credentials=Credentials(key.key, key.secret, key.passphrase), clock=SystemClock()
        )
        with pytest.raises(PartialFailureError) as caught:
            client.get_max_loan(inst_ids(1000), mgn_mode="cross")
        client.close()
    assert row_order(caught.value.loans) == [each for each in inst_ids(1000) if each not in bad]
    assert {inst_ids for inst_ids, _ in caught.value.failures} == {(each,) for each in bad}


@pytest.mark.parametrize("number", [1, SIZE - 1, SIZE, SIZE + 1, 2 * SIZE, 2 * SIZE + 1, 99])
def test_requests_are_full(client_factory: ClientFactory, number: int) -> None:
    """Requests have at most the contract's number of pairs, and no more requests than necessary are sent."""
    transport = fake_exchange()
    assert row_order(client_factory.open(transport).get_max_loan(inst_ids(number), mgn_mode="cross")) == inst_ids(
        number
    )
    assert len(transport.requests) == -(-number // SIZE)
    assert max(len(requested_inst_ids(each)) for each in transport.requests) == min(number, SIZE)


def test_order(client_factory: ClientFactory) -> None:
    """Rows are in the order of the pairs, whichever request ends first, each pair's in the order of the exchange."""

    def backwards(request: Request) -> Response:
        if not client_factory.is_async:
            # Real, so that threads overtake each other.
            time.sleep(0.002 * (len(inst_ids(60)) - int(requested_inst_ids(request)[0][1:-5])) / 5)
        return ok_response(
            *(loan_row(each, side) for each in reversed(requested_inst_ids(request)) for side in ("sell", "buy"))
        )

    loans = client_factory.open(FakeTransport(backwards)).get_max_loan(inst_ids(60), mgn_mode="cross")
    assert [(each.inst_id, each.side) for each in loans] == [
        (inst_id, side) for inst_id in inst_ids(60) for side in ("sell", "buy")
    ]


def test_pairs_without_a_row(client_factory: ClientFactory) -> None:
    """Pairs without a row in OKX's response fail by name, and the other rows are in the error."""
    transport = FakeTransport(ok_response(loan_row("B-C"), loan_row("A-B")))
    with pytest.raises(PartialFailureError, match="no data for X-Z, Y-Z; it may be delisted") as caught:
        client_factory.open(transport).get_max_loan("X-Z", "A-B", "Y-Z", "B-C", mgn_mode="cross")
    assert row_order(caught.value.loans) == ["A-B", "B-C"]
    assert [(ids, type(error)) for ids, error in caught.value.failures] == [(("X-Z", "Y-Z"), MissingDataError)]


@pytest.mark.parametrize("pairs", [1, SIZE + 1])
def test_no_row_at_all(client_factory: ClientFactory, pairs: int) -> None:
    """A success response without rows is an error for every pair, and never means that the loan is zero."""
    with pytest.raises(PartialFailureError) as caught:
        client_factory.open(FakeTransport(ok_response())).get_max_loan(inst_ids(pairs), mgn_mode="cross")
    assert caught.value.loans == []
    assert sorted(each for failed, _ in caught.value.failures for each in failed) == sorted(inst_ids(pairs))


def test_currency_without_a_row(client_factory: ClientFactory) -> None:
    """A currency without a row in OKX's response is an error too."""
    with pytest.raises(MissingDataError, match="no data for USDT"):
        client_factory.open(FakeTransport(ok_response())).get_max_loan(mgn_mode="cross", ccy="USDT")


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


@pytest.mark.parametrize("arguments", [5, None, b"BTC-USDT", ["BTC-USDT", 5], [["BTC-USDT", None]]])
def test_pair_that_is_no_text(client_factory: ClientFactory, arguments: Any) -> None:
    """A pair that is no text is rejected with its type before anything is sent."""
    transport = fake_exchange()
    client = client_factory.open(transport)
    with pytest.raises(TypeError, match="a pair must be a str"):
        client.get_max_loan(arguments, mgn_mode="cross")
    with pytest.raises(TypeError, match="a pair must be a str"):
        list(client.iter_max_loan(arguments, mgn_mode="cross"))
    assert transport.requests == []


def test_bad_pair_in_joined_list(client_factory: ClientFactory) -> None:
    """A bad pair among twenty that are joined by commas affects no other rows."""
    batches = client_factory.open(fake_exchange("C9-USDT")).iter_max_loan(",".join(inst_ids(20)), mgn_mode="cross")
    assert sorted(row_order([loan for each in batches for loan in each.loans])) == sorted(
        set(inst_ids(20)) - {"C9-USDT"}
    )


def test_all_violations_at_once(client_factory: ClientFactory) -> None:
    """Every violation of a long list is reported once, before anything is sent."""
    transport = fake_exchange()
    requested: list[Any] = ["", *inst_ids(SIZE + 2), "BTC-USDT-SWAP", "ETH/USDT", *inst_ids(SIZE + 2), "ETH/USDT"]
    with pytest.raises(InvalidParametersError) as caught:
        client_factory.open(transport).get_max_loan(
            requested, mgn_mode="cross", ccy="USDT", mgn_ccy="BTC", trade_quote_ccy=""
        )
    # A rule that forbids pairs together with a currency may be among them once it is no longer inferred.
    rule_ids = [each.rule_id for each in caught.value.violations if each.rule_id != "pair-excludes-currency"]
    assert sorted(rule_ids) == ["contract", "currency-without-margin-currency", "empty", "form", "form"]
    assert transport.requests == []


@pytest.mark.parametrize(
    ("parameters", "rule"),
    [
        ({"mgn_mode": "cross"}, "pair-or-currency"),
        ({"mgn_mode": "cross", "inst_id": []}, "pair-or-currency"),
        ({"mgn_mode": "cross", "inst_id": ""}, "empty"),
        ({"mgn_mode": "cross", "inst_id": [], "ccy": "USDT"}, "empty"),
        ({"mgn_mode": None, "inst_id": "A-B"}, "missing"),
        ({"mgn_mode": "cross", "inst_id": "BTC-USDT-SWAP"}, "contract"),
    ],
)
def test_rules_of_small_calls(client_factory: ClientFactory, parameters: dict[str, Any], rule: str) -> None:
    """Rules apply to calls of one request or none as well."""
    transport = fake_exchange()
    with pytest.raises(InvalidParametersError) as caught:
        get_max_loan(client_factory.open(transport), **parameters)
    assert rule in [each.rule_id for each in caught.value.violations]
    assert transport.requests == []


def test_rule_about_pairs_is_checked_for_every_pair(
    client_factory: ClientFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule about a pair's name is checked for every pair of the batch."""
    rules = tuple(
        rule._replace(basis="observed") if rule.id == "usd-pair-became-usdc-pair" else rule
        for rule in GET_MAX_LOAN.rules
    )
    monkeypatch.setattr(codec, "GET_MAX_LOAN", GET_MAX_LOAN._replace(rules=rules))
    transport = fake_exchange()
    with pytest.raises(InvalidParametersError) as caught:
        client_factory.open(transport).get_max_loan(*inst_ids(SIZE), "BTC-USDC", "BTC-USD", mgn_mode="cross")
    assert [each.rule_id for each in caught.value.violations] == ["usd-pair-became-usdc-pair"]
    assert "BTC-USD" in caught.value.violations[0].given
    assert transport.requests == []


def test_unknown_parameter(client_factory: ClientFactory) -> None:
    """An unknown parameter is a TypeError, however the pairs are given."""
    client = client_factory.open(fake_exchange())
    calls: list[Callable[[], Any]] = [
        lambda: client.get_max_loan(mgn_mode="cross", instid="A-B"),
        lambda: client.get_max_loan("A-B", mgn_mode="cross", instid="A-B"),
        lambda: client.iter_max_loan("A-B", mgn_mode="cross", instid="A-B"),
    ]
    for call in calls:
        with pytest.raises(TypeError, match="no keyword argument instid"):
            call()


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


@pytest.mark.parametrize("number", [1, SIZE, SIZE + 1])
def test_single_failure_is_raised(client_factory: ClientFactory, number: int) -> None:
    """If nothing arrived and there is one failure, it is raised unchanged."""
    with pytest.raises(ServiceUnavailableError if number <= SIZE else PartialFailureError) as caught:
        client_factory.open(FakeTransport(error_response("50026", 500))).get_max_loan(
            inst_ids(number), mgn_mode="cross"
        )
    if isinstance(caught.value, PartialFailureError):
        assert {type(error) for _, error in caught.value.failures} == {ServiceUnavailableError}


def test_one_bad_pair_alone(client_factory: ClientFactory) -> None:
    """A single rejected pair raises its own error."""
    with pytest.raises(BadRequestError) as caught:
        client_factory.open(fake_exchange("A-B")).get_max_loan("A-B", mgn_mode="cross")
    assert caught.value.inst_ids == ("A-B",)


def test_bad_pairs_are_separated(client_factory: ClientFactory) -> None:
    """Several bad pairs of one request are each found, and each error names its pair alone."""
    first, *valid, last = inst_ids(SIZE)
    with pytest.raises(PartialFailureError) as caught:
        client_factory.open(fake_exchange(first, last)).get_max_loan(inst_ids(SIZE), mgn_mode="cross")
    assert row_order(caught.value.loans) == valid
    assert [(each, error.inst_ids) for each, error in caught.value.failures if isinstance(error, ApiError)] == [
        ((first,), (first,)),
        ((last,), (last,)),
    ]


def test_other_errors_are_not_split(client_factory: ClientFactory) -> None:
    """An error that does not concern a single pair fails once for all pairs of its request."""
    transport = FakeTransport(error_response("51010"))
    with pytest.raises(AccountModeError):
        client_factory.open(transport).get_max_loan(inst_ids(SIZE), mgn_mode="cross")
    assert len(transport.requests) == 1


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (error_response("50026", 500), ServiceUnavailableError),
        (NoResponseError("reset"), NoResponseError),
        (RequestNotSentError("no"), RequestNotSentError),
    ],
)
def test_failed_request_affects_only_its_pairs(
    client_factory: ClientFactory, failure: Any, kind: type[Exception]
) -> None:
    """A request that fails for its own reason does not affect the rows of other requests."""
    requested, second = inst_ids(4 * SIZE), tuple(inst_ids(2 * SIZE)[SIZE:])

    def flaky(request: Request) -> Response:
        if second[-1] in requested_inst_ids(request):
            if isinstance(failure, Exception):
                raise failure
            assert not isinstance(failure, BaseException)
            return failure  # type: ignore[no-any-return] # a Response
        return loans_response(request)

    with pytest.raises(PartialFailureError) as caught:
        client_factory.open(FakeTransport(flaky)).get_max_loan(requested, mgn_mode="cross")
    ((dropped, error),) = caught.value.failures
    assert dropped == second
    assert isinstance(error, kind)
    assert row_order(caught.value.loans) == [each for each in requested if each not in dropped]


# OKX's messages name the parameter: the recorded one of the margin mode, and the mock's.
WRONG_MODE = error_response("51000", msg="Parameter MARGIN_MODE error")
COMMON_CAUSES: dict[str, tuple[Response, type[ApiError]]] = {
    "wrong signature": (error_response("50113"), AuthenticationError),
    "wrong passphrase": (error_response("50105"), AuthenticationError),
    "another IP": (error_response("50110"), PermissionDeniedError),
    "clock": (error_response("50102"), ClockSkewError),
    "account mode": (error_response("51010"), AccountModeError),
    "margin mode": (WRONG_MODE, BadRequestError),
    "margin mode, the mock's text": (error_response("51000", msg="not accepted: mgnMode"), BadRequestError),
}


@pytest.mark.parametrize("cause", COMMON_CAUSES)
def test_common_error_costs_one_request(client_factory: ClientFactory, cause: str) -> None:
    """The first request is sent alone; if it fails for a reason that affects all pairs, the rest is not sent."""
    error_body, kind = COMMON_CAUSES[cause]
    transport = FakeTransport(error_body)
    with pytest.raises(PartialFailureError) as caught:
        client_factory.open(transport).get_max_loan(inst_ids(1000), mgn_mode="cross")
    targets = {each.target for each in transport.requests if "max-loan" in each.target}
    assert len(targets) == 1
    (first, error), (rest, unsent) = caught.value.failures
    assert (first, rest) == (tuple(inst_ids(SIZE)), tuple(inst_ids(1000)[SIZE:]))
    assert isinstance(error, kind)
    assert isinstance(unsent, RequestNotSentError)
    assert "affects all of them" in str(unsent)


@pytest.mark.parametrize("error_body", [error_response("51010"), WRONG_MODE, error_response("50113")])
def test_late_common_error_costs_the_requests_in_flight(client_factory: ClientFactory, error_body: Response) -> None:
    """Parameters that OKX accepted once are sent concurrently; their rejection is not split, and ends the batch."""
    transport = fake_exchange()
    client = client_factory.open(transport)
    client.get_max_loan("A-B", mgn_mode="cross")
    transport._responses[:] = [error_body]
    with pytest.raises(PartialFailureError) as caught:
        client.get_max_loan(inst_ids(1000), mgn_mode="cross")
    assert 1 < len(transport.requests) <= 1 + 2 * batching.MAX_CONCURRENCY
    failures = caught.value.failures
    assert sorted(each for inst_ids, _ in failures for each in inst_ids) == sorted(inst_ids(1000))
    # One for each rejected request, and one for the requests that were not sent.
    assert len(failures) == len(transport.requests)
    transport._responses[:] = [error_body]
    transport.requests.clear()
    with pytest.raises(PartialFailureError):
        client.get_max_loan(inst_ids(1000), mgn_mode="isolated")
    assert len(transport.requests) == 1


def test_parameter_that_is_invalid_for_one_pair(client_factory: ClientFactory) -> None:
    """51000 for a currency that depends on the pair is split as for a bad pair, and does not end the batch."""

    def picky(request: Request) -> Response:
        bad = {"C0-USDT", "C7-USDT"} & set(requested_inst_ids(request))
        return error_response("51000", msg="Parameter tradeQuoteCcy error") if bad else loans_response(request)

    with pytest.raises(PartialFailureError) as caught:
        client_factory.open(FakeTransport(picky)).get_max_loan(inst_ids(20), mgn_mode="cross", trade_quote_ccy="USDC")
    assert [inst_ids for inst_ids, _ in caught.value.failures] == [("C0-USDT",), ("C7-USDT",)]
    assert len(row_order(caught.value.loans)) == 18


@pytest.mark.parametrize("response", [WRONG_MODE, error_response("51010")])
def test_iterator_does_not_split_a_common_error(client_factory: ClientFactory, response: Response) -> None:
    """An iterator does not split an error that affects all pairs: each of its requests fails once."""
    transport = FakeTransport(response)
    results = list(client_factory.open(transport).iter_max_loan(inst_ids(4 * SIZE), mgn_mode="isolated"))
    assert [len(each.inst_ids) for each in results] == [SIZE] * 4
    assert len(transport.requests) == 4


@pytest.mark.parametrize(
    ("user", "mgn_mode"), [("spot", "isolated"), ("spot_plain", "isolated"), ("spot_plain", "cross")]
)
def test_unsupported_mode_costs_one_request(client_factory: ClientFactory, user: str, mgn_mode: str) -> None:
    """Forty pairs in a margin mode that the account lacks cost one request, over a socket."""
    mock_exchange = default_exchange()
    key = mock_exchange.users[user].keys[0]
    with serve(mock_exchange) as url:
        client = client_factory.open(
            base_url=url, credentials=Credentials(key.key, key.secret, key.passphrase), clock=SystemClock()
        )
        with pytest.raises(PartialFailureError) as caught:
            client.get_max_loan(inst_ids(40), mgn_mode=mgn_mode)
        client.close()
    (first, error), (rest, _) = caught.value.failures
    assert (len(first), len(rest)) == (SIZE, 40 - SIZE)
    assert isinstance(error, ApiError)
    assert set(client_factory.limiter.outcomes) == {"responded"}
    assert len(client_factory.limiter.outcomes) == 1


def test_requests_in_flight_arrive(client_factory: ClientFactory) -> None:
    """A failure that ends a batch keeps the rows of requests in flight, which are in the error."""
    sent: list[Request] = []

    def revoked(request: Request) -> Response:
        sent.append(request)
        return error_response("50113") if "C50-USDT" in requested_inst_ids(request) else loans_response(request)

    with pytest.raises(PartialFailureError) as caught:
        client_factory.open(FakeTransport(revoked)).get_max_loan(inst_ids(1000), mgn_mode="cross")
    arrived = row_order(caught.value.loans)
    assert len(arrived) == SIZE * (len(sent) - 1)
    dropped = [each for inst_ids, _ in caught.value.failures for each in inst_ids]
    assert sorted([*arrived, *dropped]) == sorted(inst_ids(1000))


def test_closed_meanwhile(client_factory: ClientFactory) -> None:
    """Closing the client ends a batch, and the error has the rows that arrived."""
    client: Any = None

    def close(request: Request) -> Response:
        client.raw._state.is_closed = "C20-USDT" in requested_inst_ids(request) or client.raw._state.is_closed
        return loans_response(request)

    transport = FakeTransport(close)
    client = client_factory.open(transport)
    with pytest.raises(PartialFailureError) as caught:
        client.get_max_loan(MANY, mgn_mode="cross")
    assert len(row_order(caught.value.loans)) == SIZE * len(transport.requests)
    assert any(isinstance(error, ClientClosedError) for _, error in caught.value.failures)
    assert len(transport.requests) < 3 * batching.MAX_CONCURRENCY


def test_total_timeout_of_a_batch(client_factory: ClientFactory) -> None:
    """The total timeout is for the whole batch: pairs that are too late fail, and the other rows are in the error."""

    def slow(request: Request) -> Response:
        client_factory.clock.now += 1.0
        return loans_response(request)

    transport = FakeTransport(slow)
    with pytest.raises(PartialFailureError) as caught:
        client_factory.open(transport, total_timeout=10.0).get_max_loan(MANY, mgn_mode="cross")
    assert 10 <= len(transport.requests) <= 10 + batching.MAX_CONCURRENCY
    assert len(row_order(caught.value.loans)) == SIZE * len(transport.requests)
    assert {type(error) for _, error in caught.value.failures} == {RequestNotSentError}


def test_deadline_of_100_000_pairs(client_factory: ClientFactory) -> None:
    """The deadline holds for any number of pairs, as the work for a result does not grow with them; in wall time."""
    limiter = MemoryLimiter(max_requests=10**6)
    client = client_factory.open(fake_exchange(), limiter=limiter, clock=SystemClock(), total_timeout=0.5)
    pairs = inst_ids(100_000)
    begun = time.monotonic()
    with pytest.raises(PartialFailureError) as caught:
        client.get_max_loan(pairs, mgn_mode="cross")
    assert time.monotonic() - begun < 0.5 + 2
    failed = {pair for each, _ in caught.value.failures for pair in each}
    assert len(failed) + len(row_order(caught.value.loans)) == len(pairs)


@pytest.mark.parametrize("name", ["get_max_loan", "iter_max_loan"])
def test_nested_pairs(client_factory: ClientFactory, name: str) -> None:
    """A list that contains itself is refused."""
    client = client_factory.open(fake_exchange())
    pairs: list[Any] = ["BTC-USDT"]
    pairs.append(pairs)
    with pytest.raises(ValueError, match="nested more than 20 lists deep"):
        list(getattr(client, name)(pairs, mgn_mode="cross"))
