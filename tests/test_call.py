"""Call: its slot, its signature, and what its answer means."""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from okx_maxloan_api.contract import ERRORS, GET_MAX_LOAN

from okx_maxloan_sdk import call
from okx_maxloan_sdk.errors import (
    AccountModeRejected,
    ApiError,
    AuthenticationError,
    BadAnswer,
    ClientClosed,
    NotSent,
    OkxError,
    OutcomeUnknown,
    ParameterRejected,
    PermissionDenied,
    RateLimited,
    Unavailable,
)
from okx_maxloan_sdk.flow import Send, Sleep, send
from okx_maxloan_sdk.limiter import MemoryLimiter
from okx_maxloan_sdk.sites import Site, origin
from okx_maxloan_sdk.transport import Dropped, Request, Response
from tests.limiter.simulator import Simulation
from tests.support.doors import KEY
from tests.support.facts import EMPTY, LIMIT
from tests.support.sessions import GOOD, QUERY, Bench, in_time
from tests.support.wire import Wire, answer, refused, row, success

if TYPE_CHECKING:
    from okx_maxloan_sdk.flow import Flow

HTML = Response(502, {}, b"<html>down</html>")


def test_a_call() -> None:
    """A call takes a slot, signs what travels with the time of now, and gives the rows."""
    bench, wire = Bench(), Wire(GOOD)
    assert bench.ask(wire).rows == [{**EMPTY, **row("BTC-USDT")}]
    (request,) = wire.requests
    assert (request.method, request.target) == ("GET", "/api/v5/account/max-loan?mgnMode=cross&instId=BTC-USDT")
    signed = bench.session.credentials.sign("GET", request.target, bench.clock.time())
    assert signed.items() <= request.headers.items()
    assert wire.timeouts == [10.0]
    assert bench.limiter.notes == ["answered"]
    assert bench.limiter.asked == [(10.0, None)]


@pytest.mark.parametrize(
    ("outcome", "error", "word"),
    [
        (GOOD, None, "answered"),
        (refused("51000"), ParameterRejected, "answered"),
        (refused("50113"), AuthenticationError, "answered"),
        (refused("50011"), RateLimited, "answered"),
        (HTML, BadAnswer, "answered"),
        (BadAnswer("it ends early"), BadAnswer, "answered"),
        (NotSent("refused"), NotSent, "unsent"),
        (ClientClosed(), ClientClosed, "unsent"),
        (OutcomeUnknown("reset"), OutcomeUnknown, "unknown"),
        (Dropped("gone"), OutcomeUnknown, "unknown"),
        (KeyboardInterrupt(), KeyboardInterrupt, "unknown"),
        (ZeroDivisionError(), ZeroDivisionError, "unknown"),
    ],
)
def test_slots(outcome: Any, error: type[BaseException] | None, word: str) -> None:
    """Every slot is told how its request ended, whatever happened to it."""
    bench = Bench(attempts=1)
    if error is None:
        bench.ask(Wire(outcome))
    else:
        with pytest.raises(error):
            bench.ask(Wire(outcome))
    assert set(bench.limiter.notes) == {word}


@pytest.mark.parametrize(
    ("outcome", "word"), [(GOOD, "answered"), (NotSent("no"), "unsent"), (OutcomeUnknown("reset"), "unknown")]
)
def test_slots_of_every_window(outcome: Any, word: str) -> None:
    """A request that passes two windows has a slot in each, and both are told how it ended."""
    bench = Bench(attempts=1)
    bench.session._users["uid"] = "uid"
    with contextlib.suppress(OkxError):
        bench.ask(Wire(outcome))
    assert bench.limiter.notes == [word, word]


@pytest.mark.parametrize("failure", [GeneratorExit(), KeyboardInterrupt()])
def test_abandoned_in_flight(failure: BaseException) -> None:
    """A call that is closed while its request is on the way holds its slot as one whose outcome is unknown."""
    bench = Bench()
    flow = bench.flow()
    assert isinstance(next(flow), Send)
    with pytest.raises(type(failure)):
        flow.throw(failure)
    assert bench.limiter.notes == ["unknown"]


