"""The only door into generated code: queries out, rows and models in."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

from attrs import define
from okx_maxloan_api.contract import GET_ACCOUNT_CONFIG, GET_ACCOUNT_INSTRUMENTS, GET_MAX_LOAN, GET_TIME, Operation
from okx_maxloan_api.models import AccountConfigRow, InstrumentRow, MaxLoanRow

from .errors import BadAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from okx_maxloan_api.contract import Field

    from .transport import Response

    # What picks the fields' values, their types, and by place what else a value has to pass.
    Test = tuple[int, Callable[[Any], object]]
    Columns = tuple[Callable[[dict[str, Any]], tuple[Any, ...]], tuple[type, ...], list[Test]]

__all__ = [
    "GET_ACCOUNT_CONFIG",
    "GET_ACCOUNT_INSTRUMENTS",
    "GET_MAX_LOAN",
    "GET_TIME",
    "AccountConfigRow",
    "InstrumentRow",
    "MaxLoan",
    "Operation",
]

# By operation: how its parameters are called here and there, and how its rows are read.
NAMES: dict[str, dict[str, str]] = {}
COLUMNS: dict[str, Columns] = {}
TYPES: dict[str, type] = {"string": str, "boolean": bool, "array": list}


@define
class MaxLoan(MaxLoanRow):
    """One row of the answer: how much could be borrowed for one side of one pair, or of one currency.

    The fields are as OKX sent them, in snake_case; what this release does not know is in `additional_properties`.
    """

    @property
    def amount(self) -> Decimal | None:
        """`max_loan` as an exact number, in units of `ccy`; None when OKX gave none."""
        return amount(self.max_loan)


def amount(text: str) -> Decimal | None:
    """Parse an amount; an empty one is None."""
    return Decimal(text) if text else None


def query(operation: Operation, parameters: Mapping[str, Any]) -> dict[str, str]:
    """Name parameters as OKX does, in the contract's order; None is left out, and a list is joined by commas.

    Raises `TypeError` for a parameter that the operation does not have, or a value that is no text.
    """
    names = NAMES.get(operation.id) or NAMES.setdefault(operation.id, _names(operation))
    if not parameters.keys() <= names.keys():
        strangers = sorted(parameters.keys() - names)
        message = f"{', '.join(strangers)}: no such parameter; {operation.path} takes {', '.join(names)}"
        raise TypeError(message)
    return {
        name: _text(attribute, value)
        for attribute, name in names.items()
        if (value := parameters.get(attribute)) is not None
    }


def _names(operation: Operation) -> dict[str, str]:
    return {each.attribute: each.name for each in operation.parameters}


def _text(attribute: str, value: object) -> str:
    if isinstance(value, str):
        return str.__str__(value)  # `str` of an enumeration's member would be its name
    if isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value):
        return ",".join(value)
    message = f"{attribute} must be a str (or a list of them), not {type(value).__name__}"
    raise TypeError(message)


def target(operation: Operation, wanted: Mapping[str, str]) -> str:
    """Write the request target in the contract's order; commas stay raw, as OKX's own examples have them."""
    ordered = [(each.name, wanted[each.name]) for each in operation.parameters if each.name in wanted]
    return _target(operation.path, tuple(ordered))


@lru_cache
def _target(path: str, wanted: tuple[tuple[str, str], ...]) -> str:
    pairs = "&".join(f"{name}={quote(value, safe=',')}" for name, value in wanted)
    return f"{path}?{pairs}" if pairs else path


def envelope(response: Response) -> tuple[str, str, list[Any]]:
    """Read code, message and rows; raise `BadAnswer` for anything that is no answer of this exchange.

    Gateways send the code as a number and leave `data` out, but only with a refusal.
    """
    refused = response.status >= 400  # noqa: PLR2004 -- HTTP's own boundary
    body = _json(response)
    if not isinstance(body, dict):
        _bad(response, "it is not a JSON object")
    code, message, data = body.get("code"), body.get("msg", ""), body.get("data", [])
    if isinstance(code, int) and not isinstance(code, bool) and refused:
        code = str(code)
    if not isinstance(code, str) or not code:
        _bad(response, f"its code is {_kind(code)}, not text")
    if not isinstance(message, str):
        _bad(response, f"its msg is {_kind(message)}, not text")
    if code != "0":
        return code, message, []
    if response.status != 200:  # noqa: PLR2004 -- the one status of an answer
        _bad(response, "it says success with another status than 200")
    if "msg" not in body:
        _bad(response, "its msg is missing")
    if not isinstance(data, list) or "data" not in body:
        _bad(response, f"its data is {_kind(body.get('data'))}, not a list")
    return code, message, data


def rows(operation: Operation, data: list[Any], response: Response) -> list[dict[str, Any]]:
    """Hold every row against the contract and fill in what may be missing; unknown fields stay."""
    pick, kinds, tests = COLUMNS.get(operation.id) or COLUMNS.setdefault(operation.id, _columns(operation))
    for row in data:
        if not isinstance(row, dict):
            _bad(response, f"a row is {_kind(row)}, not an object")
        try:
            values = pick(row)
        except KeyError:
            values = ()
        if tuple(map(type, values)) != kinds:
            _complete(operation, row, response)
            values = pick(row)
        for place, fits in tests:
            if not fits(values[place]):
                _bad(response, f"{operation.fields[place].name} {_misfit(values[place])}")
    return data


def _columns(operation: Operation) -> Columns:
    tests = [(place, fits) for place, field in enumerate(operation.fields) if (fits := _fits(field))]
    names = [each.name for each in operation.fields]
    pick = itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)
    return pick, tuple(TYPES[each.type] for each in operation.fields), tests


def _fits(field: Field) -> Callable[[Any], object] | None:
    if field.type == "array":
        return _texts
    return re.compile(field.pattern.strip("^$")).fullmatch if field.pattern else None


def _complete(operation: Operation, row: dict[str, Any], response: Response) -> None:
    for field in operation.fields:
        if field.name not in row and not field.required:
            row[field.name] = missing(field)
        elif field.name not in row:
            _bad(response, f"{field.name} is missing")
        elif type(row[field.name]) is not TYPES[field.type]:
            _bad(response, f"{field.name} is {_kind(row[field.name])}, not {field.type}")


def _texts(values: list[Any]) -> bool:
    return all(type(each) is str for each in values)


def missing(field: Field) -> object:
    """Give what stands for a field that did not come; None for one that must."""
    return list(field.default) if isinstance(field.default, tuple) else field.default


def _misfit(value: object) -> str:
    if isinstance(value, list):
        return "has something else than text in its list"
    return f"is {str(value)[:60]!r}, which is not of its form"


def _json(response: Response) -> Any:
    try:
        text = response.body.decode("utf-8").strip(" \t\r\n")
        value, end = DECODER.raw_decode(text)
        if end < len(text):
            _refuse("what follows its end")
        return value
    except UnicodeDecodeError:
        _bad(response, "it is not UTF-8")
    except RecursionError:
        _bad(response, "it is nested too deeply")
    except (ValueError, ArithmeticError) as error:
        _bad(response, "it is empty" if not response.body else f"it is not JSON ({error})")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a key stands twice in one object"
        raise ValueError(message)
    return found


def _refuse(constant: str) -> NoReturn:
    message = f"{constant} is no JSON number"
    raise ValueError(message)


DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse, parse_float=Decimal)


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "missing or null"}
    return names.get(type(value), "a number")


def _bad(response: Response, reason: str) -> NoReturn:
    if 300 <= response.status < 400:  # noqa: PLR2004 -- HTTP's redirects
        reason = "it is a redirect, which is never followed"
    raise BadAnswer(reason, http_status=response.status, excerpt=response.body[:4096].decode("utf-8", "replace"))


def max_loans(found: list[dict[str, Any]]) -> list[MaxLoan]:
    """Make the models of maximum loan."""
    return [MaxLoan.from_dict(row) for row in found]
