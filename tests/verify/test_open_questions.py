"""Open questions: outcomes are recognized, the account determines the requests, and reports have nothing private."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from okx_maxloan_api.contract import GET_MAX_LOAN, OpenQuestion, Outcome
from okx_maxloan_api.open_questions import OPEN_QUESTIONS

from okx_maxloan_sdk import Account, AccountMode, MaxLoanClient
from okx_maxloan_sdk.exceptions import InvalidResponseError
from okx_maxloan_sdk.mock import MockExchange, MockResponse, default_exchange
from okx_maxloan_sdk.mock.server import run_mock_server
from okx_maxloan_sdk.validation import matches
from okx_maxloan_sdk.verify import open_questions
from okx_maxloan_sdk.verify.open_questions import MAX_REQUESTS, REQUESTS_BEFORE, allowed_questions, ask, report
from tests.support.clients import KEY, credentials
from tests.support.clock import FakeClock
from tests.support.raw import RawServer, respond

# An open question that remains when OKX's responses have settled those of the spec.
BARE = Outcome("bare", {"result": ("rows",), "side": ("absent",)}, (), (), (), "No side.", "无订单方向。")
SPOT = ({"account.mode": ("spot",)},)
CURRENCY = {"mgnMode": "cross", "ccy": "USDT"}
QUESTION = OpenQuestion("row", SPOT, CURRENCY, (), (BARE,), "Which?", "哪个？")
USUAL_ROWS = {"result": "rows", "rows": "2", "instId": "SOL-USDT", "side": "buy,sell", "sell": "SOL", "buy": "USDT"}
SPOT_ACCOUNT = Account(mode=AccountMode.SPOT, spot_borrow_enabled=True)


def test_mock() -> None:
    """Each open question applies to a user of the mock exchange, whose responses all have one of its outcomes."""
    sent = set()
    for user in default_exchange().users:
        with run_mock_server() as okx:
            client = okx.client(user)
            tradable = [each.inst_id for each in client.get_instruments("MARGIN")]
            answers = [ask(client, each) for each in allowed_questions(client.get_account(), tradable)]
            assert len(okx.exchange.log) == len(answers) + 2 < MAX_REQUESTS
        assert [each.question.id for each in answers if each.outcome is None] == []
        sent |= {each.question.id for each in answers}
    assert sent == {each.id for each in OPEN_QUESTIONS}


@contextmanager
def responding(body: object, status: int = 200, *lines: str) -> Iterator[MaxLoanClient]:
    """Open a client of a server that responds with this JSON value, or these bytes."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with (
        RawServer(respond(data, status, *lines)) as server,
        MaxLoanClient(credentials(), base_url=server.url, clock=FakeClock(), rate_limit_key=uuid4().hex) as client,
    ):
        yield client


@pytest.mark.parametrize(
    ("question", "outcome"), [(question, outcome) for question in OPEN_QUESTIONS for outcome in question.outcomes]
)
def test_no_outcome_hides_another(question: OpenQuestion, outcome: Outcome) -> None:
    """The usual response with an outcome has none of the outcomes before it."""
    when = {
        name: USUAL_ROWS.get(name, "-") if value == "present" else value for name, (value, *_) in outcome.when.items()
    }
    usual = USUAL_ROWS if when.get("result", "rows") == "rows" else {}
    facts = {name: value for name, value in {**usual, **when}.items() if value != "absent"}
    assert next(each for each in question.outcomes if matches(each.when, facts)) == outcome


def test_unexpected_response() -> None:
    """An unexpected response has no verdict, its shape is recorded, and it counts towards the rate limit."""
    row = {"instId": "ETH-USDT", "side": "hold", "maxLoan": 7, "later": ["x"], "uid": "44705892343", "note": "hi you"}
    row |= {"n": None, "mgnCcy": KEY, "a key with spaces": "7"}
    shape = {"instId": "ETH-USDT", "side": "hold", "maxLoan": "int", "later": "list", "uid": "removed"}
    shape |= {"note": "text of 6 characters", "n": "none", "mgnCcy": "***"}
    with responding({"code": "0", "msg": "", "data": [row]}, 200, "x-ratelimit-remaining: 7") as client:
        response = ask(client, QUESTION)
        assert client.rate_limit.in_use == 1
    assert (response.outcome, response.headers) == (None, ["x-ratelimit-remaining"])
    assert response.rows == [shape]


