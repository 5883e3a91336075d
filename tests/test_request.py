"""Call: its slot, its signature, and what its answer means."""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from okx_maxloan_api.contract import ERRORS, GET_MAX_LOAN

from okx_maxloan_sdk import request
from okx_maxloan_sdk.codec import Query
from okx_maxloan_sdk.effects import Send, Sleep, send
from okx_maxloan_sdk.exceptions import (
    AccountModeError,
    ApiError,
    AuthenticationError,
    BadRequestError,
    ClientClosedError,
    InvalidResponseError,
    NoResponseError,
    OkxError,
    PermissionDeniedError,
    RateLimitError,
    RequestNotSentError,
    ServiceUnavailableError,
)
from okx_maxloan_sdk.limiter import MemoryLimiter
from okx_maxloan_sdk.sites import Site
from okx_maxloan_sdk.transport import ConnectionDroppedError, Request, Response
from tests.limiter.simulator import Simulation
from tests.support.clients import KEY
from tests.support.contract_values import EMPTY, LIMIT
from tests.support.fake_transport import FakeTransport, error_response, json_response, loan_row, ok_response
from tests.support.state import OK_RESPONSE, PARAMS, RequestHarness, with_latency

if TYPE_CHECKING:
    from okx_maxloan_sdk.effects import Flow

HTML = Response(502, {}, b"<html>down</html>")


def test_a_call() -> None:
    """A call takes a slot, signs what travels with the time of now, and gives the rows."""
    bench, wire = RequestHarness(), FakeTransport(OK_RESPONSE)
    assert bench.ask(wire).rows == [{**EMPTY, **loan_row("BTC-USDT")}]
    (request,) = wire.requests
    assert (request.method, request.target) == ("GET", "/api/v5/account/max-loan?mgnMode=cross&instId=BTC-USDT")
    signed = bench.state.config.credentials.sign("GET", request.target, bench.clock.time())
    assert signed.items() <= request.headers.items()
    assert wire.timeouts == [10.0]
    assert bench.limiter.notes == ["answered"]
    assert bench.limiter.asked == [(10.0, None)]


@pytest.mark.parametrize(
    ("outcome", "error", "word"),
    [
        (OK_RESPONSE, None, "answered"),
        (error_response("51000"), BadRequestError, "answered"),
        (error_response("50113"), AuthenticationError, "answered"),
        (error_response("50011"), RateLimitError, "answered"),
        (HTML, InvalidResponseError, "answered"),
        (InvalidResponseError("it ends early"), InvalidResponseError, "answered"),
        (RequestNotSentError("refused"), RequestNotSentError, "unsent"),
        (ClientClosedError(), ClientClosedError, "unsent"),
        (NoResponseError("reset"), NoResponseError, "unknown"),
        (ConnectionDroppedError("gone"), NoResponseError, "unknown"),
        (KeyboardInterrupt(), KeyboardInterrupt, "unknown"),
        (ZeroDivisionError(), ZeroDivisionError, "unknown"),
    ],
)
def test_slots(outcome: Any, error: type[BaseException] | None, word: str) -> None:
    """Every slot is told how its request ended, whatever happened to it."""
    bench = RequestHarness(max_retries=0)
    if error is None:
        bench.ask(FakeTransport(outcome))
    else:
        with pytest.raises(error):
            bench.ask(FakeTransport(outcome))
    assert set(bench.limiter.notes) == {word}


@pytest.mark.parametrize(
    ("outcome", "word"),
    [(OK_RESPONSE, "answered"), (RequestNotSentError("no"), "unsent"), (NoResponseError("reset"), "unknown")],
)
def test_slots_of_every_window(outcome: Any, word: str) -> None:
    """A request that passes two windows has a slot in each, and both are told how it ended."""
    bench = RequestHarness(max_retries=0)
    bench.state._rate_limit_keys["uid"] = None
    with contextlib.suppress(OkxError):
        bench.ask(FakeTransport(outcome))
    assert bench.limiter.notes == [word, word]


@pytest.mark.parametrize("failure", [GeneratorExit(), KeyboardInterrupt()])
def test_abandoned_in_flight(failure: BaseException) -> None:
    """A call that is closed while its request is on the way holds its slot as one whose outcome is unknown."""
    bench = RequestHarness()
    flow = bench.flow()
    assert isinstance(next(flow), Send)
    with pytest.raises(type(failure)):
        flow.throw(failure)
    assert bench.limiter.notes == ["unknown"]


