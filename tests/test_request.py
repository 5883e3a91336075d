"""Request: its permits, its signature, and the meaning of its response."""

import contextlib
from datetime import datetime
from typing import Any

import pytest
from okx_maxloan_api.contract import ERRORS, GET_MAX_LOAN

from okx_maxloan_sdk import request
from okx_maxloan_sdk.codec import Query
from okx_maxloan_sdk.effects import Flow, Send, Sleep, send
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

HTML = Response(502, {}, b"<html>down</html>")


def test_request() -> None:
    """A request acquires a permit, is signed with the current time, and returns the rows."""
    harness, transport = RequestHarness(), FakeTransport(OK_RESPONSE)
    assert harness.send(transport).rows == [{**EMPTY, **loan_row("BTC-USDT")}]
    (request,) = transport.requests
    assert (request.method, request.target) == ("GET", "/api/v5/account/max-loan?mgnMode=cross&instId=BTC-USDT")
    signed = harness.state.config.credentials.sign("GET", request.target, harness.clock.time())
    assert signed.items() <= request.headers.items()
    assert transport.timeouts == [10.0]
    assert harness.limiter.outcomes == ["responded"]
    assert harness.limiter.acquisitions == [(10.0, None)]


@pytest.mark.parametrize(
    ("outcome", "error", "released"),
    [
        (OK_RESPONSE, None, "responded"),
        (error_response("51000"), BadRequestError, "responded"),
        (error_response("50113"), AuthenticationError, "responded"),
        (error_response("50011"), RateLimitError, "responded"),
        (HTML, InvalidResponseError, "responded"),
        (InvalidResponseError("it ends early"), InvalidResponseError, "responded"),
        (RequestNotSentError("refused"), RequestNotSentError, "unsent"),
        (ClientClosedError(), ClientClosedError, "unsent"),
        (NoResponseError("reset"), NoResponseError, "unknown"),
        (ConnectionDroppedError("gone"), NoResponseError, "unknown"),
        (KeyboardInterrupt(), KeyboardInterrupt, "unknown"),
        (ZeroDivisionError(), ZeroDivisionError, "unknown"),
    ],
)
def test_permits(outcome: Any, error: type[BaseException] | None, released: str) -> None:
    """Every permit is released with the outcome of its request."""
    harness = RequestHarness(max_retries=0)
    if error is None:
        harness.send(FakeTransport(outcome))
    else:
        with pytest.raises(error):
            harness.send(FakeTransport(outcome))
    assert set(harness.limiter.outcomes) == {released}


@pytest.mark.parametrize(
    ("outcome", "released"),
    [(OK_RESPONSE, "responded"), (RequestNotSentError("no"), "unsent"), (NoResponseError("reset"), "unknown")],
)
def test_permits_of_every_limit(outcome: Any, released: str) -> None:
    """A request under two limits has a permit of each, and releases both with its outcome."""
    harness = RequestHarness(max_retries=0)
    harness.state._rate_limit_keys["uid"] = None
    with contextlib.suppress(OkxError):
        harness.send(FakeTransport(outcome))
    assert harness.limiter.outcomes == [released, released]


@pytest.mark.parametrize("failure", [GeneratorExit(), KeyboardInterrupt()])
def test_abandoned_in_flight(failure: BaseException) -> None:
    """A flow that is closed with its request in flight releases its permit as outcome unknown."""
    harness = RequestHarness()
    flow = harness.flow()
    assert isinstance(next(flow), Send)
    with pytest.raises(type(failure)):
        flow.throw(failure)
    assert harness.limiter.outcomes == ["unknown"]


