"""Parses query strings for the mock exchange; error codes of invalid parameters and of violated rules."""

from collections.abc import Mapping
from urllib.parse import parse_qs

from okx_maxloan_api.contract import Operation

from okx_maxloan_sdk.validation import check_parameter

from .responses import MockApiError

# Only 51000 and 51010 were seen, in Spot mode. Any other violation of one parameter is a 51000.
CODE_BY_CHECK: Mapping[str, str] = {"missing": "50014", "empty": "50014", "count": "50025"}
# Code and arguments of the message; the first violated rule in this order determines the response. A rule without a
# code is not enforced: the request succeeds.
ERROR_BY_RULE: dict[str, tuple[str, ...]] = {
    "pair-or-currency": ("50015", "instId", "ccy"),
    "pair-excludes-currency": ("50024", "instId", "ccy"),
    "currency-is-cross": ("50016", "ccy", "mgnMode"),
    "currency-without-margin-currency": ("50024", "ccy", "mgnCcy"),
    "quote-currency-needs-pair": ("50016", "tradeQuoteCcy", "ccy"),
    "quote-currency-is-cross": ("50016", "tradeQuoteCcy", "mgnMode"),
    "spot-needs-borrowing": ("51010",),
    "spot-is-cross": ("51000", "mgnMode", ""),
    "currency-is-spot": ("51010",),
    "cross-margin-currency-is-futures": ("51000", "mgnCcy", ""),
    "isolated-margin-currency-is-futures": ("51000", "mgnCcy", ""),
    "futures-cross-needs-margin-currency": ("50014", "mgnCcy"),
    "auto-transfer-needs-margin-currency": ("50014", "mgnCcy"),
    "isolated-is-futures": ("51010",),
    "quote-currency-is-spot": ("51000", "tradeQuoteCcy", ""),
    "usd-pair-became-usdc-pair": (),  # such a pair has no row
}


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
            raise MockApiError(CODE_BY_CHECK.get(check, "51000"), parameter.name, context.get("value", ""))
    return query