def test_abandoned_while_waiting() -> None:
    """A call that is closed while it waits for its second permit gives the first back, unsent."""
    bench = RequestHarness()
    bench.state._rate_limit_keys["uid"] = None
    real = bench.limiter.for_key

    def for_key(key: Any, limit: Any, clock: Any) -> Any:
        found = real(key, limit, clock)
        return Slow() if key.user == "uid" else found

    class Slow:
        def acquire(self, *_: object) -> Flow[Any]:
            yield Sleep(9.0)

    bench.limiter.for_key = for_key  # type: ignore[method-assign] # only this test has a slow limiter
    flow = bench.flow()
    assert next(flow) == Sleep(9.0)
    flow.close()
    assert bench.limiter.notes == ["unsent"]


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (error_response("50119"), AuthenticationError),
        (error_response("50110"), PermissionDeniedError),
        (error_response("51010"), AccountModeError),
        (error_response("51000"), BadRequestError),
        (error_response("51000_77"), BadRequestError),
        (error_response("50001", 503), ServiceUnavailableError),
        (error_response("50115", 405), ApiError),
        (error_response("59999"), ApiError),
        (error_response("59999", 400), ApiError),
        (error_response("59999", 401), AuthenticationError),
        (error_response("59999", 403), PermissionDeniedError),
        (error_response("59999", 429), RateLimitError),
        (error_response("59999", 500), ServiceUnavailableError),
        (error_response("59999", 599), ServiceUnavailableError),
        (json_response({"msg": "slow", "code": 50011}, 429), RateLimitError),
    ],
)
def test_meaning(response: Response, kind: type[ApiError]) -> None:
    """A refusal is what its code says; an unknown code is what its HTTP status says."""
    bench = RequestHarness(max_retries=0)
    with pytest.raises(ApiError) as caught:
        bench.ask(FakeTransport(response))
    assert type(caught.value) is kind
    assert caught.value.http_status == response.status


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("code", sorted(ERRORS))
def test_every_code_is_explained(code: str, language: str) -> None:
    """Every code of the contract shows its number, the exchange's words and ours, in the caller's language."""
    bench = RequestHarness(max_retries=0, language=language)
    # The exchange tells no time either, so that 50102 comes out as well.
    with pytest.raises(ApiError) as caught:
        bench.ask(
            FakeTransport(
                error_response(code, msg="the exchange's words"), error_response("50102"), error_response(code)
            )
        )
    explanation = ERRORS[code].zh if language == "zh" else ERRORS[code].en
    assert caught.value.explanation == explanation
    assert all(words in str(caught.value) for words in (code, explanation))


def test_unknown_code_is_not_explained() -> None:
    """Of a code that the contract does not know nothing is said beyond the exchange's words."""
    with pytest.raises(ApiError) as caught:
        RequestHarness().ask(FakeTransport(error_response("59999")))
    assert (caught.value.explanation, caught.value.hint) == ("", "")


def test_refusal_carries_everything() -> None:
    """A refusal carries the code, the message, the status, the request's id and the pairs asked about."""
    bench = RequestHarness()
    body = {"code": "51000", "msg": "wrong", "data": []}
    with pytest.raises(ApiError) as caught:
        bench.ask(FakeTransport(json_response(body, 400, **{"x-request-id": "r-1", "cf-ray": "ray-1"})))
    error = caught.value
    assert (error.code, error.message, error.http_status, error.request_id) == ("51000", "wrong", 400, "r-1")
    assert error.inst_ids == ("BTC-USDT",)
    with pytest.raises(ApiError) as caught:
        bench.run(
            request.send_with_retries(
                bench.state, Query(GET_MAX_LOAN, GET_MAX_LOAN.path, {**PARAMS, "instId": "A-B,C-D"}), None
            ),
            FakeTransport(json_response(body)),
        )
    assert caught.value.inst_ids == ("A-B", "C-D")
    with pytest.raises(ApiError) as caught:
        bench.ask(FakeTransport(json_response(body, 400, **{"cf-ray": "ray-1"})))
    assert caught.value.request_id == "ray-1"
    with pytest.raises(ApiError) as caught:
        bench.run(
            request.send_with_retries(
                bench.state, Query(GET_MAX_LOAN, GET_MAX_LOAN.path, {"mgnMode": "cross", "ccy": "BTC"}), None
            ),
            FakeTransport(json_response(body)),
        )
    assert (caught.value.request_id, caught.value.inst_ids) == ("", ())


@pytest.mark.parametrize(("language", "words"), [("en", "other regional sites"), ("zh", "其他区域站点")])
def test_unknown_key_names_the_sites(language: str, words: str) -> None:
    """50119 names the other regional sites, and the one that was asked as such."""
    bench = RequestHarness(language=language, base_url="https://eea.okx.com")
    with pytest.raises(AuthenticationError) as caught:
        bench.ask(FakeTransport(error_response("50119")))
    assert f"US ({Site.US.value}), TR ({Site.TR.value})" in caught.value.hint
    here, _, others = caught.value.hint.partition("；" if language == "zh" else ";")
    assert "https://eea.okx.com" in here
    assert words in others
    assert all((site.value in others) == (site is not Site.EEA) for site in Site)


