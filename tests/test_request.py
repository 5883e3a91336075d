"""Request: its permits, its signature, the meaning of its response, retries, and clock skew."""

import json
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from okx_maxloan_api.contract import ERRORS, GET_MAX_LOAN, GET_TIME

from okx_maxloan_sdk import request, retry
from okx_maxloan_sdk.codec import TIME_QUERY, Query
from okx_maxloan_sdk.effects import Send, Sleep
from okx_maxloan_sdk.exceptions import (
    EXCEPTION_BY_KIND,
    AuthenticationError,
    BadRequestError,
    ClientClosedError,
    ClockSkewError,
    InvalidResponseError,
    NoResponseError,
    RateLimitError,
    RequestNotSentError,
)
from okx_maxloan_sdk.sites import Site
from okx_maxloan_sdk.transport import ConnectionDroppedError, Request, Response
from tests.support.cases import cases
from tests.support.clients import KEY
from tests.support.contract_values import EMPTY
from tests.support.fake_transport import FakeTransport, error_response, json_response, loan_row, ok_response, time_row
from tests.support.state import OK_RESPONSE, PARAMS, RequestHarness

# Recorded responses of the live exchange; tests/support/fake_transport.py has the errors with messages of our own.
RECORDED = Path(__file__).resolve().parents[2] / "shared" / "okx" / "answers.json"
HTML = Response(502, {}, b"<html>down</html>")
SLOW_DOWN = Response(429, {}, b"<html>slow down</html>")
NO, RESET, GONE = RequestNotSentError("no"), NoResponseError("reset"), ConnectionDroppedError("gone")


def query_of(params: dict[str, str], *inferred_rules: str) -> Query:
    """Make a query of maximum loan, with these rules inferred and no others."""
    rules = [each._replace(basis="inferred") for each in GET_MAX_LOAN.rules if each.id in inferred_rules]
    operation = GET_MAX_LOAN._replace(rules=tuple(rules))
    return Query(operation, operation.path, params)


def test_request() -> None:
    """A request acquires a permit, is signed with the current time, and returns the rows."""
    harness = RequestHarness()
    assert harness.send(OK_RESPONSE).rows == [{**EMPTY, **loan_row("BTC-USDT")}]
    (sent,) = harness.transport.requests
    assert (sent.method, sent.target) == ("GET", "/api/v5/account/max-loan?mgnMode=cross&instId=BTC-USDT")
    signed = harness.state.config.credentials.sign("GET", sent.target, harness.clock.time())
    assert signed.items() <= sent.headers.items()
    assert harness.transport.timeouts == [10.0]
    assert harness.limiter.outcomes == ["responded"]
    assert harness.limiter.acquisitions == [(10.0, None)]


@pytest.mark.parametrize("limits", [1, 2])
@pytest.mark.parametrize(
    ("outcome", "error", "released"),
    [
        (OK_RESPONSE, None, "responded"),
        (error_response("51000"), BadRequestError, "responded"),
        (error_response("50113"), AuthenticationError, "responded"),
        (error_response("50011"), RateLimitError, "responded"),
        (json_response({"msg": "slow", "code": 50011}, 429), RateLimitError, "responded"),
        (HTML, InvalidResponseError, "responded"),
        (InvalidResponseError("it ends early"), InvalidResponseError, "responded"),
        (NO, RequestNotSentError, "unsent"),
        (ClientClosedError(), ClientClosedError, "unsent"),
        (RESET, NoResponseError, "unknown"),
        (KeyboardInterrupt(), KeyboardInterrupt, "unknown"),
        (GeneratorExit(), GeneratorExit, "unknown"),
        (ZeroDivisionError(), ZeroDivisionError, "unknown"),
    ],
)
def test_permits(outcome: Any, error: type[BaseException] | None, released: str, limits: int) -> None:
    """A request has a permit of each of its limits, and releases each with its outcome."""
    harness = RequestHarness(max_retries=0)
    if limits == 2:
        harness.state._rate_limit_keys["uid"] = None
    with pytest.raises(error) if error else nullcontext():
        harness.send(outcome)
    assert harness.limiter.outcomes == [released] * limits


