"""Codec between Python values and HTTP: encode requests, validate responses.

The only module of the SDK that imports the generated client.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from urllib.parse import quote

from okx_maxloan_api.api.account import get_account_config, get_account_instruments, get_max_loan
from okx_maxloan_api.api.public import get_time
from okx_maxloan_api.contract import GET_ACCOUNT_CONFIG, GET_ACCOUNT_INSTRUMENTS, GET_MAX_LOAN, GET_TIME, OPERATIONS

from .exceptions import InvalidResponseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from okx_maxloan_api.contract import Field, Operation

    from .transport import Response

T = TypeVar("T")
PYTHON_TYPES: Mapping[str, type] = {"string": str, "boolean": bool, "array": list}
JSON_TYPE_NAMES: Mapping[type, str] = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "a boolean",
    type(None): "missing or null",
}
# The body of an invalid response that is redacted and then shortened for the exception.
MAX_REDACTED_BYTES = 4096
NO_FIELDS: Mapping[str, Any] = MappingProxyType({})
MAX_LOAN_KEYWORDS = [each.attribute for each in GET_MAX_LOAN.parameters if each.attribute != "inst_id"]


@dataclass(frozen=True, eq=False)
class Query:
    """One operation with its path and query parameters, by OKX's names."""

    operation: Operation
    path: str
    params: Mapping[str, str]

    @cached_property
    def inst_ids(self) -> tuple[str, ...]:
        """The pairs, if there are any."""
        return tuple(self.params["instId"].split(",")) if "instId" in self.params else ()

    def with_inst_ids(self, inst_ids: Sequence[str]) -> Query:
        """Return the query for these pairs."""
        return Query(self.operation, self.path, {**self.params, "instId": ",".join(inst_ids)})

    @cached_property
    def other_params(self) -> tuple[tuple[str, str], ...]:
        """The parameters besides the pairs."""
        return tuple((name, value) for name, value in self.params.items() if name != "instId")

    @cached_property
    def matched_rows(self) -> set[tuple[str, ...]]:
        """What the rows of the last response are of, as they matched: a bot sends one query all day."""
        return set()

    @cached_property
    def target(self) -> str:
        """The request target (RFC 9112, 3.2) in the contract's order; commas stay raw, as in OKX's examples."""
        names = [each.name for each in self.operation.parameters if each.name in self.params]
        pairs = [f"{name}={quote(self.params[name], safe=',')}" for name in names]
        return f"{self.path}?{'&'.join(pairs)}" if pairs else self.path


def _encode(operation: Operation, endpoint: Any, **params: object) -> Query:
    texts = {name: _text(name, value) for name, value in params.items()}
    kwargs = endpoint._get_kwargs(**texts)  # noqa: SLF001 -- the generator's only function that builds a request
    return Query(operation, kwargs["url"], kwargs.get("params", {}))


def max_loan_query(**params: object) -> Query:
    """Encode parameters of the maximum loan, without pairs.

    Raises `TypeError` for a parameter that the operation does not have, or a value that is not a string.
    """
    if unknown := ", ".join(sorted(set(params).difference(MAX_LOAN_KEYWORDS))):
        names = ", ".join(MAX_LOAN_KEYWORDS)
        message = f"get_max_loan() has no keyword argument {unknown}; it has {names}, and pairs without a keyword"
        raise TypeError(message)
    return _encode(GET_MAX_LOAN, get_max_loan, **params)


def instruments_query(*, inst_type: object, inst_id: object) -> Query:
    """Encode parameters of the account's instruments; raise `TypeError` for a value that is not a string."""
    return _encode(GET_ACCOUNT_INSTRUMENTS, get_account_instruments, inst_type=inst_type, inst_id=inst_id)


def _text(name: str, value: object) -> Any:
    if value is None or type(value) is str:
        return value
    if isinstance(value, str):
        return str.__str__(value)  # `str` of an enumeration's member would be its name
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    message = f"{name} must be a str, not {type(value).__name__}"
    raise TypeError(message)


ACCOUNT_QUERY = _encode(GET_ACCOUNT_CONFIG, get_account_config)
TIME_QUERY = _encode(GET_TIME, get_time)


def parse_envelope(response: Response) -> tuple[str, str, list[Any]]:
    """Return code, message and rows of a response body.

    Gateways send the code as a number and leave out `data`, but only in an error. Raises `InvalidResponseError`.
    """
    is_error = response.status >= 400  # noqa: PLR2004 -- RFC 9110, 15: client and server errors
    body = _parse_json(response)
    if not isinstance(body, dict):
        _invalid(response, "it is not a JSON object")
    code, message, data = body.get("code"), body.get("msg", ""), body.get("data", [])
    if type(code) is int and is_error:
        code = str(code)
    if not isinstance(code, str) or not code:
        _invalid(response, f"code is {_json_type_name(code)}, expected a string")
    if not isinstance(message, str):
        _invalid(response, f"msg is {_json_type_name(message)}, expected a string")
    if code != "0":
        return code, message, []
    if response.status != 200:  # noqa: PLR2004 -- the one status of a success
        _invalid(response, "code 0 with another status than 200")
    if "msg" not in body:
        _invalid(response, "msg is missing")
    if not isinstance(data, list) or "data" not in body:
        _invalid(response, f"data is {_json_type_name(body.get('data'))}, expected a list")
    return code, message, data


