"""Errors: one tree, total, that survives pickling and says what to do."""

from __future__ import annotations

import copy
import pickle
import re
from typing import TYPE_CHECKING, get_args, get_type_hints

import pytest
from okx_maxloan_api.contract import ERRORS, Error

import okx_maxloan_sdk
from okx_maxloan_sdk import errors
from okx_maxloan_sdk.errors import (
    BY_KIND,
    ApiError,
    BadAnswer,
    BatchError,
    Broken,
    ClientClosed,
    LimiterUnavailableError,
    MissingDataError,
    NotSent,
    OkxError,
    OutcomeUnknown,
    RateLimitTimeoutError,
    RuleError,
    TransportError,
)
from okx_maxloan_sdk.transport import Dropped
from tests.support.facts import loan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOAN = loan(max_loan="1.5", ccy="BTC", side="sell")
BROKEN = Broken("some-rule", "ccy=USDT", "Ask for pairs.", "https://www.okx.com/docs-v5/en/#x")


def tree(root: type[OkxError], depth: int = 0) -> Iterator[tuple[str, int]]:
    """List the classes of the module as they stand in the source, with their depth."""
    source = list(vars(errors).values())
    for each in sorted((each for each in root.__subclasses__() if each in source), key=source.index):
        yield each.__name__, depth
        yield from tree(each, depth + 1)


def api(kind: type[ApiError] = ApiError) -> ApiError:
    """Make a refusal with everything in it."""
    return kind(
        "51000",
        "their words",
        http_status=400,
        explanation="our words",
        hint="a hint",
        request_id="r-1",
        inst_ids=("BTC-USDT", "ETH-USDT"),
    )


def every() -> list[OkxError]:
    """Make one of each."""
    return [
        OkxError("words"),
        RuleError([BROKEN, BROKEN]),
        *(api(kind) for kind in BY_KIND.values()),
        TransportError("words"),
        NotSent("words"),
        LimiterUnavailableError("words"),
        RateLimitTimeoutError("words"),
        OutcomeUnknown("words"),
        Dropped("words"),
        BadAnswer("it is HTML", http_status=502, excerpt="<html>"),
        MissingDataError(("BTC-USD",), "a hint"),
        BatchError([LOAN], [(("ETH-USDT",), api()), (("A-B", "C-D"), NotSent("no"))]),
        ClientClosed(),
    ]


NAMES = [type(each).__name__ for each in every()]


