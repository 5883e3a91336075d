"""Schemathesis hooks for OKX: signatures, the rules between parameters, and the oracle as a check.

`st run` loads this module by its name and sends requests as the user in OKX_MOCK_USER; the test suite sets `target`.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from itertools import product
from typing import Any
from urllib.parse import urlsplit

import requests
import requests.auth
import schemathesis
from attrs import field, frozen
from okx_maxloan_api.contract import GET_MAX_LOAN
from schemathesis.openapi.checks import RejectedPositiveData

from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.mock import MockExchange, User
from okx_maxloan_sdk.validation import violated_rules

from . import accounts, raw_request
from .okx_facts import ITEMS
from .oracle import explain_mismatch

PAIRS = ("BTC-USDT", "ETH-USDT", "SOL-USDT", "XRP-USDT", "DOGE-USDT", "ADA-USDT", "LTC-USDT")
VALUES: Mapping[str, tuple[str, ...]] = {
    "mgnMode": ("cross", "isolated"),
    "instId": PAIRS,
    "ccy": ("USDT", "BTC", "SOL"),
    "mgnCcy": ("USDT",),
    "tradeQuoteCcy": ("USDT",),
}
OPTIONAL = tuple(VALUES)[1:]
COMBINATIONS = [
    {"mgnMode": mode, **dict.fromkeys(name for name, is_set in zip(OPTIONAL, presence, strict=True) if is_set)}
    for mode, presence in product(VALUES["mgnMode"], product((True, False), repeat=len(OPTIONAL)))
]


def raw_of(request: Any, address: str = "127.0.0.1") -> raw_request.RawRequest:
    """Convert a request of `requests` to a `RawRequest`."""
    target = urlsplit(str(request.url))
    headers = tuple((name.encode(), _bytes(value)) for name, value in request.headers.items())
    body = _bytes(request.body or b"")
    return raw_request.RawRequest(
        target.query.encode(), target.path.encode(), str(request.method), headers, body, address
    )


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def choice(seed: object, options: int) -> int:
    """Choose an option by a hash of the seed, so that every run chooses the same."""
    return hashlib.sha256(repr(seed).encode()).digest()[0] % options


def fit(query: Mapping[str, Any], user: User, violations: int) -> dict[str, Any]:
    """Change as few parameters as needed to break exactly `violations` rules, with values of the mock."""

    def distance(combination: Mapping[str, Any]) -> tuple[int, int]:
        return len(combination.keys() ^ query.keys()) + (combination["mgnMode"] != query.get("mgnMode")), choice(
            (query, combination), 256
        )

    def count(combination: Mapping[str, Any]) -> int:
        facts = {name: combination[name] or VALUES[name][0] for name in combination}
        return sum(1 for _ in violated_rules(GET_MAX_LOAN.rules, {**facts, **user.rule_inputs}))

    nearest = min((combination for combination in COMBINATIONS if count(combination) == violations), key=distance)
    fitted = {name: nearest[name] or VALUES[name][choice((query, name), len(VALUES[name]))] for name in nearest}
    if "instId" in fitted:
        first, many = PAIRS.index(fitted["instId"]), 1 + choice(query, min(ITEMS, len(PAIRS)))
        fitted["instId"] = ",".join(PAIRS[(first + step) % len(PAIRS)] for step in range(many))
    return fitted


@frozen
class Target:
    """The exchange, the user and the address of the requests.

    `unruly` holds the queries that break a rule on purpose. Schemathesis knows only the schema, which allows them.
    """

    exchange: MockExchange
    user: str
    address: str = "127.0.0.1"
    unruly: set[str] = field(factory=set)

    @property
    def account(self) -> User:
        """The user who sends the requests."""
        return self.exchange.users[self.user]


# `st run` talks to the exchange of tests/contract/run_st.py, which has the same users and the machine's clock.
target = Target(accounts.exchange(SystemClock()), os.environ.get("OKX_MOCK_USER", "spot"))


class Sign(requests.auth.AuthBase):
    """Signature of the bytes that `requests` is about to send."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # Schemathesis filters the headers of a request that it prints and does not send; leave those alone.
        if request.headers.get(raw_request.SIGN) == "[Filtered]":
            return request
        for name, value in raw_request.signed(
            target.account.keys[0], raw_of(request), target.exchange.clock.time()
        ).headers:
            if name.startswith(b"ok-access-"):
                request.headers[name.decode()] = value.decode()
        return request


sign = schemathesis.auth.set_from_requests(Sign())  # type: ignore[attr-defined]  # schemathesis adds it at run time
sign.skip_for(path=raw_request.TIME.decode())


@schemathesis.hook
def map_case(_context: Any, case: Any) -> Any:
    """Make positive cases satisfy the rules, and every other negative case break exactly one of them."""
    negative = case.meta.generation.mode.is_negative
    if case.method == "GET" and case.path == GET_MAX_LOAN.path and not (negative and choice(case.query, 2)):
        case.query = fit(case.query, target.account, int(negative))
        if negative:
            target.unruly.add(repr(case.query))
    elif case.path == raw_request.INSTRUMENTS.decode() and "instId" in case.query and not negative:
        inst_type, inst_id = choice(case.query, 2), choice(case.query, len(PAIRS))
        case.query = {"instType": ("SPOT", "MARGIN")[inst_type], "instId": PAIRS[inst_id]}
    return case


@schemathesis.hook
def before_add_examples(_context: Any, examples: list[Any]) -> None:
    """Make the spec's examples, which set every parameter at once, satisfy the rules."""
    examples[:] = [map_case(None, case) for case in examples]


@schemathesis.hook
def filter_failure(_context: Any, failure: Any, case: Any, _response: Any) -> bool:
    """Accept the error response to a query that breaks a rule on purpose."""
    return not (isinstance(failure, RejectedPositiveData) and repr(case.query) in target.unruly)


@schemathesis.check
def oracle(_context: Any, response: Any, case: Any) -> None:
    """Compare a response with the oracle's; require an error exactly where a rule was broken."""
    raw = raw_of(response.request, target.address)
    mismatch = explain_mismatch(raw, accounts.world(target.exchange), response.status_code, response.content)
    assert not mismatch, mismatch
    is_rejected = json.loads(response.content)["code"] != "0"
    if repr(case.query) in target.unruly:
        assert is_rejected, "a request that breaks a rule was accepted"
    elif case.meta and case.meta.generation.mode.is_positive:
        assert not is_rejected, "a valid request was rejected"
