"""Checks that a response answers its request.

A proxy that mixes responses up, or bytes pushed just before a request, give rows that are valid and belong to another
request. Nothing but the request tells.
"""

from __future__ import annotations

from logging import getLogger
from typing import TYPE_CHECKING, Any, TypeAlias

from .codec import GET_ACCOUNT_INSTRUMENTS, GET_MAX_LOAN
from .exceptions import InvalidResponseError
from .models import parse_amount

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .codec import Query

    Params: TypeAlias = Mapping[str, str]
    Row: TypeAlias = Mapping[str, Any]

logger = getLogger(__name__)
# Merged since 2026-09-30: a row of the one may carry the other without being another request's.
MERGED_CURRENCIES = frozenset({"USD", "USDC"})
AMOUNT_FIELD = "maxLoan"


def match_rows(query: Query, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows without identical duplicates, if all of them can belong to the query.

    Logs a warning for a row that is odd and may be right. Raises `InvalidResponseError` with the rows for one that
    belongs to another query, and for two amounts of the same pair, side and currency.
    """
    find_errors = CHECKS.get(query.operation.id)
    if find_errors is None:
        return rows
    for row in rows:
        for is_fatal, reason in find_errors(query.params, row):
            if is_fatal:
                raise InvalidResponseError(f"it does not match the request: {reason}", http_status=200, rows=rows)
            logger.warning("odd row in the response to %s: %s", dict(query.params), reason)
    return _without_duplicates(rows) if query.operation is GET_MAX_LOAN else rows


def find_missing(inst_ids: Sequence[str], found: Iterator[str]) -> tuple[str, ...]:
    """Return the pairs that have no row; case does not matter."""
    names = {inst_id.upper() for inst_id in found}
    return tuple(inst_id for inst_id in inst_ids if inst_id.upper() not in names)


def _check_loan(params: Params, row: Row) -> Iterator[tuple[bool, str]]:
    return _check_pair_loan(params, row) if params.get("instId") else _check_currency_loan(params, row)


def _check_pair_loan(params: Params, row: Row) -> Iterator[tuple[bool, str]]:
    inst_id, ccy, side = str(row["instId"]), str(row["ccy"]).upper(), row["side"]
    if inst_id.upper() not in params["instId"].upper().split(","):
        yield True, f"a row has instId {inst_id[:80]!r}; requested: {params['instId']}"
        return
    yield from _check_echo(params, row, "mgnMode", is_fatal=True)
    yield from _check_echo(params, row, "mgnCcy", is_fatal="mgnCcy" in params)
    base, _, quote = inst_id.upper().partition("-")
    trade_quote = params.get("tradeQuoteCcy", "").upper()
    quotes = {quote, trade_quote} - {""}
    expected = {"sell": {base}, "buy": quotes}.get(str(side), {base} | quotes)
    if ccy not in expected:
        merged = not trade_quote and {ccy, quote} <= MERGED_CURRENCIES and quote in expected
        wanted = " or ".join(sorted(expected))
        yield not merged, f"the {side} row of {inst_id} has ccy {ccy[:80]!r}; expected: {wanted}"


def _check_currency_loan(params: Params, row: Row) -> Iterator[tuple[bool, str]]:
    inst_id = str(row["instId"])
    if str(row["ccy"]).upper() != params.get("ccy", "").upper():
        yield True, f"a row has ccy {str(row['ccy'])[:80]!r}; requested: {params.get('ccy')}"
    if inst_id:
        yield "-" in inst_id, f"a row has instId {inst_id[:80]!r}; requested: the currency {params.get('ccy')}"
    yield from _check_echo(params, row, "mgnMode", is_fatal=False)
    yield from _check_echo(params, row, "mgnCcy", is_fatal=False)


def _check_echo(params: Params, row: Row, name: str, *, is_fatal: bool) -> Iterator[tuple[bool, str]]:
    """Compare a field that repeats a parameter where OKX fills it in."""
    if row[name] and row[name].upper() != params.get(name, "").upper():
        yield is_fatal, f"a row has {name} {row[name][:80]!r}; requested: {params.get(name, 'none')}"


def _check_instrument(params: Params, row: Row) -> Iterator[tuple[bool, str]]:
    if params.get("instId"):
        yield from _check_echo(params, row, "instId", is_fatal=True)


CHECKS = {GET_MAX_LOAN.id: _check_loan, GET_ACCOUNT_INSTRUMENTS.id: _check_instrument}


def _without_duplicates(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    unique: dict[str, dict[str, Any]] = {}
    for row in rows:
        # What a later release of OKX adds may tell two rows apart; the margin mode was compared with the request.
        named = {name: value for name, value in row.items() if name not in (AMOUNT_FIELD, "mgnMode")}
        key = repr(sorted({**named, "instId": row["instId"].upper()}.items()))
        first = unique.setdefault(key, row)
        if parse_amount(first[AMOUNT_FIELD]) != parse_amount(row[AMOUNT_FIELD]):
            given = f"{row['instId']} {row['side']} {row['ccy']}".strip()
            both = f"{first[AMOUNT_FIELD]!r} and {row[AMOUNT_FIELD]!r}"
            raise InvalidResponseError(f"it has two amounts for {given}: {both}", http_status=200, rows=rows)
    return list(unique.values())