def test_abandoned_while_waiting() -> None:
    """A flow that is closed while it waits for its second permit releases the first one unsent."""
    harness = RequestHarness()
    harness.state._rate_limit_keys["uid"] = None
    harness.limiter.waits["uid"] = 9.0
    flow = harness.flow()
    assert next(flow) == Sleep(9.0)
    flow.close()
    assert harness.limiter.outcomes == ["unsent"]


@pytest.mark.parametrize(("code", "status", "kind"), cases(__file__)["meanings"])
def test_meaning(code: str, status: int, kind: str) -> None:
    """A known code determines the error class; for an unknown code, which is not explained, the HTTP status does."""
    response = error_response(code, status or None)
    error = RequestHarness(max_retries=0).error(response)
    assert (type(error).__name__, error.http_status) == (kind, response.status)
    if code == "59999":
        assert (error.explanation, error.hint) == ("", "")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("code", sorted(ERRORS))
def test_every_code_is_explained(code: str, language: str) -> None:
    """The message for every code of the contract has the code, OKX's message and ours, in the caller's language."""
    # The time request fails as well, so that 50102 is raised.
    responses = error_response(code, msg="the exchange's words"), error_response("50102"), error_response(code)
    error = RequestHarness(max_retries=0, language=language).error(*responses)
    explanation = ERRORS[code].zh if language == "zh" else ERRORS[code].en
    assert error.explanation == explanation
    assert all(text in str(error) for text in (code, explanation))


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded responses are not part of the project")
def test_recorded_responses() -> None:
    """Every recorded response has rows, or raises its code's error with the exchange's message."""
    for each in json.loads(RECORDED.read_text("utf-8")):
        body, response = json.loads(each["body"]), Response(each["http_status"] or 401, {}, each["body"].encode())
        harness, code = RequestHarness(max_retries=0), str(body["code"])
        if code == "0":
            query = TIME_QUERY if "ts" in body["data"][0] else query_of({**PARAMS, "mgnMode": "isolated"})
            assert len(harness.send(response, query=query).rows) == len(body["data"])
            continue
        error = harness.error(response, error_response("50102"), response)
        assert (error.code, type(error)) == (code, EXCEPTION_BY_KIND[ERRORS[code].kind])
        assert error.message
        assert "00000000-0000" not in str(error)


def test_attributes() -> None:
    """An error has code, message, status, pairs, and OKX's request id or else Cloudflare's."""
    for params, inst_ids in ((PARAMS, ("BTC-USDT",)), ({"instId": "A-B,C-D"}, ("A-B", "C-D")), ({"ccy": "BTC"}, ())):
        error = RequestHarness().error(error_response("51000", msg="wrong"), query=query_of(params))
        assert (error.code, error.message, error.http_status) == ("51000", "wrong", 400)
        assert (error.request_id, error.inst_ids) == ("", inst_ids)
    for headers, request_id in (({"x-request-id": "r-1", "cf-ray": "ray-1"}, "r-1"), ({"cf-ray": "ray-1"}, "ray-1")):
        response = replace(error_response("51000"), headers=headers)
        assert RequestHarness().error(response).request_id == request_id


@pytest.mark.parametrize(("language", "text"), [("en", "other regional sites"), ("zh", "其他区域站点")])
def test_hints_of_settings(language: str, text: str) -> None:
    """The message for 50119 lists the other regional sites and marks the current one; that for 50101 names `demo`."""
    harness = RequestHarness(language=language, base_url="https://eea.okx.com")
    hint = harness.error(error_response("50119")).hint
    assert f"US ({Site.US.value}), TR ({Site.TR.value})" in hint
    current, _, others = hint.partition("；" if language == "zh" else ";")
    assert "https://eea.okx.com" in current
    assert text in others
    assert all((site.value in others) == (site is not Site.EEA) for site in Site)
    assert "demo=" in str(harness.error(error_response("50101")))


def test_hint_of_an_inferred_rule() -> None:
    """An error about parameters has the violated inferred rule as a hint; other errors have none."""
    query = query_of({"mgnMode": "isolated", "ccy": "USDT"}, "currency-is-cross")
    hint = RequestHarness().error(error_response("51000"), query=query).hint
    assert hint == "A query for a currency needs mgnMode=cross."
    chinese = RequestHarness(language="zh").error(error_response("51000"), query=query)
    assert "按币种查询时 mgnMode 应为 cross" in str(chinese)
    other = RequestHarness().error(error_response("51000"))
    assert (other.hint, str(other).count("\n")) == ("", 2)


