"""Exceptions: one tree, complete, picklable, with advice in each message."""

import copy
import pickle
import re
from pathlib import Path
from typing import get_args, get_type_hints
from unittest.mock import Mock

import pytest
from okx_maxloan_api.contract import ERRORS, Error

import okx_maxloan_sdk
from okx_maxloan_sdk import exceptions
from okx_maxloan_sdk.exceptions import (
    EXCEPTION_BY_KIND,
    MAX_REASONS,
    ApiConnectionError,
    ApiError,
    ApiTimeoutError,
    ClientClosedError,
    InvalidParametersError,
    InvalidResponseError,
    LimiterUnavailableError,
    MissingDataError,
    NoResponseError,
    OkxError,
    PartialFailureError,
    RateLimitTimeoutError,
    RequestNotSentError,
    Violation,
)
from okx_maxloan_sdk.messages import load_catalogue
from okx_maxloan_sdk.transport import ConnectionDroppedError
from tests.support.contract_values import loan

LOAN = loan(max_loan="1.5", ccy="BTC", side="sell")
BROKEN = Violation("some-rule", "ccy=USDT", "Ask for pairs.", "https://www.okx.com/docs-v5/en/#x")


def api(kind: type[ApiError] = ApiError) -> ApiError:
    """Make an API error with every attribute."""
    return kind(
        "51000",
        "their words",
        http_status=400,
        explanation="our words",
        hint="a hint",
        request_id="r-1",
        inst_ids=("BTC-USDT", "ETH-USDT"),
    )


LINE = "Ask for pairs. (given: ccy=USDT; rule some-rule; https://www.okx.com/docs-v5/en/#x)"
REJECTED = "OKX rejected the request with code"
ONE_FAILURE = PartialFailureError((LOAN,), ((("A-B", "C-D"), RequestNotSentError("no")),))
MESSAGES: list[tuple[OkxError, str]] = [
    (OkxError("words"), "words"),
    (InvalidParametersError([BROKEN, BROKEN]), f"{LINE}\n{LINE}"),
    *(
        (api(kind), f"{REJECTED} 51000 (HTTP 400): their words\nour words\na hint\ninstId BTC-USDT,ETH-USDT")
        for kind in EXCEPTION_BY_KIND.values()
    ),
    (ApiError("59999", "", http_status=200), f"{REJECTED} 59999 (HTTP 200): -"),
    (ApiConnectionError("words"), "words"),
    (RequestNotSentError("no"), "the request was not sent: no"),
    (LimiterUnavailableError("words"), "words"),
    (RateLimitTimeoutError("words"), "words"),
    (NoResponseError("reset"), "no complete response: reset"),
    (ApiTimeoutError("late"), "no complete response: late"),
    (ConnectionDroppedError("gone"), "no complete response: gone"),
    (
        InvalidResponseError("it is HTML", http_status=502, body_excerpt="<html>\n", rows=[{"a": 1}]),
        "invalid response from OKX (HTTP 502): it is HTML: '<html>\\n'",
    ),
    (InvalidResponseError("it is empty"), "invalid response from OKX (HTTP 0): it is empty"),
    (MissingDataError(["BTC-USD"], "a hint"), "OKX returned no data for BTC-USD; it may be delisted\na hint"),
    (ONE_FAILURE, "no rows for 2 of the pairs; 1 rows arrived\nA-B,C-D: the request was not sent: no"),
    (ClientClosedError(), "the client is closed; create a new one"),
]


def test_every_class_is_exported_and_explained() -> None:
    """Every class can be imported from the package, has a docstring, and is an `OkxError`; some are of the builtins."""
    names = {name for name, each in vars(exceptions).items() if isinstance(each, type) and issubclass(each, Exception)}
    assert {type(each).__name__ for each, _ in MESSAGES} == {*names, "ConnectionDroppedError"}
    assert names <= set(okx_maxloan_sdk.__all__)
    assert all(getattr(okx_maxloan_sdk, name) is getattr(exceptions, name) for name in names)
    assert all(isinstance(each, OkxError) and (type(each).__doc__ or "").strip() for each, _ in MESSAGES)
    assert issubclass(InvalidParametersError, ValueError)
    assert issubclass(RateLimitTimeoutError, TimeoutError)
    assert issubclass(ApiTimeoutError, TimeoutError)
    assert set(NoResponseError.__subclasses__()) == {ApiTimeoutError, ConnectionDroppedError}
    assert set(ApiConnectionError.__subclasses__()) == {RequestNotSentError, NoResponseError}


