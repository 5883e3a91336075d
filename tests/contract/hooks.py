"""Schemathesis hooks for OKX: signatures, valid requests that satisfy the rules, and the oracle as a check.

`st run` loads this module by its name and sends requests as the user in OKX_MOCK_USER.
"""

import json
import os
from collections.abc import Mapping
from itertools import compress, product
from random import Random
from typing import Any
from urllib.parse import urlsplit

import requests
import requests.auth
import schemathesis
from okx_maxloan_api.contract import GET_MAX_LOAN

from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.validation import violated_rules

from . import accounts, raw_request
from .okx_facts import ITEMS
from .oracle import explain_mismatch

PAIRS = ("BTC-USDT", "ETH-USDT", "SOL-USDT", "XRP-USDT", "DOGE-USDT", "ADA-USDT", "LTC-USDT")
# Pairs are added to these.
VALUES: Mapping[str, tuple[str, ...]] = {"ccy": ("USDT", "BTC", "SOL"), "mgnCcy": ("USDT",), "tradeQuoteCcy": ("USDT",)}
# The exchange of tests/contract/run_st.py has the same users and the machine's clock.
EXCHANGE = accounts.exchange(SystemClock())
USER = EXCHANGE.users[os.environ.get("OKX_MOCK_USER", "spot")]


def raw_of(request: Any) -> raw_request.RawRequest:
    """Convert a request of `requests` to a `RawRequest`."""
    target = urlsplit(str(request.url))
    headers = tuple((name.encode(), _bytes(value)) for name, value in request.headers.items())
    body = _bytes(request.body or b"")
    return raw_request.RawRequest(target.query.encode(), target.path.encode(), str(request.method), headers, body)


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def valid_query(chosen: Random) -> dict[str, str]:
    """Choose a query that breaks no rule, with values of the mock."""
    pairs = chosen.sample(PAIRS, chosen.randint(1, min(ITEMS, len(PAIRS))))
    values = {"instId": ",".join(pairs), **{name: chosen.choice(each) for name, each in VALUES.items()}}
    candidates = [
        {"mgnMode": mode, **dict(compress(values.items(), is_set))}
        for mode in ("cross", "isolated")
        for is_set in product((True, False), repeat=len(values))
    ]
    rules, account = GET_MAX_LOAN.rules, USER.rule_inputs
    return chosen.choice([each for each in candidates if not any(violated_rules(rules, {**each, **account}))])


class Sign(requests.auth.AuthBase):
    """Signature of the bytes that `requests` is about to send."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # Schemathesis filters the headers of a request that it prints and does not send; leave those alone.
        if request.headers.get(raw_request.SIGN) == "[Filtered]":
            return request
        for name, value in raw_request.signed(USER.keys[0], raw_of(request), EXCHANGE.clock.time()).headers:
            if name.startswith(b"ok-access-"):
                request.headers[name.decode()] = value.decode()
        return request


sign = schemathesis.auth.set_from_requests(Sign())  # type: ignore[attr-defined]  # schemathesis adds it at run time
sign.skip_for(path=raw_request.TIME.decode())


@schemathesis.hook
def map_case(_context: Any, case: Any) -> Any:
    """Make valid cases satisfy the rules; test_mock.py sends every combination that breaks one."""
    if case.method == "GET" and case.meta.generation.mode.is_positive:
        chosen = Random(repr(case.query))  # noqa: S311 -- the same in every run, and no secret
        if case.path == GET_MAX_LOAN.path:
            case.query = valid_query(chosen)
        elif case.path == raw_request.INSTRUMENTS.decode() and "instId" in case.query:
            case.query = {"instType": chosen.choice(("SPOT", "MARGIN")), "instId": chosen.choice(PAIRS)}
    return case


@schemathesis.hook
def before_add_examples(_context: Any, examples: list[Any]) -> None:
    """Make the spec's examples, which set every parameter at once, satisfy the rules."""
    examples[:] = [map_case(None, case) for case in examples]


@schemathesis.check
def oracle(_context: Any, response: Any, case: Any) -> None:
    """Compare a response with the oracle's; require that a valid request is accepted."""
    mismatch = explain_mismatch(raw_of(response.request), EXCHANGE, response.status_code, response.content)
    assert not mismatch, mismatch
    is_valid = case.meta and case.meta.generation.mode.is_positive
    assert not is_valid or json.loads(response.content)["code"] == "0", "a valid request was rejected"
