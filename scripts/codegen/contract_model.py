"""The contract of the operations as data: what spec/openapi.yaml says, typed; never edited by hand."""

from collections.abc import Mapping
from typing import Literal, NamedTuple


class RateLimit(NamedTuple):
    """How many requests the exchange takes in any `period` seconds, and whose requests it counts together."""

    requests: int
    period: float
    per: Literal["user", "ip", "user and instType"]


class Value(NamedTuple):
    """One documented value; `name` is the SDK's word for it where OKX has a bare number."""

    value: str
    name: str
    en: str
    zh: str


class Parameter(NamedTuple):
    """One query parameter; `attribute` is its Python name, `values` is closed when `enum` is true."""

    name: str
    attribute: str
    required: bool
    max_items: int
    pattern: str
    enum: bool
    values: tuple[Value, ...]
    en: str
    zh: str


class Field(NamedTuple):
    """One field of an answer's rows; `values` are the documented ones, others may come."""

    name: str
    attribute: str
    type: Literal["string", "boolean", "array"]
    required: bool
    default: str | bool | tuple[()] | None
    pattern: str
    values: tuple[Value, ...]
    en: str
    zh: str


Condition = Mapping[str, tuple[str, ...]]


class Rule(NamedTuple):
    """A rule between parameters: where everything in `when` holds, everything in `then` must."""

    id: str
    basis: Literal["documented", "observed", "inferred"]
    when: Condition
    then: Condition
    en: str
    zh: str


class Example(NamedTuple):
    """A documented question, and the account that may ask it."""

    id: str
    account: Mapping[str, str]
    query: Mapping[str, str]
    en: str
    zh: str


class Outcome(NamedTuple):
    """One possible response to an open question, and the rules that it would confirm, support in part, or refute."""

    id: str
    when: Condition
    confirms: tuple[str, ...]
    supports: tuple[str, ...]
    refutes: tuple[str, ...]
    en: str
    zh: str


class OpenQuestion(NamedTuple):
    """An unknown behaviour of the operation, the request that would show it, and the accounts that may send it.

    An account has to be able to trade the pairs of the request, unless they are `unlisted`.
    """

    id: str
    accounts: tuple[Condition, ...]
    query: Mapping[str, str]
    unlisted: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    en: str
    zh: str


class Operation(NamedTuple):
    """One operation of the exchange."""

    id: str
    method: str
    path: str
    signed: bool
    limit: RateLimit
    parameters: tuple[Parameter, ...]
    fields: tuple[Field, ...]
    rules: tuple[Rule, ...]
    examples: tuple[Example, ...]
    en: str
    zh: str
    docs_en: str
    docs_zh: str


class Error(NamedTuple):
    """One error code: what it is about, what the SDK does by itself, and what it means."""

    code: str
    kind: Literal[
        "refused",
        "authentication",
        "permission",
        "rate_limit",
        "clock",
        "parameter",
        "instrument",
        "account_mode",
        "unavailable",
    ]
    retry: Literal["never", "later", "resync"]
    en: str
    zh: str