@cache
def _field_checks(operation_id: str) -> list[tuple[str, type, Callable[[Any], object] | None, Field]]:
    """Return what a valid value of each field is: its type, and a test that it passes."""
    checks: list[tuple[str, type, Callable[[Any], object] | None, Field]] = []
    for field in FIELDS[operation_id]:
        pattern = re.compile(field.pattern.strip("^$")).fullmatch if field.pattern else None
        is_valid = _has_only_strings if field.type == "array" else pattern
        checks.append((field.name, PYTHON_TYPES[field.type], is_valid, field))
    return checks


def _has_only_strings(value: list[Any]) -> bool:
    return all(type(item) is str for item in value)


FIELDS = {each.id: each.fields for each in OPERATIONS}
ARRAYS = {each.id: [field.attribute for field in each.fields if field.type == "array"] for each in OPERATIONS}
ATTRIBUTE_BY_FIELD = {each.id: {field.name: field.attribute for field in each.fields} for each in OPERATIONS}


def validate_rows(operation: Operation, data: list[Any], response: Response) -> list[dict[str, Any]]:
    """Check every row against the contract and fill in optional fields; unknown fields stay.

    Raises `InvalidResponseError`.
    """
    checks = _field_checks(operation.id)
    for row in data:
        if not isinstance(row, dict):
            _invalid(response, f"a row is {_json_type_name(row)}, expected an object", data)
        for name, python_type, is_valid, field in checks:
            value = row.get(name)
            if type(value) is python_type and (is_valid is None or is_valid(value)):
                continue
            if name in row or field.required:
                _invalid(response, _describe_invalid(field, value) if name in row else f"{name} is missing", data)
            row[name] = default_for(field)
    return data


def _describe_invalid(field: Field, value: object) -> str:
    if type(value) is not PYTHON_TYPES[field.type]:
        return f"{field.name} is {_json_type_name(value)}, expected {field.type}"
    if isinstance(value, list):
        return f"{field.name} has something other than strings in its list"
    return f"{field.name} is {str(value)[:60]!r}, which does not match {field.pattern}"


def default_for(field: Field) -> object:
    """Return the value of an optional field that is missing; None for a required one."""
    return list(field.default) if isinstance(field.default, tuple) else field.default


def to_models(model: Callable[..., T], operation: Operation, rows: Iterable[Mapping[str, Any]]) -> list[T]:
    """Return validated rows as immutable models."""
    attributes, arrays = ATTRIBUTE_BY_FIELD[operation.id], ARRAYS[operation.id]
    models = []
    for row in rows:
        known = {attribute: row[name] for name, attribute in attributes.items()}
        for attribute in arrays:
            known[attribute] = tuple(known[attribute])
        unknown = NO_FIELDS
        if len(row) > len(attributes):
            unknown = MappingProxyType({name: value for name, value in row.items() if name not in attributes})
        models.append(model(**known, additional_properties=unknown))
    return models


def _parse_json(response: Response) -> Any:
    try:
        text = response.body.decode("utf-8").strip(" \t\r\n")
        value, end = DECODER.raw_decode(text)
        if end < len(text):
            raise ValueError("something follows its end")
        return value
    except UnicodeDecodeError:
        _invalid(response, "it is not UTF-8")
    except RecursionError:
        _invalid(response, "it is nested too deeply")
    except (ValueError, ArithmeticError) as error:
        _invalid(response, "it is empty" if not response.body else f"it is not JSON ({error})")


def _reject_duplicate_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has a key twice")
    return found


def _reject_constant(constant: str) -> NoReturn:
    message = f"{constant} is not a JSON number"
    raise ValueError(message)


DECODER = json.JSONDecoder(
    object_pairs_hook=_reject_duplicate_keys, parse_constant=_reject_constant, parse_float=Decimal
)


def _json_type_name(value: object) -> str:
    return JSON_TYPE_NAMES.get(type(value), "a number")


def _invalid(response: Response, reason: str, data: Sequence[Any] = ()) -> NoReturn:
    if 300 <= response.status < 400:  # noqa: PLR2004 -- RFC 9110, 15.4: redirects
        reason = "it is a redirect, which is never followed"
    excerpt = response.body[:MAX_REDACTED_BYTES].decode("utf-8", "replace")
    rows = [row for row in data if isinstance(row, dict)]
    raise InvalidResponseError(reason, http_status=response.status, body_excerpt=excerpt, rows=rows)