def test_abandoned_while_waiting() -> None:
    """A call that is closed while it waits for its second permit gives the first back, unsent."""
    bench = Bench()
    bench.session._users["uid"] = "uid"
    real = bench.limiter.for_key

    def for_key(key: Any, limit: Any, clock: Any) -> Any:
        found = real(key, limit, clock)
        return Slow() if key.user == "uid" else found

    class Slow:
        def acquire(self, _timeout: float, _deadline: float | None) -> Flow[Any]:
            yield Sleep(9.0)

    bench.limiter.for_key = for_key  # type: ignore[method-assign] # only this test has a slow limiter
    flow = bench.flow()
    assert next(flow) == Sleep(9.0)
    flow.close()
    assert bench.limiter.notes == ["unsent"]


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (refused("50119"), AuthenticationError),
        (refused("50110"), PermissionDenied),
        (refused("51010"), AccountModeRejected),
        (refused("51000"), ParameterRejected),
        (refused("51000_77"), ParameterRejected),
        (refused("50001", 503), Unavailable),
        (refused("50115", 405), ApiError),
        (refused("59999"), ApiError),
        (refused("59999", 400), ApiError),
        (refused("59999", 401), AuthenticationError),
        (refused("59999", 403), PermissionDenied),
        (refused("59999", 429), RateLimited),
        (refused("59999", 500), Unavailable),
        (refused("59999", 599), Unavailable),
        (answer({"msg": "slow", "code": 50011}, 429), RateLimited),
    ],
)
def test_meaning(response: Response, kind: type[ApiError]) -> None:
    """A refusal is what its code says; an unknown code is what its HTTP status says."""
    bench = Bench(attempts=1)
    with pytest.raises(ApiError) as caught:
        bench.ask(Wire(response))
    assert type(caught.value) is kind
    assert caught.value.http_status == response.status


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("code", sorted(ERRORS))
def test_every_code_is_explained(code: str, language: str) -> None:
    """Every code of the contract shows its number, the exchange's words and ours, in the caller's language."""
    bench = Bench(attempts=1, language=language)
    # The exchange tells no time either, so that 50102 comes out as well.
    with pytest.raises(ApiError) as caught:
        bench.ask(Wire(refused(code, msg="the exchange's words"), refused("50102"), refused(code)))
    explanation = ERRORS[code].zh if language == "zh" else ERRORS[code].en
    assert caught.value.explanation == explanation
    assert all(words in str(caught.value) for words in (code, explanation))


def test_unknown_code_is_not_explained() -> None:
    """Of a code that the contract does not know nothing is said beyond the exchange's words."""
    with pytest.raises(ApiError) as caught:
        Bench().ask(Wire(refused("59999")))
    assert (caught.value.explanation, caught.value.hint) == ("", "")


def test_refusal_carries_everything() -> None:
    """A refusal carries the code, the message, the status, the request's id and the pairs asked about."""
    bench = Bench()
    body = {"code": "51000", "msg": "wrong", "data": []}
    with pytest.raises(ApiError) as caught:
        bench.ask(Wire(answer(body, 400, **{"x-request-id": "r-1", "cf-ray": "ray-1"})))
    error = caught.value
    assert (error.code, error.message, error.http_status, error.request_id) == ("51000", "wrong", 400, "r-1")
    assert error.inst_ids == ("BTC-USDT",)
    with pytest.raises(ApiError) as caught:
        bench.run(call.ask(bench.session, GET_MAX_LOAN, {**QUERY, "instId": "A-B,C-D"}, None), Wire(answer(body)))
    assert caught.value.inst_ids == ("A-B", "C-D")
    with pytest.raises(ApiError) as caught:
        bench.ask(Wire(answer(body, 400, **{"cf-ray": "ray-1"})))
    assert caught.value.request_id == "ray-1"
    with pytest.raises(ApiError) as caught:
        bench.run(call.ask(bench.session, GET_MAX_LOAN, {"mgnMode": "cross", "ccy": "BTC"}, None), Wire(answer(body)))
    assert (caught.value.request_id, caught.value.inst_ids) == ("", ())


