"""Batch: any number of pairs, in the order asked, and none lost to another's fault."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from okx_maxloan_api.contract import GET_MAX_LOAN

from okx_maxloan_sdk import batching, codec
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
from tests.support.clients import get_max_loan
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

if TYPE_CHECKING:
    from collections.abc import Callable

    from okx_maxloan_sdk.transport import Request, Response
    from tests.support.clients import ClientFactory


def test_thousand_with_three_bad_ones(client_factory: ClientFactory) -> None:
    """Of a thousand pairs with three bad ones 997 come, in order, beside three failures that name the bad ones."""
    wanted = inst_ids(1000)
    bad = {"C7-USDT", "C503-USDT", "C999-USDT"}
    wire = fake_exchange(*bad)
    with pytest.raises(PartialFailureError) as caught:
        client_factory.open(wire).get_max_loan(wanted, mgn_mode="cross")
    assert row_order(caught.value.loans) == [each for each in wanted if each not in bad]
    assert len(caught.value.loans) == 2 * 997
    assert [inst_ids for inst_ids, _ in caught.value.failures] == [("C7-USDT",), ("C503-USDT",), ("C999-USDT",)]
    assert all(isinstance(error, BadRequestError) for _, error in caught.value.failures)
    assert all(len(requested_inst_ids(each)) <= SIZE for each in wire.requests)
    # Full requests, and the halves of those with a bad pair, and theirs, until each stands alone.
    full, halvings = -(-1000 // SIZE), (SIZE - 1).bit_length()
    assert full + len(bad) <= len(wire.requests) <= full + len(bad) * 2 * halvings
    assert "no rows for 3 of the pairs; 1994 rows arrived" in str(caught.value)
    assert set(client_factory.limiter.notes) == {"answered"}


def test_thousand_over_a_socket(client_factory: ClientFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same against an exchange on a socket, which checks every signature."""
    bad = {"C7-USDT", "C503-USDT", "C999-USDT"}
    pairs = {
        each: market.Pair(each.partition("-")[0], "USDT", market.PAIRS["BTC-USDT"].leverage) for each in inst_ids(1000)
    }
    for each in pairs.values():
        monkeypatch.setitem(market.CURRENCIES, each.base, market.CURRENCIES["BTC"])
        if each.inst_id not in bad:
            monkeypatch.setitem(market.PAIRS, each.inst_id, each)
    served = default_exchange()
    served.enforce_rate_limit = False
    key = served.users["spot"].keys[0]
    with serve(served) as url:
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
    """No request asks about more pairs than the contract allows, and there are no more requests than that takes."""
    wire = fake_exchange()
    assert row_order(client_factory.open(wire).get_max_loan(inst_ids(number), mgn_mode="cross")) == inst_ids(number)
    assert len(wire.requests) == -(-number // SIZE)
    assert max(len(requested_inst_ids(each)) for each in wire.requests) == min(number, SIZE)


def test_order(client_factory: ClientFactory) -> None:
    """Rows come in the order asked, each pair's in the order of the exchange, whichever request ends first."""

    def backwards(request: Request) -> Response:
        if not client_factory.is_async:
            time.sleep(
                0.002 * (len(inst_ids(60)) - int(requested_inst_ids(request)[0][1:-5])) / 5
            )  # real, so that threads overtake
        return ok_response(
            *(loan_row(each, side) for each in reversed(requested_inst_ids(request)) for side in ("sell", "buy"))
        )

    found = client_factory.open(FakeTransport(backwards)).get_max_loan(inst_ids(60), mgn_mode="cross")
    assert [(each.inst_id, each.side) for each in found] == [
        (inst_id, side) for inst_id in inst_ids(60) for side in ("sell", "buy")
    ]


def test_pairs_without_a_row(client_factory: ClientFactory) -> None:
    """Pairs that OKX answers without a row fail by name, and the rows of the others come with them."""
    wire = FakeTransport(ok_response(loan_row("B-C"), loan_row("A-B")))
    with pytest.raises(PartialFailureError, match="no data for X-Z, Y-Z; it may be delisted") as caught:
        client_factory.open(wire).get_max_loan("X-Z", "A-B", "Y-Z", "B-C", mgn_mode="cross")
    assert row_order(caught.value.loans) == ["A-B", "B-C"]
    assert [(ids, type(error)) for ids, error in caught.value.failures] == [(("X-Z", "Y-Z"), MissingDataError)]


@pytest.mark.parametrize("pairs", [1, SIZE + 1])
def test_no_row_at_all(client_factory: ClientFactory, pairs: int) -> None:
    """No pair of an answer without rows is taken for one that nothing can be borrowed for."""
    with pytest.raises(PartialFailureError) as caught:
        client_factory.open(FakeTransport(ok_response())).get_max_loan(inst_ids(pairs), mgn_mode="cross")
    assert caught.value.loans == []
    assert sorted(each for failed, _ in caught.value.failures for each in failed) == sorted(inst_ids(pairs))


def test_currency_without_a_row(client_factory: ClientFactory) -> None:
    """A currency that OKX answers without a row is an error too."""
    with pytest.raises(MissingDataError, match="no data for USDT"):
        client_factory.open(FakeTransport(ok_response())).get_max_loan(mgn_mode="cross", ccy="USDT")


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
def test_ways_to_ask(client_factory: ClientFactory, given: tuple[Any, ...]) -> None:
    """Pairs are given one by one, joined by commas, as lists or generators; each is asked about once."""
    wire = fake_exchange()
    given = tuple(each() if callable(each) else each for each in given)
    assert row_order(client_factory.open(wire).get_max_loan(*given, mgn_mode="cross")) == ["A-B", "C-D", "E-F"]
    assert [requested_inst_ids(each) for each in wire.requests] == [["A-B", "C-D", "E-F"]]


@pytest.mark.parametrize("given", [5, None, b"BTC-USDT", ["BTC-USDT", 5], [["BTC-USDT", None]]])
def test_no_text(client_factory: ClientFactory, given: Any) -> None:
    """What is no text is refused by its type before anything is sent."""
    wire = fake_exchange()
    client = client_factory.open(wire)
    with pytest.raises(TypeError, match="a pair must be a str"):
        client.get_max_loan(given, mgn_mode="cross")
    with pytest.raises(TypeError, match="a pair must be a str"):
        list(client.iter_max_loan(given, mgn_mode="cross"))
    assert wire.requests == []


def test_long_lists_joined_by_commas_lose_nothing(client_factory: ClientFactory) -> None:
    """A bad pair among twenty that one text joins costs nobody's rows."""
    found = client_factory.open(fake_exchange("C9-USDT")).iter_max_loan(",".join(inst_ids(20)), mgn_mode="cross")
    assert sorted(row_order([loan for each in found for loan in each.loans])) == sorted(set(inst_ids(20)) - {"C9-USDT"})


def test_everything_wrong_at_once(client_factory: ClientFactory) -> None:
    """A long list's faults are all reported before anything is sent, each once."""
    wire = fake_exchange()
    wanted: list[Any] = ["", *inst_ids(SIZE + 2), "BTC-USDT-SWAP", "ETH/USDT", *inst_ids(SIZE + 2), "ETH/USDT"]
    with pytest.raises(InvalidParametersError) as caught:
        client_factory.open(wire).get_max_loan(wanted, mgn_mode="cross", ccy="USDT", mgn_ccy="BTC", trade_quote_ccy="")
    # A rule that forbids pairs together with a currency may be among them once it is more than inferred.
    found = [each.rule_id for each in caught.value.violations if each.rule_id != "pair-excludes-currency"]
    assert sorted(found) == ["contract", "currency-without-margin-currency", "empty", "form", "form"]
    assert wire.requests == []


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
def test_rules_of_small_questions(client_factory: ClientFactory, parameters: dict[str, Any], rule: str) -> None:
    """Questions of one request or none are held against the rules as well."""
    wire = fake_exchange()
    with pytest.raises(InvalidParametersError) as caught:
        get_max_loan(client_factory.open(wire), **parameters)
    assert rule in [each.rule_id for each in caught.value.violations]
    assert wire.requests == []


def test_a_rule_about_pairs_holds_in_every_request(
    client_factory: ClientFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule that tells pairs apart is checked for each of them, in whichever request it would travel."""
    rules = tuple(
        rule._replace(basis="observed") if rule.id == "usd-pair-became-usdc-pair" else rule
        for rule in GET_MAX_LOAN.rules
    )
    monkeypatch.setattr(codec, "GET_MAX_LOAN", GET_MAX_LOAN._replace(rules=rules))
    wire = fake_exchange()
    with pytest.raises(InvalidParametersError) as caught:
        client_factory.open(wire).get_max_loan(*inst_ids(SIZE), "BTC-USDC", "BTC-USD", mgn_mode="cross")
    assert [each.rule_id for each in caught.value.violations] == ["usd-pair-became-usdc-pair"]
    assert "BTC-USD" in caught.value.violations[0].given
    assert wire.requests == []


def test_no_such_parameter(client_factory: ClientFactory) -> None:
    """A parameter that the endpoint does not have is an error of the program, whatever the way to ask."""
    client = client_factory.open(fake_exchange())
    asks: list[Callable[[], Any]] = [
        lambda: client.get_max_loan(mgn_mode="cross", instid="A-B"),
        lambda: client.get_max_loan("A-B", mgn_mode="cross", instid="A-B"),
        lambda: client.iter_max_loan("A-B", mgn_mode="cross", instid="A-B"),
    ]
    for ask in asks:
        with pytest.raises(TypeError, match="no keyword argument instid"):
            ask()


def test_other_parameters_travel(client_factory: ClientFactory) -> None:
    """What all requests of a batch share travels with each."""
    wire = fake_exchange()
    client = client_factory.open(wire)
    client.get_max_loan(inst_ids(SIZE + 1), mgn_mode="cross", mgn_ccy="BTC", trade_quote_ccy="USDC")
    client.get_max_loan("A-B", mgn_mode="isolated", mgn_ccy="BTC")
    client.get_max_loan(mgn_mode="cross", ccy="USDT")
    queries = [each.target.partition("?")[2] for each in wire.requests]
    assert sorted(queries[:2]) == [
        f"mgnMode=cross&instId={','.join(inst_ids(SIZE))}&mgnCcy=BTC&tradeQuoteCcy=USDC",
        f"mgnMode=cross&instId=C{SIZE}-USDT&mgnCcy=BTC&tradeQuoteCcy=USDC",
    ]
    assert queries[2:] == ["mgnMode=isolated&instId=A-B&mgnCcy=BTC", "mgnMode=cross&ccy=USDT"]


@pytest.mark.parametrize("number", [1, SIZE, SIZE + 1])
def test_only_failure_is_raised_as_it_is(client_factory: ClientFactory, number: int) -> None:
    """When nothing arrived and there is one failure, that is what is raised."""
    with pytest.raises(ServiceUnavailableError if number <= SIZE else PartialFailureError) as caught:
        client_factory.open(FakeTransport(error_response("50026", 500))).get_max_loan(
            inst_ids(number), mgn_mode="cross"
        )
    if isinstance(caught.value, PartialFailureError):
        assert {type(error) for _, error in caught.value.failures} == {ServiceUnavailableError}


def test_one_bad_pair_alone(client_factory: ClientFactory) -> None:
    """A single pair that is refused is its own error."""
    with pytest.raises(BadRequestError) as caught:
        client_factory.open(fake_exchange("A-B")).get_max_loan("A-B", mgn_mode="cross")
    assert caught.value.inst_ids == ("A-B",)


def test_bad_pairs_are_parted(client_factory: ClientFactory) -> None:
    """Several bad pairs in one request are each found, and what the refusal names is the pair alone."""
    first, *good, last = inst_ids(SIZE)
    with pytest.raises(PartialFailureError) as caught:
        client_factory.open(fake_exchange(first, last)).get_max_loan(inst_ids(SIZE), mgn_mode="cross")
    assert row_order(caught.value.loans) == good
    assert [(each, error.inst_ids) for each, error in caught.value.failures if isinstance(error, ApiError)] == [
        ((first,), (first,)),
        ((last,), (last,)),
    ]


def test_other_refusals_are_not_parted(client_factory: ClientFactory) -> None:
    """What has nothing to do with a single pair fails once for all of a request."""
    wire = FakeTransport(error_response("51010"))
    with pytest.raises(AccountModeError):
        client_factory.open(wire).get_max_loan(inst_ids(SIZE), mgn_mode="cross")
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (error_response("50026", 500), ServiceUnavailableError),
        (NoResponseError("reset"), NoResponseError),
        (RequestNotSentError("no"), RequestNotSentError),
    ],
)
def test_a_failed_request_costs_its_own_pairs(
    client_factory: ClientFactory, failure: Any, kind: type[Exception]
) -> None:
    """A request that fails for a reason of its own costs no other request's rows."""
    wanted, second = inst_ids(4 * SIZE), tuple(inst_ids(2 * SIZE)[SIZE:])

    def flaky(request: Request) -> Response:
        if second[-1] in requested_inst_ids(request):
            if isinstance(failure, Exception):
                raise failure
            assert not isinstance(failure, BaseException)
            return failure  # type: ignore[no-any-return] # a Response
        return loans_response(request)

    with pytest.raises(PartialFailureError) as caught:
        client_factory.open(FakeTransport(flaky)).get_max_loan(wanted, mgn_mode="cross")
    ((lost, error),) = caught.value.failures
    assert lost == second
    assert isinstance(error, kind)
    assert row_order(caught.value.loans) == [each for each in wanted if each not in lost]


# OKX's texts name the parameter: the recorded one of the margin mode, and the mock's.
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
def test_a_cause_that_all_pairs_share_costs_one_request(client_factory: ClientFactory, cause: str) -> None:
    """The first request of a thousand pairs is sent alone; when it fails for all of them the rest is not sent."""
    refusal, kind = COMMON_CAUSES[cause]
    wire = FakeTransport(refusal)
    with pytest.raises(PartialFailureError) as caught:
        client_factory.open(wire).get_max_loan(inst_ids(1000), mgn_mode="cross")
    targets = {each.target for each in wire.requests if "max-loan" in each.target}
    assert len(targets) == 1
    (first, error), (rest, unsent) = caught.value.failures
    assert (first, rest) == (tuple(inst_ids(SIZE)), tuple(inst_ids(1000)[SIZE:]))
    assert isinstance(error, kind)
    assert isinstance(unsent, RequestNotSentError)
    assert "affects all of them" in str(unsent)


@pytest.mark.parametrize("refusal", [error_response("51010"), WRONG_MODE, error_response("50113")])
def test_a_cause_that_comes_up_later_costs_the_requests_in_flight(
    client_factory: ClientFactory, refusal: Response
) -> None:
    """Parameters that OKX accepted once are sent side by side at once; a refusal is not split, and ends the batch."""
    wire = fake_exchange()
    client = client_factory.open(wire)
    client.get_max_loan("A-B", mgn_mode="cross")
    wire._answers[:] = [refusal]
    with pytest.raises(PartialFailureError) as caught:
        client.get_max_loan(inst_ids(1000), mgn_mode="cross")
    assert 1 < len(wire.requests) <= 1 + 2 * batching.MAX_CONCURRENCY
    failures = caught.value.failures
    assert sorted(each for inst_ids, _ in failures for each in inst_ids) == sorted(inst_ids(1000))
    assert len(failures) == len(wire.requests)  # one for each refused request, and one for what was not sent
    wire._answers[:] = [refusal]
    wire.requests.clear()
    with pytest.raises(PartialFailureError):
        client.get_max_loan(inst_ids(1000), mgn_mode="isolated")
    assert len(wire.requests) == 1


def test_a_parameter_that_is_wrong_for_one_pair_ends_nothing(client_factory: ClientFactory) -> None:
    """The currencies that settle a pair, or are its margin, are its own: 51000 for them is split as for a bad pair."""

    def picky(request: Request) -> Response:
        bad = {"C0-USDT", "C7-USDT"} & set(requested_inst_ids(request))
        return error_response("51000", msg="Parameter tradeQuoteCcy error") if bad else loans_response(request)

    with pytest.raises(PartialFailureError) as caught:
        client_factory.open(FakeTransport(picky)).get_max_loan(inst_ids(20), mgn_mode="cross", trade_quote_ccy="USDC")
    assert [inst_ids for inst_ids, _ in caught.value.failures] == [("C0-USDT",), ("C7-USDT",)]
    assert len(row_order(caught.value.loans)) == 18


@pytest.mark.parametrize("answer", [WRONG_MODE, error_response("51010")])
def test_a_stream_does_not_split_what_all_pairs_share(client_factory: ClientFactory, answer: Response) -> None:
    """Each of its requests fails once, whole."""
    wire = FakeTransport(answer)
    results = list(client_factory.open(wire).iter_max_loan(inst_ids(4 * SIZE), mgn_mode="isolated"))
    assert [len(each.inst_ids) for each in results] == [SIZE] * 4
    assert len(wire.requests) == 4


@pytest.mark.parametrize(
    ("user", "mgn_mode"), [("spot", "isolated"), ("spot_plain", "isolated"), ("spot_plain", "cross")]
)
def test_a_wrong_mode_costs_one_request_of_the_mock(client_factory: ClientFactory, user: str, mgn_mode: str) -> None:
    """Forty pairs of an account in a mode that has no such margin, over a socket."""
    served = default_exchange()
    key = served.users[user].keys[0]
    with serve(served) as url:
        client = client_factory.open(
            base_url=url, credentials=Credentials(key.key, key.secret, key.passphrase), clock=SystemClock()
        )
        with pytest.raises(PartialFailureError) as caught:
            client.get_max_loan(inst_ids(40), mgn_mode=mgn_mode)
        client.close()
    (first, error), (rest, _) = caught.value.failures
    assert (len(first), len(rest)) == (SIZE, 40 - SIZE)
    assert isinstance(error, ApiError)
    assert set(client_factory.limiter.notes) == {"answered"}
    assert len(client_factory.limiter.notes) == 1


def test_what_is_on_its_way_arrives(client_factory: ClientFactory) -> None:
    """A failure that ends a batch costs no request that was sent before it: its rows are in the error."""
    sent: list[Request] = []

    def revoked(request: Request) -> Response:
        sent.append(request)
        return error_response("50113") if "C50-USDT" in requested_inst_ids(request) else loans_response(request)

    with pytest.raises(PartialFailureError) as caught:
        client_factory.open(FakeTransport(revoked)).get_max_loan(inst_ids(1000), mgn_mode="cross")
    arrived = row_order(caught.value.loans)
    assert len(arrived) == SIZE * (len(sent) - 1)
    lost = [each for inst_ids, _ in caught.value.failures for each in inst_ids]
    assert sorted([*arrived, *lost]) == sorted(inst_ids(1000))


def test_closed_meanwhile(client_factory: ClientFactory) -> None:
    """A client that is closed under a batch ends it, with the rows that did arrive."""
    client: Any = None

    def close(request: Request) -> Response:
        client.raw._state.is_closed = "C20-USDT" in requested_inst_ids(request) or client.raw._state.is_closed
        return loans_response(request)

    wire = FakeTransport(close)
    client = client_factory.open(wire)
    with pytest.raises(PartialFailureError) as caught:
        client.get_max_loan(MANY, mgn_mode="cross")
    assert len(row_order(caught.value.loans)) == SIZE * len(wire.requests)
    assert any(isinstance(error, ClientClosedError) for _, error in caught.value.failures)
    assert len(wire.requests) < 3 * batching.MAX_CONCURRENCY


def test_deadline_of_a_batch(client_factory: ClientFactory) -> None:
    """The deadline is the whole batch's: what cannot be asked in time fails, and the rest has come."""

    def slow(request: Request) -> Response:
        client_factory.clock.now += 1.0
        return loans_response(request)

    wire = FakeTransport(slow)
    with pytest.raises(PartialFailureError) as caught:
        client_factory.open(wire, total_timeout=10.0).get_max_loan(MANY, mgn_mode="cross")
    assert 10 <= len(wire.requests) <= 10 + batching.MAX_CONCURRENCY
    assert len(row_order(caught.value.loans)) == SIZE * len(wire.requests)
    assert {type(error) for _, error in caught.value.failures} == {RequestNotSentError}
