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

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from okx_maxloan_sdk.clock import Clock, SystemClock

from .exchange import MockExchange
from .market import CURRENCIES
from .user import ApiKey, Isolated, Mode, User

Schema = Mapping[str, type | tuple[type, ...]]

NUMBER = (int, float)
SETTINGS: Schema = {"clock_skew": NUMBER, "enforce_rate_limit": bool, "drift_seed": int}
ROOT: Schema = {**SETTINGS, "users": dict, "failures": list}
USER_SETTINGS: Schema = {"mode": str, "isolated": str, "borrowing": bool, "balances": dict}
USER: Schema = {**USER_SETTINGS, "main": str, "keys": list}
REQUIRED: Schema = {"key": str, "secret": str, "passphrase": str}
KEY: Schema = {**REQUIRED, "permissions": list, "addresses": list, "demo": bool, "label": str}
FAILURE: Schema = {"n": int, "code": (str, int), "status": int, "html": str, "delay": NUMBER, "path": str}
AMOUNT = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")
ALLOWED_VALUES: Mapping[str, tuple[str, ...]] = {
    "mode": get_args(Mode),
    "isolated": get_args(Isolated),
    "permissions": ("read_only", "trade", "withdraw"),
}
DEFAULT: Mapping[str, Any] = tomllib.loads(Path(__file__).with_name("default.toml").read_text("utf-8"))


def default_exchange(clock: Clock | None = None, drift_seed: int | None = None) -> MockExchange:
    """Return an exchange with users `spot`, `spot_plain` (no borrowing), `futures`, `multi_currency`, `portfolio`.

    `sub` is a sub-account of the first. Each has one key, `spot` a second one for demo trading; none works elsewhere.
    """
    return build({} if drift_seed is None else {"drift_seed": drift_seed}, clock)


def load(path: Path) -> MockExchange:
    """Read a scenario file; raise `ValueError` that names the wrong entry and what is expected there."""
    try:
        return build(tomllib.loads(path.read_text(encoding="utf-8")))
    except (ValueError, OSError) as error:
        message = f"{path}: {error}"
        raise ValueError(message) from None


def build(scenario: Mapping[str, Any], clock: Clock | None = None) -> MockExchange:
    """Build the exchange of a scenario; without users it has those of `default_exchange`."""
    _validate("the scenario", scenario, ROOT)
    rows = scenario.get("users") or DEFAULT["users"]
    numbers = {name: number for number, name in enumerate(rows, 1)}
    users = {name: _user(name, row, numbers) for name, row in rows.items()}
    exchange = MockExchange(users, clock or SystemClock(), **_pick(scenario, SETTINGS))
    for number, failure in enumerate(scenario.get("failures", ())):
        _validate(f"failures[{number}]", failure, FAILURE)
        exchange.fail_next(**failure)
    return exchange


def _user(name: str, row: Any, numbers: Mapping[str, int]) -> User:
    place, number = f"users.{name}", numbers[name]
    _validate(place, row, USER)
    if (main := row.get("main", name)) not in numbers:
        raise ValueError(f"{place}.main is {main!r}; expected one of {', '.join(numbers)}")
    for ccy, amount in row.get("balances", {}).items():
        if ccy not in CURRENCIES or not isinstance(amount, str) or not AMOUNT.fullmatch(amount):
            expected = f'an amount in quotes, such as "0.5", of {", ".join(CURRENCIES)}'
            raise ValueError(f"{place}.balances.{ccy} is {amount!r}; expected {expected}")
    keys = [_key(f"{place}.keys[{index}]", key) for index, key in enumerate(row.get("keys", ()))]
    default_key = ApiKey(f"{number:08d}-0000-0000-0000-000000000000", f"{number:032d}", f"mock-{number}")
    main_uid = f"{numbers[main]:018d}"
    return User(f"{number:018d}", keys or [default_key], main_uid=main_uid, **_pick(row, USER_SETTINGS))


def _key(place: str, row: Any) -> ApiKey:
    _validate(place, row, KEY)
    if missing := [name for name in REQUIRED if not row.get(name)]:
        raise ValueError(f"{place} has no {', '.join(missing)}")
    settings: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    return ApiKey(**settings)


def _pick(row: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name in schema}


def _validate(place: str, row: Any, schema: Schema) -> None:
    if not isinstance(row, dict):
        raise ValueError(f"{place} is {row!r}; expected a table with {', '.join(schema)}")
    for key, value in row.items():
        types, allowed, expected = schema.get(key), ALLOWED_VALUES.get(key), ""
        if types is None:
            raise ValueError(f"{place} has {key!r}; expected {', '.join(schema)}")
        if not isinstance(value, types) or (isinstance(value, bool) and types is not bool):
            expected = " or ".join(each.__name__ for each in (types if isinstance(types, tuple) else (types,)))
        elif allowed and any(each not in allowed for each in (value if isinstance(value, list) else [value])):
            expected = ", ".join(allowed)
        if expected:
            raise ValueError(f"{place}.{key} is {value!r}; expected {expected}")
