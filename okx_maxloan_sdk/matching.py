"""Checks that a response answers its request.

A proxy that mixes responses up, or bytes pushed just before a request, give rows that are valid and belong to another
request. Nothing but the request tells.
"""

from __future__ import annotations

from logging import Logger, getLogger
from typing import TYPE_CHECKING, Any, TypeAlias

from .codec import GET_ACCOUNT_INSTRUMENTS, GET_MAX_LOAN
from .exceptions import InvalidResponseError
from .models import parse_amount

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from .codec import Query
    from .models import MaxLoan

    Params: TypeAlias = Mapping[str, str]
    Row: TypeAlias = Mapping[str, Any]

logger: Logger = getLogger(__name__)
# Merged since 2026-09-30: a row of the one may carry the other without being another request's.
MERGED_CURRENCIES = frozenset({"USD", "USDC"})
AMOUNT_FIELD = "maxLoan"


def match_rows(query: Query, rows: list[dict[str, Any]], redact: Callable[[str], str] = str) -> list[dict[str, Any]]:
    """Return the rows without identical duplicates, if all of them can belong to the query.

    Logs a warning, redacted, for a row that is odd and may be right. Raises `InvalidResponseError` with the rows for
    one that belongs to another query, and for two amounts of the same pair, side and currency.
    """
    if query.operation is GET_ACCOUNT_INSTRUMENTS:
        oddities = _check_instruments(query.params, rows)
    elif query.operation is not GET_MAX_LOAN:
        return rows
    elif query.params.get("instId"):
        oddities = _check_pairs(query.params, rows)
    else:
        oddities = _check_currency(query.params, rows)
    for is_fatal, reason in oddities:
        if is_fatal:
            raise InvalidResponseError(f"it does not match the request: {reason}", http_status=200, rows=rows)
        logger.warning("odd row in the response to %s: %s", dict(query.params), redact(reason))
    if query.operation is GET_MAX_LOAN:
        distinct = {(row["instId"].upper(), row["side"], row["ccy"], row["mgnCcy"]) for row in rows}
        if len(distinct) < len(rows):
            return _without_duplicates(rows)
    return rows


def find_missing(inst_ids: Sequence[str], loans: Sequence[MaxLoan]) -> tuple[str, ...]:
    """Return the pairs that have no row; case does not matter."""
    found = {loan.inst_id.upper() for loan in loans}
    return tuple([inst_id for inst_id in inst_ids if inst_id.upper() not in found])


def _check_pairs(params: Params, rows: Sequence[Row]) -> Iterator[tuple[bool, str]]:
    mgn_mode, mgn_ccy = params.get("mgnMode", "").upper(), params.get("mgnCcy", "").upper()
    trade_quote = params.get("tradeQuoteCcy", "").upper()
    requested = params["instId"].upper().split(",")
    for row in rows:
        inst_id, ccy, side = row["instId"], row["ccy"].upper(), row["side"]
        if inst_id.upper() not in requested:
            yield True, f"a row has instId {inst_id[:80]!r}; requested: {params['instId']}"
            continue
        if row["mgnMode"] and row["mgnMode"].upper() != mgn_mode:
            yield True, _describe_echo(params, row, "mgnMode")
        if row["mgnCcy"] and row["mgnCcy"].upper() != mgn_ccy:
            yield bool(mgn_ccy), _describe_echo(params, row, "mgnCcy")
        base, _, quote = inst_id.upper().partition("-")
        quotes = (quote, trade_quote) if trade_quote else (quote,)
        expected = (base,) if side == "sell" else quotes if side == "buy" else (base, *quotes)
        if ccy not in expected:
            merged = not trade_quote and {ccy, quote} <= MERGED_CURRENCIES and quote in expected
            wanted = " or ".join(sorted(expected))
            yield not merged, f"the {side} row of {inst_id} has ccy {ccy[:80]!r}; expected: {wanted}"


def _check_currency(params: Params, rows: Sequence[Row]) -> Iterator[tuple[bool, str]]:
    for row in rows:
        inst_id = row["instId"]
        if row["ccy"].upper() != params.get("ccy", "").upper():
            yield True, f"a row has ccy {row['ccy'][:80]!r}; requested: {params.get('ccy')}"
        if inst_id:
            yield "-" in inst_id, f"a row has instId {inst_id[:80]!r}; requested: the currency {params.get('ccy')}"
        for name in ("mgnMode", "mgnCcy"):
            if row[name] and row[name].upper() != params.get(name, "").upper():
                yield False, _describe_echo(params, row, name)


def _check_instruments(params: Params, rows: Sequence[Row]) -> Iterator[tuple[bool, str]]:
    requested = params.get("instId")
    for row in rows:
        if requested and row["instId"] and row["instId"].upper() != requested.upper():
            yield True, _describe_echo(params, row, "instId")


def _describe_echo(params: Params, row: Row, name: str) -> str:
    """Return the error for a field that does not repeat its parameter."""
    return f"a row has {name} {row[name][:80]!r}; requested: {params.get(name, 'none')}"


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