def test_contract_is_total() -> None:
    """Every kind of the contract has a class, and every API error a kind; each code has its texts and advice."""
    hints = get_type_hints(Error)
    assert set(get_args(hints["kind"])) == set(EXCEPTION_BY_KIND)
    assert set(EXCEPTION_BY_KIND.values()) == {ApiError, *ApiError.__subclasses__()}
    for code, each in ERRORS.items():
        assert (each.code, each.kind in EXCEPTION_BY_KIND, bool(each.en), bool(each.zh)) == (code, True, True, True)
        assert each.retry in get_args(hints["retry"])


def test_named_messages() -> None:
    """The catalogue has the messages that the code names, and those of `check_parameter`."""
    messages = {f"{table}.{key}" for table, texts in load_catalogue("en").items() for key in texts}
    code = "".join(path.read_text("utf-8") for path in Path(exceptions.__file__).parent.glob("*.py"))
    named = set(re.findall(r'"((?:error|hint|reason)\.\w+)"', code))
    assert named == {name for name in messages if not name.startswith("parameter.")}


def test_catalogue_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error says what is wrong without its catalogue, as it may be that no file descriptor is left."""
    load_catalogue.cache_clear()
    monkeypatch.setattr("io.open", Mock(side_effect=OSError("Too many open files")))
    assert str(RequestNotSentError("Too many open files")) == "error.not_sent {'reason': 'Too many open files'}"


@pytest.mark.parametrize(("error", "message"), MESSAGES, ids=lambda each: type(each).__name__)
def test_messages(error: OkxError, message: str) -> None:
    """The message says what is wrong and what to do; copies, and pickles of any protocol, are equal."""
    pickled = [pickle.loads(pickle.dumps(error, protocol)) for protocol in range(6)]  # noqa: S301 -- our own bytes
    for each in (error, *pickled, copy.copy(error), copy.deepcopy(error)):
        assert (type(each), str(each), state(each)) == (type(error), message, state(error))


def state(error: BaseException) -> object:
    """Return the attributes of an error, nested errors included."""
    if isinstance(error, PartialFailureError):
        return error.loans, error.args[0], [(ids, type(each), state(each)) for ids, each in error.failures]
    return vars(error), error.args


def test_arguments() -> None:
    """The arguments and attributes of an error are those of its constructor, as for any exception."""
    assert InvalidParametersError([BROKEN]).args == (InvalidParametersError([BROKEN]).violations,) == ((BROKEN,),)
    assert api().args == ("51000", "their words")
    invalid = InvalidResponseError("it is HTML", http_status=502, body_excerpt="<html>")
    assert invalid.args == ("it is HTML", 502, "<html>", ())
    failures = [(("A-B", "C-D"), RequestNotSentError("no"))]
    partial = PartialFailureError([LOAN], failures)
    assert (partial.args, partial.loans, partial.failures) == (((LOAN,), tuple(failures)), [LOAN], failures)
    assert MissingDataError(["A-B"]).args == (("A-B",), "")
    assert ClientClosedError().args == ("the client is closed; create a new one",)
    plain = ApiError("1", "words", http_status=200)
    assert (plain.explanation, plain.hint, plain.request_id, plain.inst_ids) == ("", "", "", ())


def test_redacted() -> None:
    """Redacting an invalid response leaves no secret in message, arguments, context or traceback."""

    def fails() -> None:
        try:
            raise ValueError("secret")
        except ValueError:
            rows = [{"instId": "secret", "secret": [{"deep": "secret"}, 1]}]
            raise InvalidResponseError("a secret", http_status=502, body_excerpt="secret " * 99, rows=rows)  # noqa: B904 -- the point

    with pytest.raises(InvalidResponseError) as caught:
        fails()
    error = caught.value
    assert error.redacted(lambda text: text.replace("secret", "***")) is error
    assert (error.reason, error.http_status, error.body_excerpt) == ("a ***", 502, ("*** " * 99)[:200])
    assert error.rows == ({"instId": "***", "***": [{"deep": "***"}, 1]},)
    assert error.args == (error.reason, 502, error.body_excerpt, error.rows)
    assert (error.__context__, error.__traceback__) == (None, None)


def test_message_of_many_failures() -> None:
    """Failures beyond the first few are counted."""
    failures = [((f"A{number}-B",), RequestNotSentError("no")) for number in range(MAX_REASONS + 2)]
    lines = str(PartialFailureError((), failures)).splitlines()
    assert len(lines) == 1 + MAX_REASONS + 1
    assert lines[-1] == "and 2 more in .failures"