def test_requests_break_rules_on_purpose() -> None:
    """A request is sent unchanged, with raw commas and empty parameters, although rules forbid it."""
    with run_mock_server() as okx:
        client = okx.client("spot")
        client.get_account()
        pair = {"mgnMode": "cross", "instId": "BTC-USDT"}
        for query in ({"mgnMode": "cross"}, {**pair, "instId": "BTC-USDT,BTC-USDT"}, {**pair, "mgnCcy": ""}):
            ask(client, QUESTION._replace(query=query))
        assert [f"{each.method} {each.target}" for each in okx.exchange.log][1:] == [
            f"GET {GET_MAX_LOAN.path}?mgnMode=cross",
            f"GET {GET_MAX_LOAN.path}?mgnMode=cross&instId=BTC-USDT,BTC-USDT",
            f"GET {GET_MAX_LOAN.path}?mgnMode=cross&instId=BTC-USDT&mgnCcy=",
        ]


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        *(("51000", "refused"), ("51010", "refused"), ("51001", "unlisted"), ("51021", "unlisted")),
        *((code, None) for code in ("404", "50005", "50000", "59999", "not-a-code")),
    ],
)
def test_outcome_of_an_error(code: str, outcome: str | None) -> None:
    """Rejected parameters, a missing instrument, and any other error are told apart; the last is no outcome."""
    outcomes = tuple(Outcome(each, {"result": (each,)}, (), (), (), "-", "-") for each in ("unlisted", "refused"))
    with responding({"code": code, "msg": "no", "data": []}, 404) as client:
        response = ask(client, QUESTION._replace(outcomes=outcomes))
    assert (response.outcome and response.outcome.id) == outcome
    assert response.code == (code if code.isdecimal() else "odd")


def test_gateway_page() -> None:
    """A response that is not OKX's JSON is no outcome, and is raised without a secret in it."""
    page = f"<html>{KEY}</html>".encode()
    with responding(page, 403) as client, pytest.raises(InvalidResponseError) as caught:
        ask(client, QUESTION)
    assert KEY not in f"{caught.value!r} {caught.value} {caught.value.body_excerpt}"


@pytest.mark.parametrize("user", default_exchange().users)
def test_reports_have_no_secret(user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No report of the mock's users has a credential, uid, amount or message of the exchange."""
    envelopes: list[Any] = []
    original_handle = MockExchange.handle

    def handle(*args: Any, **kwargs: Any) -> MockResponse:
        response = original_handle(*args, **kwargs)
        envelopes.append(json.loads(response.body))
        return response

    monkeypatch.setattr(MockExchange, "handle", handle)
    with run_mock_server() as okx:
        key, client = okx.key(user), okx.client(user)
        account = client.get_account()
        answers = [ask(client, each) for each in (*allowed_questions(account, ()), QUESTION)]
    text = json.dumps(report(answers, account, site="mock", version="1", is_demo=False))
    messages = {each["msg"] for each in envelopes} - {""}
    amounts = {row["maxLoan"] for each in envelopes for row in each["data"] if "maxLoan" in row} - {"0"}
    assert len(envelopes) == len(answers) + 1
    for private in {key.key, key.secret, key.passphrase, account.uid, account.main_uid, *messages, *amounts}:
        assert private not in text


def test_questions_for_other_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    """An open question is sent if the account has its mode and its pairs, except for pairs that need not exist."""
    query = {"mgnMode": "cross", "instId": "btc-usdt,NO-PAIR"}
    pairs = QUESTION._replace(id="pairs", query=query, unlisted=("NO-PAIR",))
    monkeypatch.setattr(open_questions, "OPEN_QUESTIONS", (QUESTION, pairs))
    assert allowed_questions(SPOT_ACCOUNT, ["BTC-USDT"]) == [QUESTION, pairs]
    assert allowed_questions(SPOT_ACCOUNT, ["BTC-EUR"]) == [QUESTION]
    assert allowed_questions(SPOT_ACCOUNT, []) == [QUESTION, pairs]
    assert allowed_questions(Account(), ["BTC-USDT"]) == []


def test_no_more_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many open questions there are, one run sends at most its maximum number of requests."""
    monkeypatch.setattr(open_questions, "OPEN_QUESTIONS", (QUESTION,) * 50)
    assert len(allowed_questions(SPOT_ACCOUNT, ())) + len(REQUESTS_BEFORE) == MAX_REQUESTS


def test_a_setting_with_an_odd_value() -> None:
    """A report has only settings of the account that are single words."""
    account = Account(isolated_margin_mode="44705892343", spot_borrow_enabled=True)
    result = report([], account, site="global", version="1", is_demo=False)
    assert result["account"] == {"account.borrowing": "enabled"}
