"""Scenario files: a mock exchange written down in TOML.

skew = 0.0                # seconds that the exchange's clock is ahead
limited = true            # whether requests are counted
drift = 1                 # prices drift, the same way for the same number; without it they rest

[users.bot]               # everything but the name is optional
mode = "futures"          # spot, futures, multi_currency, portfolio
isolated = "automatic"    # automatic, auto_transfers_ccy, quick_margin
borrowing = true
main = "boss"             # makes it a sub-account of that user
balances = { BTC = "0.5", USDT = "1000" }
keys = [{ key = "...", secret = "...", passphrase = "...", permissions = ["read_only"], addresses = [], demo = false }]

[[faults]]                # in the order in which they strike
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

EXCHANGE_SCHEMA: Schema = {"skew": (int, float), "limited": bool, "drift": int, "users": dict, "faults": list}
USER: Schema = {"mode": str, "isolated": str, "borrowing": bool, "main": str, "balances": dict, "keys": list}
KEY: Schema = {
    "key": str,
    "secret": str,
    "passphrase": str,
    "permissions": list,
    "addresses": list,
    "demo": bool,
    "label": str,
}
FAULT: Schema = {
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
    """Read a scenario file; raise `ValueError` that says what in it is wrong and what is expected there."""
    try:
        return build(tomllib.loads(path.read_text(encoding="utf-8")))
    except (ValueError, OSError) as wrong:
        message = f"{path}: {wrong}"
        raise ValueError(message) from None


def build(scenario: Mapping[str, Any]) -> MockExchange:
    """Make an exchange of a scenario; without users it has those of `demo()`."""
    _validate("the scenario", scenario, EXCHANGE_SCHEMA)
    exchange = default_exchange()
    exchange.skew, exchange.limited = float(scenario.get("skew", 0)), scenario.get("limited", True)
    exchange.drift_seed = scenario.get("drift")
    if given := scenario.get("users"):
        numbers = {name: number for number, name in enumerate(given, 1)}
        exchange.users = {name: _user(name, row, numbers) for name, row in given.items()}
    for number, fault in enumerate(scenario.get("faults", ())):
        _validate(f"faults[{number}]", fault, FAULT)
        exchange.fail_next(**fault)
    return exchange


def _user(name: str, row: Any, numbers: Mapping[str, int]) -> User:
    place = f"users.{name}"
    _validate(place, row, USER)
    if (main := row.get("main", name)) not in numbers:
        message = f"{place}.main is {main!r}; expected one of {', '.join(numbers)}"
        raise ValueError(message)
    keys = [_key(f"{place}.keys[{index}]", key) for index, key in enumerate(row.get("keys", ()))]
    settings = {word: row[word] for word in ("mode", "isolated", "borrowing") if word in row}
    if "balances" in row:
        settings["balances"] = _balances(f"{place}.balances", row["balances"])
    return User(uid(numbers[name]), keys or [api_key(numbers[name])], main_uid=uid(numbers[main]), **settings)


def _key(place: str, row: Any) -> ApiKey:
    _validate(place, row, KEY)
    if missing := [word for word in ("key", "secret", "passphrase") if not row.get(word)]:
        message = f"{place} has no {', '.join(missing)}"
        raise ValueError(message)
    settings: dict[str, Any] = {word: tuple(value) if isinstance(value, list) else value for word, value in row.items()}
    return ApiKey(**settings)


def _balances(place: str, row: Mapping[str, Any]) -> dict[str, Decimal]:
    for ccy, amount in row.items():
        if ccy not in CURRENCIES or not AMOUNT.fullmatch(str(amount)) or not isinstance(amount, str):
            message = (
                f'{place}.{ccy} is {amount!r}; expected an amount in quotes, such as "0.5", of {", ".join(CURRENCIES)}'
            )
            raise ValueError(message)
    return {ccy: Decimal(amount) for ccy, amount in row.items()}


def _validate(place: str, row: Any, forms: Schema) -> None:
    if not isinstance(row, dict):
        message = f"{place} is {row!r}; expected a table with {', '.join(forms)}"
        raise ValueError(message)
    for word, value in row.items():
        form = forms.get(word)
        if form is None:
            message = f"{place} has {word!r}; expected {', '.join(forms)}"
            raise ValueError(message)
        if not isinstance(value, form) or (isinstance(value, bool) and form is not bool):
            kinds = form if isinstance(form, tuple) else (form,)
            message = f"{place}.{word} is {value!r}; expected {' or '.join(kind.__name__ for kind in kinds)}"
            raise ValueError(message)
        allowed = ALLOWED_VALUES.get(word)
        if allowed and not set(value if isinstance(value, list) else [value]) <= set(allowed):
            message = f"{place}.{word} is {value!r}; expected {', '.join(allowed)}"
            raise ValueError(message)
