"""Parses query strings for the mock exchange, and chooses the error code for an invalid one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from okx_maxloan_sdk.validation import check_parameter

from .responses import MockApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from okx_maxloan_api.contract import Operation

    from .user import User

# Error codes for an invalid parameter and for a violated rule. Only 51000 and 51010 were seen, in Spot mode.
CODE_BY_CHECK: Mapping[str, str] = {
    "missing": "50014",
    "empty": "50014",
    "enum": "51000",
    "count": "50025",
    "twice": "51000",
    "contract": "51000",
    "form": "51000",
}
CODE_BY_RULE: Mapping[str, tuple[str, ...]] = {
    "pair-or-currency": ("50015", "instId", "ccy"),
    "pair-excludes-currency": ("50024", "instId", "ccy"),
    "currency-is-cross": ("50016", "ccy", "mgnMode"),
    "currency-without-margin-currency": ("50024", "ccy", "mgnCcy"),
    "quote-currency-needs-pair": ("50016", "tradeQuoteCcy", "ccy"),
    "quote-currency-is-cross": ("50016", "tradeQuoteCcy", "mgnMode"),
    "spot-is-cross": ("51000", "mgnMode", ""),
    "spot-needs-borrowing": ("51010",),
    "currency-is-spot": ("51010",),
    "cross-margin-currency-is-futures": ("51000", "mgnCcy", ""),
    "isolated-margin-currency-is-futures": ("51000", "mgnCcy", ""),
    "futures-cross-needs-margin-currency": ("50014", "mgnCcy"),
    "auto-transfer-needs-margin-currency": ("50014", "mgnCcy"),
    "isolated-is-futures": ("51010",),
    "quote-currency-is-spot": ("51000", "tradeQuoteCcy", ""),
}
# Rules that the exchange does not enforce: the request succeeds, and such a pair has no row.
NOT_ENFORCED = frozenset({"usd-pair-became-usdc-pair"})


def parse_query(operation: Operation, raw: bytes) -> dict[str, str]:
    """Parse the parameters that the operation has, and ignore unknown ones as web frameworks do."""
    # Latin-1 has a character for each byte.
    given = parse_qs(raw.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    query: dict[str, str] = {}
    for parameter in operation.parameters:
        if values := given.get(parameter.name):
            try:
                (value,) = values
                query[parameter.name] = value.encode("latin-1").decode()
            except ValueError:  # several values, or no UTF-8
                raise MockApiError("51000", parameter.name, "") from None
        for check, context in check_parameter(parameter, query.get(parameter.name)):
            raise MockApiError(CODE_BY_CHECK[check], parameter.name, str(context.get("value", "")))
    return query


def error_for_rule(rule: str, user: User) -> MockApiError | None:
    """Return the error for a violated rule, which depends on the user's account; None if the request succeeds."""
    if rule in NOT_ENFORCED:
        return None
    if rule == "spot-is-cross" and not user.borrowing:
        return MockApiError("51010")
    code, *arguments = CODE_BY_RULE[rule]
    return MockApiError(code, *arguments)