def test_abandoned_while_waiting() -> None:
    """A flow that is closed while it waits for its second permit releases the first one unsent."""
    harness = RequestHarness()
    harness.state._rate_limit_keys["uid"] = None
    real = harness.limiter.for_key

    def for_key(key: Any, limit: Any, clock: Any) -> Any:
        limiter = real(key, limit, clock)
        return Slow() if key.user == "uid" else limiter

    class Slow:
        def acquire(self, *_: object) -> Flow[Any]:
            yield Sleep(9.0)

    harness.limiter.for_key = for_key  # type: ignore[method-assign] # only this test has a slow limiter
    flow = harness.flow()
    assert next(flow) == Sleep(9.0)
    flow.close()
    assert harness.limiter.outcomes == ["unsent"]


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
    """A known code determines the error class; for an unknown code the HTTP status does."""
    harness = RequestHarness(max_retries=0)
    with pytest.raises(ApiError) as caught:
        harness.send(FakeTransport(response))
    assert type(caught.value) is kind
    assert caught.value.http_status == response.status


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("code", sorted(ERRORS))
def test_every_code_is_explained(code: str, language: str) -> None:
    """The message for every code of the contract has the code, OKX's message and ours, in the caller's language."""
    harness = RequestHarness(max_retries=0, language=language)
    # The time request fails as well, so that 50102 is raised.
    with pytest.raises(ApiError) as caught:
        harness.send(
            FakeTransport(
                error_response(code, msg="the exchange's words"), error_response("50102"), error_response(code)
            )
        )
    explanation = ERRORS[code].zh if language == "zh" else ERRORS[code].en
    assert caught.value.explanation == explanation
    assert all(text in str(caught.value) for text in (code, explanation))


def test_unknown_code_is_not_explained() -> None:
    """The message for an unknown code has only OKX's message."""
    with pytest.raises(ApiError) as caught:
        RequestHarness().send(FakeTransport(error_response("59999")))
    assert (caught.value.explanation, caught.value.hint) == ("", "")


def test_attributes_of_an_error() -> None:
    """An error has code, message, status, request id and pairs."""
    harness = RequestHarness()
    body = {"code": "51000", "msg": "wrong", "data": []}
    with pytest.raises(ApiError) as caught:
        harness.send(FakeTransport(json_response(body, 400, **{"x-request-id": "r-1", "cf-ray": "ray-1"})))
    error = caught.value
    assert (error.code, error.message, error.http_status, error.request_id) == ("51000", "wrong", 400, "r-1")
    assert error.inst_ids == ("BTC-USDT",)
    with pytest.raises(ApiError) as caught:
        harness.run(
            request.send_with_retries(
                harness.state, Query(GET_MAX_LOAN, GET_MAX_LOAN.path, {**PARAMS, "instId": "A-B,C-D"}), None
            ),
            FakeTransport(json_response(body)),
        )
    assert caught.value.inst_ids == ("A-B", "C-D")
    with pytest.raises(ApiError) as caught:
        harness.send(FakeTransport(json_response(body, 400, **{"cf-ray": "ray-1"})))
    assert caught.value.request_id == "ray-1"
    with pytest.raises(ApiError) as caught:
        harness.run(
            request.send_with_retries(
                harness.state, Query(GET_MAX_LOAN, GET_MAX_LOAN.path, {"mgnMode": "cross", "ccy": "BTC"}), None
            ),
            FakeTransport(json_response(body)),
        )
    assert (caught.value.request_id, caught.value.inst_ids) == ("", ())


@pytest.mark.parametrize(("language", "text"), [("en", "other regional sites"), ("zh", "其他区域站点")])
def test_unknown_key_names_the_sites(language: str, text: str) -> None:
    """The message for 50119 lists the other regional sites and marks the current one."""
    harness = RequestHarness(language=language, base_url="https://eea.okx.com")
    with pytest.raises(AuthenticationError) as caught:
        harness.send(FakeTransport(error_response("50119")))
    assert f"US ({Site.US.value}), TR ({Site.TR.value})" in caught.value.hint
    current, _, others = caught.value.hint.partition("；" if language == "zh" else ";")
    assert "https://eea.okx.com" in current
    assert text in others
    assert all((site.value in others) == (site is not Site.EEA) for site in Site)