def test_the_tree_is_documented() -> None:
    """The module's docstring draws the tree as it is, each class with a line of its own."""
    drawn = re.findall(r"^([│├└ ]*)(\w+)(?:  +(\S.*))?$", errors.__doc__ or "", re.MULTILINE)
    root, *rest = [each for each in drawn if each[1] in vars(errors)]
    assert root[1] == "OkxError"
    assert [(name, len(lines) // 2 - 1) for lines, name, _ in rest] == list(tree(OkxError))
    assert all(words for *_, words in rest)


def test_every_class_is_tried_here() -> None:
    """No error class is missing from the tests below."""
    assert {type(each).__name__ for each in every()} >= {name for name, _ in tree(OkxError)}


def test_every_class_is_exported_and_explained() -> None:
    """Every class can be imported from the package, and says what it means."""
    for name, _ in tree(OkxError):
        assert getattr(okx_maxloan_sdk, name) is getattr(errors, name)
        assert name in okx_maxloan_sdk.__all__
    assert all((type(each).__doc__ or "").strip() for each in every())


def test_kinds_are_total() -> None:
    """Every kind that the contract knows has a class, and every class of a refusal is some kind's."""
    assert set(get_args(get_type_hints(Error)["kind"])) == set(BY_KIND)
    assert {each.kind for each in ERRORS.values()} <= set(BY_KIND)
    assert set(BY_KIND.values()) == {ApiError, *ApiError.__subclasses__()}


def test_codes_are_total() -> None:
    """Every code of the contract stands under its own name, says what it means, and what is done about it."""
    for code, each in ERRORS.items():
        assert each.code == code
        assert each.en
        assert each.zh
        assert each.retry in get_args(get_type_hints(Error)["retry"])


@pytest.mark.parametrize("place", range(len(NAMES)), ids=NAMES)
@pytest.mark.parametrize(
    "again",
    [
        *(lambda error, protocol=protocol: pickle.loads(pickle.dumps(error, protocol)) for protocol in range(6)),  # noqa: S301 -- our own bytes
        copy.copy,
        copy.deepcopy,
    ],
    ids=[*(f"pickle {protocol}" for protocol in range(6)), "copy", "deepcopy"],
)
def test_survives(place: int, again: Callable[[OkxError], OkxError]) -> None:
    """An error comes through pickle and copy as it was."""
    error = every()[place]
    found = again(error)
    assert type(found) is type(error)
    assert str(found) == str(error)
    assert state(found) == state(error)


def state(error: BaseException) -> object:
    """Tell what an error carries, errors inside it included."""
    if isinstance(error, BatchError):
        return error.loans, error.args[0], [(ids, type(each), state(each)) for ids, each in error.failures]
    return vars(error), error.args


def test_arguments() -> None:
    """What an error was made of is in its arguments, as with any exception."""
    failures = ((("A-B",), NotSent("no")),)
    assert RuleError([BROKEN]).args == ((BROKEN,),)
    assert api().args == ("51000", "their words")
    assert BadAnswer("it is HTML", http_status=502, excerpt="<html>").args == ("it is HTML", 502, "<html>", ())
    assert BatchError([LOAN], failures).args == ((LOAN,), failures)
    plain = ApiError("1", "words", http_status=200)
    assert (plain.explanation, plain.hint, plain.request_id, plain.inst_ids) == ("", "", "", ())


def test_masked() -> None:
    """Masking an unreadable answer leaves nothing of it in words, arguments, context or traceback."""

    def fails() -> None:
        try:
            raise ValueError("secret")
        except ValueError:
            rows = [{"instId": "secret", "secret": [{"deep": "secret"}, 1]}]
            raise BadAnswer("a secret", http_status=502, excerpt="secret " * 99, rows=rows)  # noqa: B904 -- the point

    with pytest.raises(BadAnswer) as caught:
        fails()
    error = caught.value
    assert error.masked(lambda text: text.replace("secret", "***")) is error
    assert (error.reason, error.http_status, error.excerpt) == ("a ***", 502, ("*** " * 99)[:200])
    assert error.rows == ({"instId": "***", "***": [{"deep": "***"}, 1]},)
    assert error.args == (error.reason, 502, error.excerpt, error.rows)
    assert (error.__context__, error.__traceback__) == (None, None)


def test_refusal_says_what_to_do() -> None:
    """A refusal shows code, status, the exchange's words, ours, the hint, and the pairs."""
    assert str(api()) == ("OKX refused with 51000 (HTTP 400): their words\nour words\na hint\ninstId BTC-USDT,ETH-USDT")
    assert str(ApiError("59999", "", http_status=200)) == "OKX refused with 59999 (HTTP 200): -"


def test_broken_rules_say_what_to_do() -> None:
    """Each broken rule shows what is needed, what was given, its id and its documentation."""
    error = RuleError([BROKEN, BROKEN])
    assert isinstance(error, ValueError)
    line = "Ask for pairs. (given: ccy=USDT; rule some-rule; https://www.okx.com/docs-v5/en/#x)"
    assert str(error) == f"{line}\n{line}"
    assert error.broken == (BROKEN, BROKEN)


def test_bad_answer_says_what_came() -> None:
    """An unreadable answer shows its status, the reason and its beginning."""
    said = str(BadAnswer("it is HTML", http_status=502, excerpt="<html>\n"))
    assert said == "OKX's answer (HTTP 502) cannot be read: it is HTML: '<html>\\n'"
    assert str(BadAnswer("it is empty")) == "OKX's answer (HTTP 0) cannot be read: it is empty"


def test_missing_data_says_what_is_missing() -> None:
    """An answer without a row names what was requested, and the hint."""
    said = str(MissingDataError(["BTC-USD"], "a hint"))
    assert said == "OKX returned no data for BTC-USD; it may be delisted\na hint"


def test_batch_says_what_failed() -> None:
    """A batch's error counts what arrived, and names each failure with its pairs."""
    error = BatchError((LOAN,), ((("A-B", "C-D"), NotSent("no")),))
    assert str(error) == "no rows for 2 of the pairs; 1 rows arrived\nA-B,C-D: no"
    assert error.loans == [LOAN]
    assert [(ids, type(each)) for ids, each in error.failures] == [(("A-B", "C-D"), NotSent)]


def test_closed_says_what_to_do() -> None:
    """Use after close says that a new client is needed."""
    assert str(ClientClosed()) == "this client is closed; make a new one"


def test_caught_as_what_they_are() -> None:
    """Callers catch by family: everything, everything about transport, every wrong question as a ValueError."""
    assert all(isinstance(each, OkxError) for each in every())
    assert issubclass(Dropped, OutcomeUnknown)
    assert issubclass(OutcomeUnknown, TransportError)
    assert not issubclass(BadAnswer, TransportError)