def test_hint_of_an_inferred_rule() -> None:
    """A refused question is told which unconfirmed rule it breaks; other refusals are told nothing."""
    query = {"mgnMode": "isolated", "ccy": "USDT"}
    rules = [each._replace(basis="inferred") for each in GET_MAX_LOAN.rules if each.id == "currency-is-cross"]
    operation = GET_MAX_LOAN._replace(rules=tuple(rules))
    bench = RequestHarness()
    with pytest.raises(BadRequestError) as caught:
        bench.run(
            request.send_with_retries(bench.state, Query(operation, operation.path, query), None),
            FakeTransport(error_response("51000")),
        )
    assert caught.value.hint == "A query for a currency needs mgnMode=cross."
    chinese = RequestHarness(language="zh")
    with pytest.raises(BadRequestError, match="按币种查询时 mgnMode 应为 cross"):
        chinese.run(
            request.send_with_retries(chinese.state, Query(operation, operation.path, query), None),
            FakeTransport(error_response("51000")),
        )
    with pytest.raises(BadRequestError) as caught:
        bench.ask(FakeTransport(error_response("51000")))
    assert caught.value.hint == ""
    assert str(caught.value).count("\n") == 2


def test_demo_switch() -> None:
    """50101 names the switch that mends it."""
    with pytest.raises(AuthenticationError, match="demo="):
        RequestHarness().ask(FakeTransport(error_response("50101")))


def test_key_in_a_refusal_is_masked() -> None:
    """50110 keeps the IP that must be allowed, and not the key that the exchange repeats."""
    with pytest.raises(PermissionDeniedError, match=r"203\.0\.113\.7") as caught:
        RequestHarness().ask(FakeTransport(error_response("50110", msg=f"203.0.113.7 is not on the list of {KEY}")))
    assert KEY not in str(caught.value)
    assert "***" in caught.value.message


def test_excerpt_is_masked_and_short() -> None:
    """What an unreadable answer begins with is shown masked, in 200 characters."""
    with pytest.raises(InvalidResponseError) as caught:
        RequestHarness().ask(FakeTransport(Response(200, {}, f"{KEY} {'x' * 999}".encode())))
    assert caught.value.body_excerpt == f"*** {'x' * 196}"


def test_reason_is_masked() -> None:
    """A value that is not of its form is shown in the reason, masked."""
    with pytest.raises(InvalidResponseError, match=r"maxLoan is '\*\*\*'") as caught:
        RequestHarness().ask(FakeTransport(ok_response(loan_row("BTC-USDT", max_loan=KEY))))
    assert KEY not in str(caught.value)


def test_rows_are_masked_nowhere() -> None:
    """Rows are data: nothing in them is touched."""
    assert (
        RequestHarness().ask(FakeTransport(ok_response({**loan_row("BTC-USDT"), "label": KEY}))).rows[0]["label"] == KEY
    )


def test_words_are_total() -> None:
    """Both languages have the same words."""
    assert request.MESSAGES["en"].keys() == request.MESSAGES["zh"].keys()


def test_signatures_are_fresh_after_a_long_queue() -> None:
    """Of requests that queue for more than a minute, none arrives with a signature as old as a second."""
    number = int(70 * LIMIT.requests / LIMIT.period)
    simulation = Simulation()
    bench = RequestHarness(clock=simulation, limiter=MemoryLimiter())
    ages: list[float] = []
    arrivals: list[float] = []

    def arrive(request: Request) -> Response:
        signed = datetime.fromisoformat(request.headers["OK-ACCESS-TIMESTAMP"]).timestamp()
        ages.append(simulation.time() - signed)
        arrivals.append(simulation.now)
        return OK_RESPONSE

    wire = FakeTransport(arrive)
    tasks = [simulation.spawn(with_latency(bench.flow(), wire, travels=0.2)) for _ in range(number)]
    simulation.run(120.0)
    assert all(task.done and task.error is None for task in tasks)
    assert len(ages) == number
    assert max(ages) < 1.0
    assert arrivals[-1] - arrivals[0] > 60.0
    after = zip(arrivals, arrivals[LIMIT.requests :], strict=False)
    assert all(later - earlier >= LIMIT.period for earlier, later in after)


def test_send_is_the_only_way_out() -> None:
    """The effect that leaves a call is the request as it was signed, and nothing hidden in it is shown."""
    effect = next(send(Request("GET", "/x", {"OK-ACCESS-KEY": KEY}), 1.0))
    assert KEY not in repr(effect)