def test_hint_of_an_inferred_rule() -> None:
    """An error about parameters has the violated inferred rule as a hint; other errors have none."""
    query = {"mgnMode": "isolated", "ccy": "USDT"}
    rules = [each._replace(basis="inferred") for each in GET_MAX_LOAN.rules if each.id == "currency-is-cross"]
    operation = GET_MAX_LOAN._replace(rules=tuple(rules))
    harness = RequestHarness()
    with pytest.raises(BadRequestError) as caught:
        harness.run(
            request.send_with_retries(harness.state, Query(operation, operation.path, query), None),
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
        harness.send(FakeTransport(error_response("51000")))
    assert caught.value.hint == ""
    assert str(caught.value).count("\n") == 2


def test_demo_switch() -> None:
    """The message for 50101 names the setting to change."""
    with pytest.raises(AuthenticationError, match="demo="):
        RequestHarness().send(FakeTransport(error_response("50101")))


def test_api_key_in_an_error_is_redacted() -> None:
    """The message for 50110 has the IP address to allow, and not the API key that OKX repeats."""
    with pytest.raises(PermissionDeniedError, match=r"203\.0\.113\.7") as caught:
        RequestHarness().send(FakeTransport(error_response("50110", msg=f"203.0.113.7 is not on the list of {KEY}")))
    assert KEY not in str(caught.value)
    assert "***" in caught.value.message


def test_excerpt_is_redacted_and_short() -> None:
    """The excerpt of an invalid response is redacted and has at most 200 characters."""
    with pytest.raises(InvalidResponseError) as caught:
        RequestHarness().send(FakeTransport(Response(200, {}, f"{KEY} {'x' * 999}".encode())))
    assert caught.value.body_excerpt == f"*** {'x' * 196}"


def test_reason_is_redacted() -> None:
    """The reason with an invalid value is redacted."""
    with pytest.raises(InvalidResponseError, match=r"maxLoan is '\*\*\*'") as caught:
        RequestHarness().send(FakeTransport(ok_response(loan_row("BTC-USDT", max_loan=KEY))))
    assert KEY not in str(caught.value)


def test_rows_are_not_redacted() -> None:
    """Rows are data and are never redacted."""
    assert (
        RequestHarness().send(FakeTransport(ok_response({**loan_row("BTC-USDT"), "label": KEY}))).rows[0]["label"]
        == KEY
    )


def test_messages_are_complete() -> None:
    """Both languages have the same messages."""
    assert request.MESSAGES["en"].keys() == request.MESSAGES["zh"].keys()


def test_signatures_are_fresh_after_a_long_queue() -> None:
    """After more than a minute in the queue, no request arrives with a signature older than a second."""
    number = int(70 * LIMIT.requests / LIMIT.period)
    simulation = Simulation()
    harness = RequestHarness(clock=simulation, limiter=MemoryLimiter())
    ages: list[float] = []
    arrivals: list[float] = []

    def arrive(request: Request) -> Response:
        signed = datetime.fromisoformat(request.headers["OK-ACCESS-TIMESTAMP"]).timestamp()
        ages.append(simulation.time() - signed)
        arrivals.append(simulation.now)
        return OK_RESPONSE

    transport = FakeTransport(arrive)
    tasks = [simulation.spawn(with_latency(harness.flow(), transport, delay=0.2)) for _ in range(number)]
    simulation.run(120.0)
    assert all(task.done and task.error is None for task in tasks)
    assert len(ages) == number
    assert max(ages) < 1.0
    assert arrivals[-1] - arrivals[0] > 60.0
    after = zip(arrivals, arrivals[LIMIT.requests :], strict=False)
    assert all(later - earlier >= LIMIT.period for earlier, later in after)


def test_send_is_the_only_way_out() -> None:
    """The only effect with the request is `Send`, and its repr shows no secret."""
    effect = next(send(Request("GET", "/x", {"OK-ACCESS-KEY": KEY}), 1.0))
    assert KEY not in repr(effect)
