"""Scenario files: a mock exchange described in TOML.

clock_skew = 0.0          # seconds that the exchange's clock is ahead
enforce_rate_limit = true
drift_seed = 1            # prices drift, the same way for the same number; without it they stand still

[users.bot]               # everything but the name is optional
mode = "futures"          # spot, futures, multi_currency, portfolio
isolated = "automatic"    # automatic, auto_transfers_ccy, quick_margin
borrowing = true
main = "boss"             # makes it a sub-account of that user
balances = { BTC = "0.5", USDT = "1000" }
keys = [{ key = "...", secret = "...", passphrase = "...", permissions = ["read_only"], addresses = [], demo = false }]

[[failures]]              # used up in this order
n = 2
code = "50011"            # or status = 503, html = "...", delay = 1.5, path = "..."
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, get_args

from .fixtures import api_key, default_exchange, uid
from .margin import CURRENCIES
from .user import ApiKey, Isolated, Mode, User

if TYPE_CHECKING:
    from pathlib import Path

    from .exchange import MockExchange

Schema = Mapping[str, type | tuple[type, ...]]

EXCHANGE_SCHEMA: Schema = {
    "clock_skew": (int, float),
    "enforce_rate_limit": bool,
    "drift_seed": int,
    "users": dict,
    "failures": list,
}
USER_SCHEMA: Schema = {"mode": str, "isolated": str, "borrowing": bool, "main": str, "balances": dict, "keys": list}
KEY_SCHEMA: Schema = {
    "key": str,
    "secret": str,
    "passphrase": str,
    "permissions": list,
    "addresses": list,
    "demo": bool,
    "label": str,
}
FAILURE_SCHEMA: Schema = {
    "n": int,
    "code": (str, int),
    "status": int,
    "html": str,
    "delay": (int, float),
    "path": str,
}
AMOUNT = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")
ALLOWED_VALUES: Mapping[str, tuple[str, ...]] = {
    "mode": get_args(Mode),
    "isolated": get_args(Isolated),
    "permissions": ("read_only", "trade", "withdraw"),
}


def load(path: Path) -> MockExchange:
    """Read a scenario file; raise `ValueError` that names the wrong entry and what is expected there."""
    try:
        return build(tomllib.loads(path.read_text(encoding="utf-8")))
    except (ValueError, OSError) as error:
        message = f"{path}: {error}"
        raise ValueError(message) from None


def build(scenario: Mapping[str, Any]) -> MockExchange:
    """Build the exchange of a scenario; without users it has those of `default_exchange`."""
    _validate("the scenario", scenario, EXCHANGE_SCHEMA)
    exchange = default_exchange()
    exchange.clock_skew = float(scenario.get("clock_skew", 0))
    exchange.enforce_rate_limit = scenario.get("enforce_rate_limit", True)
    exchange.drift_seed = scenario.get("drift_seed")
    if given := scenario.get("users"):
        numbers = {name: number for number, name in enumerate(given, 1)}
        exchange.users = {name: _user(name, row, numbers) for name, row in given.items()}
    for number, failure in enumerate(scenario.get("failures", ())):
        _validate(f"failures[{number}]", failure, FAILURE_SCHEMA)
        exchange.fail_next(**failure)
    return exchange


def _user(name: str, row: Any, numbers: Mapping[str, int]) -> User:
    place = f"users.{name}"
    _validate(place, row, USER_SCHEMA)
    if (main := row.get("main", name)) not in numbers:
        message = f"{place}.main is {main!r}; expected one of {', '.join(numbers)}"
        raise ValueError(message)
    keys = [_key(f"{place}.keys[{index}]", key) for index, key in enumerate(row.get("keys", ()))]
    settings = {name: row[name] for name in ("mode", "isolated", "borrowing") if name in row}
    if "balances" in row:
        settings["balances"] = _balances(f"{place}.balances", row["balances"])
    return User(uid(numbers[name]), keys or [api_key(numbers[name])], main_uid=uid(numbers[main]), **settings)


def _key(place: str, row: Any) -> ApiKey:
    _validate(place, row, KEY_SCHEMA)
    if missing := [name for name in ("key", "secret", "passphrase") if not row.get(name)]:
        message = f"{place} has no {', '.join(missing)}"
        raise ValueError(message)
    settings: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    return ApiKey(**settings)


def _balances(place: str, row: Mapping[str, Any]) -> dict[str, Decimal]:
    for ccy, amount in row.items():
        if ccy not in CURRENCIES or not AMOUNT.fullmatch(str(amount)) or not isinstance(amount, str):
            message = (
                f'{place}.{ccy} is {amount!r}; expected an amount in quotes, such as "0.5", of {", ".join(CURRENCIES)}'
            )
            raise ValueError(message)
    return {ccy: Decimal(amount) for ccy, amount in row.items()}


def _validate(place: str, row: Any, schema: Schema) -> None:
    if not isinstance(row, dict):
        message = f"{place} is {row!r}; expected a table with {', '.join(schema)}"
        raise ValueError(message)
    for key, value in row.items():
        types = schema.get(key)
        if types is None:
            message = f"{place} has {key!r}; expected {', '.join(schema)}"
            raise ValueError(message)
        if not isinstance(value, types) or (isinstance(value, bool) and types is not bool):
            names = [each.__name__ for each in (types if isinstance(types, tuple) else (types,))]
            message = f"{place}.{key} is {value!r}; expected {' or '.join(names)}"
            raise ValueError(message)
        allowed = ALLOWED_VALUES.get(key)
        if allowed and not set(value if isinstance(value, list) else [value]) <= set(allowed):
            message = f"{place}.{key} is {value!r}; expected {', '.join(allowed)}"
            raise ValueError(message)