def test_redaction() -> None:
    """An API key that OKX repeats is redacted in messages, reasons and excerpts (of 200 characters), not in rows."""
    harness = RequestHarness()
    error = harness.error(error_response("50110", msg=f"203.0.113.7 is not on the list of {KEY}"))
    assert error.message == "203.0.113.7 is not on the list of ***"
    assert KEY not in str(error)
    error = harness.error(Response(200, {}, f"{KEY} {'x' * 999}".encode()))
    assert error.body_excerpt == f"*** {'x' * 196}"
    error = harness.error(ok_response(loan_row("BTC-USDT", max_loan=KEY)))
    assert "maxLoan is '***'" in str(error)
    assert KEY not in str(error)
    assert harness.send(ok_response({**loan_row("BTC-USDT"), "label": KEY})).rows[0]["label"] == KEY


def test_signatures_are_fresh_after_a_long_queue() -> None:
    """A request that waited more than a minute for its permit is signed with the time of its sending."""
    harness = RequestHarness()
    harness.limiter.waits[harness.state.config.credentials.fingerprint] = 70.0
    harness.send(OK_RESPONSE)
    assert harness.clock.slept == [70.0]
    [stamp] = harness.transport.stamps
    assert datetime.fromisoformat(stamp).timestamp() == harness.clock.time()


LATER = sorted(code for code, each in ERRORS.items() if each.retry == "later")
NEVER = sorted(code for code, each in ERRORS.items() if each.retry == "never")
TEMPORARY: list[Any] = [
    *(error_response(code) for code in LATER),
    error_response("59999", 500),
    error_response("59999", 429),
    error_response("50011_7"),
    HTML,
    *(Response(status, {}, b"<html>later</html>") for status in (408, 421, 425, 429, 520, 521, 522, 523, 524, 525)),
    Response(500, {}, b""),
    Response(503, {}, b""),
    NO,
    RESET,
]
FINAL: list[Any] = [
    *(error_response(code) for code in NEVER),
    error_response("59999"),
    error_response("59999", 403),
    error_response("51000_9"),
    Response(403, {}, b"<html>blocked</html>"),
    Response(200, {}, b"{}"),
    Response(302, {}, b""),
    InvalidResponseError("it ends early"),
    ClientClosedError(),
]


@pytest.mark.parametrize("failure", TEMPORARY, ids=repr)
def test_temporary(failure: Any) -> None:
    """A temporary failure is retried `max_retries` times, with a permit, a new timestamp and a pause for each."""
    harness = RequestHarness()
    assert harness.send(failure, failure, OK_RESPONSE).rows
    assert len(set(harness.transport.stamps)) == len(harness.limiter.outcomes) == 3
    assert harness.clock.slept == [retry.backoff(1, 0.5), retry.backoff(2, 0.5)]
    for max_retries in (0, 1, 4):
        harness = RequestHarness(max_retries=max_retries)
        harness.error(failure)
        assert (len(harness.transport.requests), len(harness.clock.slept)) == (max_retries + 1, max_retries)


@pytest.mark.parametrize("failure", FINAL, ids=repr)
def test_final(failure: Any) -> None:
    """A failure that a retry cannot change is raised at once."""
    harness = RequestHarness()
    harness.error(failure)
    assert (len(harness.transport.requests), harness.clock.slept) == (1, [])


def test_backoff() -> None:
    """Pauses are random within a range that doubles, from a quarter of a second up to four seconds."""
    ranges = [(retry.backoff(failed, 0.0), retry.backoff(failed, 1.0)) for failed in (1, 2, 3, 4, 5, 2000)]
    assert ranges == [(0.25, 0.5), (0.25, 1.0), (0.25, 2.0), (0.25, 4.0), (0.25, 4.0), (0.25, 4.0)]
    assert retry.backoff(1, 0.5) == 0.375