@pytest.mark.parametrize(("language", "words"), [("en", "other regional sites"), ("zh", "其他区域站点")])
def test_unknown_key_names_the_sites(language: str, words: str) -> None:
    """50119 names the other regional sites, and the one that was asked as such."""
    bench = Bench(language=language, origin=origin("https://eea.okx.com"))
    with pytest.raises(AuthenticationError) as caught:
        bench.ask(Wire(refused("50119")))
    assert f"US ({Site.US.value}), TR ({Site.TR.value})" in caught.value.hint
    here, _, others = caught.value.hint.partition("；" if language == "zh" else ";")
    assert "https://eea.okx.com" in here
    assert words in others
    assert all((site.value in others) == (site is not Site.EEA) for site in Site)


def test_hint_of_an_inferred_rule() -> None:
    """A refused question is told which unconfirmed rule it breaks; other refusals are told nothing."""
    query = {"mgnMode": "isolated", "ccy": "USDT"}
    bench = Bench()
    with pytest.raises(ParameterRejected) as caught:
        bench.run(call.ask(bench.session, GET_MAX_LOAN, query, None), Wire(refused("51000")))
    assert caught.value.hint == "A currency is asked for with mgnMode=cross."
    chinese = Bench(language="zh")
    with pytest.raises(ParameterRejected, match="按币种查询时 mgnMode 用 cross"):
        chinese.run(call.ask(chinese.session, GET_MAX_LOAN, query, None), Wire(refused("51000")))
    with pytest.raises(ParameterRejected) as caught:
        bench.ask(Wire(refused("51000")))
    assert caught.value.hint == ""
    assert str(caught.value).count("\n") == 2


def test_demo_switch() -> None:
    """50101 names the switch that mends it."""
    with pytest.raises(AuthenticationError, match="demo="):
        Bench().ask(Wire(refused("50101")))


def test_key_in_a_refusal_is_masked() -> None:
    """50110 keeps the IP that must be allowed, and not the key that the exchange repeats."""
    with pytest.raises(PermissionDenied, match=r"203\.0\.113\.7") as caught:
        Bench().ask(Wire(refused("50110", msg=f"203.0.113.7 is not on the list of {KEY}")))
    assert KEY not in str(caught.value)
    assert "***" in caught.value.message


def test_excerpt_is_masked_and_short() -> None:
    """What an unreadable answer begins with is shown masked, in 200 characters."""
    with pytest.raises(BadAnswer) as caught:
        Bench().ask(Wire(Response(200, {}, f"{KEY} {'x' * 999}".encode())))
    assert caught.value.excerpt == f"*** {'x' * 196}"


def test_reason_is_masked() -> None:
    """A value that is not of its form is shown in the reason, masked."""
    with pytest.raises(BadAnswer, match=r"maxLoan is '\*\*\*'") as caught:
        Bench().ask(Wire(success(row("BTC-USDT", max_loan=KEY))))
    assert KEY not in str(caught.value)


def test_rows_are_masked_nowhere() -> None:
    """Rows are data: nothing in them is touched."""
    assert Bench().ask(Wire(success({**row("BTC-USDT"), "label": KEY}))).rows[0]["label"] == KEY


def test_words_are_total() -> None:
    """Both languages have the same words."""
    assert call.WORDS["en"].keys() == call.WORDS["zh"].keys()


def test_signatures_are_fresh_after_a_long_queue() -> None:
    """Of requests that queue for more than a minute, none arrives with a signature as old as a second."""
    number = int(70 * LIMIT.requests / LIMIT.period)
    simulation = Simulation()
    bench = Bench(clock=simulation, limiter=MemoryLimiter())
    ages: list[float] = []
    arrivals: list[float] = []

    def arrive(request: Request) -> Response:
        signed = datetime.fromisoformat(request.headers["OK-ACCESS-TIMESTAMP"]).timestamp()
        ages.append(simulation.time() - signed)
        arrivals.append(simulation.now)
        return GOOD

    wire = Wire(arrive)
    tasks = [simulation.spawn(in_time(bench.flow(), wire, travels=0.2)) for _ in range(number)]
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