def test_dropped_connections() -> None:
    """A reused connection that was closed is retried without a pause or counting an attempt, but not without end."""
    harness = RequestHarness(max_retries=0)
    assert harness.send(GONE, GONE, OK_RESPONSE).rows
    assert harness.clock.slept == []
    assert harness.limiter.outcomes == ["unknown", "unknown", "responded"]
    harness = RequestHarness(max_retries=1)
    assert harness.error(GONE) is GONE
    assert len(harness.transport.requests) == retry.MAX_FREE_RECONNECTS + 2
    assert len(harness.clock.slept) == 1


@pytest.mark.parametrize(
    ("value", "pause"), [("2", 2.0), ("0", None), ("soon", None), ("-1", None), ("Fri, 28 Nov 2036 00:00:00 GMT", None)]
)
@pytest.mark.parametrize("response", [error_response("50011"), HTML, SLOW_DOWN], ids=repr)
def test_retry_after(response: Response, value: str, pause: float | None) -> None:
    """A response's Retry-After in seconds is waited for; any other form is as if it were not there."""
    harness = RequestHarness()
    assert harness.send(replace(response, headers={"retry-after": value}), OK_RESPONSE).rows
    assert harness.clock.slept == [pause or retry.backoff(1, 0.5)]


@pytest.mark.parametrize(
    ("headers", "remaining", "slept"),
    [({}, 0.375, []), ({}, 0.376, [0.375]), ({"retry-after": "5"}, 2.0, []), ({"retry-after": "3600"}, None, [])],
)
def test_pause_is_too_long(headers: dict[str, str], remaining: float | None, slept: list[float]) -> None:
    """A pause that ends after the deadline, or a Retry-After of more than a minute, is not waited for."""
    harness = RequestHarness()
    deadline = remaining and harness.clock.now + remaining
    error = harness.error(replace(error_response("50011"), headers=headers), deadline=deadline)
    assert (type(error), harness.clock.slept) == (RateLimitError, slept)


def test_throttle() -> None:
    """Every rate limit error throttles the limiter."""
    harness = RequestHarness(max_retries=1)
    harness.error(error_response("50011"), SLOW_DOWN)
    assert harness.limiter.penalties == 2
    harness.error(error_response("50001", 503))
    assert harness.limiter.penalties == 2


@pytest.mark.parametrize(
    ("remaining", "timeouts"), [(None, [10.0]), (99.0, [10.0]), (9.0, [9.0]), (1.2, pytest.approx([1.2, 0.825, 0.2]))]
)
def test_deadline_bounds_requests(remaining: float | None, timeouts: list[float]) -> None:
    """Each request's timeout, and the limiter's, is at most the remaining time before the deadline, if there is one."""
    harness = RequestHarness(max_retries=0 if remaining != 1.2 else 8)
    deadline = remaining and harness.clock.now + remaining
    assert harness.error(RESET, deadline=deadline) is RESET
    assert harness.transport.timeouts == timeouts
    assert harness.limiter.acquisitions[0] == (10.0, deadline)


def test_deadline_over_before_sending() -> None:
    """A request that waited beyond its deadline is not sent, and its permit is released."""
    harness = RequestHarness(total_timeout=5.0)
    error = harness.error(OK_RESPONSE, deadline=harness.clock.now)
    assert isinstance(error, RequestNotSentError)
    assert "total_timeout of 5.0 s" in str(error)
    assert (harness.transport.requests, harness.limiter.outcomes) == ([], ["unsent"])


class Exchange(FakeTransport):
    """The exchange of a harness, whose clock is `ahead` and which rejects other timestamps."""

    def __init__(self, harness: RequestHarness, ahead: float) -> None:
        super().__init__(self.response)
        self.clock, self.ahead = harness.clock, ahead
        harness.transport = self

    @property
    def time(self) -> float:
        return float(self.clock.time() + self.ahead)

    def response(self, request: Request) -> Response:
        if request.target == GET_TIME.path:
            return ok_response(time_row(self.time))
        signed = datetime.fromisoformat(request.headers["OK-ACCESS-TIMESTAMP"]).timestamp()
        return OK_RESPONSE if abs(signed - self.time) <= 30 else error_response("50102")


@pytest.mark.parametrize("ahead", [60.0, -60.0, 1200.0, -1200.0])
def test_clock_skew_is_measured(ahead: float) -> None:
    """With a wrong clock the first call needs three requests and later calls one; a later jump is measured again."""
    harness = RequestHarness(max_retries=0)
    exchange = Exchange(harness, ahead)
    for jump, requests in ((0.0, 3), (0.0, 4), (3600.0, 7), (0.0, 8)):
        exchange.ahead += jump
        harness.send()
        assert harness.state.clock_skew.value == pytest.approx(exchange.ahead, abs=0.001)
        assert len(exchange.requests) == requests
    assert [bool(stamp) for stamp in exchange.stamps[:3]] == [True, False, True]


def test_clock_jumps_while_waiting() -> None:
    """A call that started before the last jump, and was signed after it, measures again."""
    harness = RequestHarness()
    exchange = Exchange(harness, 60.0)
    user = harness.state.config.credentials.fingerprint
    harness.limiter.waits[user] = 10.0
    waiting = harness.flow()
    assert next(waiting) == Sleep(10.0)
    del harness.limiter.waits[user]
    harness.send()
    exchange.ahead = 600.0
    harness.run(waiting)
    assert harness.state.clock_skew.value == pytest.approx(600.0, abs=0.01)


@pytest.mark.parametrize(("ahead", "hint"), [(12.5, "+12.500 s"), (0.0, "")])
def test_clock_error_after_a_measurement(ahead: float, hint: str) -> None:
    """If a request with the exchange's own time is rejected too, that error is raised, with a measured skew."""
    harness = RequestHarness()
    late, time = error_response("50102"), ok_response(time_row(harness.clock.time() + ahead))
    error = harness.error(late, time, late)
    assert (type(error), error.code, len(harness.transport.requests)) == (ClockSkewError, "50102", 3)
    assert hint in error.hint if hint else error.hint == ""


@pytest.mark.parametrize(
    ("time", "message"),
    [
        (ok_response(), "it has no row"),
        (ok_response({"ts": "soon"}), "ts is 'soon', which does not match"),
        (ok_response({"ts": "253402300800000"}), "(HTTP 200): server time out of range: 253402300800000"),
        (error_response("50102"), "50102"),
        (error_response("50026", 500), "50026"),
        (RESET, "reset"),
    ],
)
def test_missing_server_time(time: Any, message: str) -> None:
    """If the server time is missing, the call fails with the reason, and the next call measures again."""
    harness = RequestHarness(max_retries=0)
    assert message in str(harness.error(error_response("50102"), time))
    Exchange(harness, 0.0)
    assert harness.send().rows


def test_deadline_limits_the_measurement() -> None:
    """Neither the measurement nor waiting for another one takes longer than the deadline."""
    harness = RequestHarness()
    first, second = harness.flow(harness.clock.now + 3.0), harness.flow(harness.clock.now + 2.0)
    for flow in (first, second):
        assert isinstance(next(flow), Send)
    harness.clock.now += 1.0
    calls, waits = first.send(error_response("50102")), second.send(error_response("50102"))
    assert isinstance(calls, Send)
    assert (calls.request.target, calls.timeout) == (GET_TIME.path, 2.0)
    assert isinstance(waits, Sleep)
    assert waits.seconds == 1.0


def test_time_request_is_retried() -> None:
    """The time request is retried as any other, after dropped connections and temporary failures."""
    harness = RequestHarness()
    time = ok_response(time_row(harness.clock.time() + 60))
    assert harness.send(error_response("50102"), GONE, RESET, time, OK_RESPONSE).rows


def test_midpoint() -> None:
    """The skew is the server time, up to the end of the year 9999, less the middle of the round trip."""
    harness = RequestHarness()

    def slow(_: Request) -> Response:
        ahead = harness.clock.time() + 5.0
        harness.clock.now += 3.0
        return ok_response(time_row(ahead))

    skew = harness.run(request.measure_clock_skew(harness.state, None), slow)
    assert skew == pytest.approx(5.0 - 1.5, abs=0.001)
    skew = harness.run(request.measure_clock_skew(harness.state, None), ok_response({"ts": "253402300799999"}))
    assert harness.state.config.credentials.sign("GET", "/", harness.clock.time() + skew)
