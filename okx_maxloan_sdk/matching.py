"""Checks that a response answers its request.

A proxy that mixes responses up, or bytes pushed just before a request, give rows that are valid and belong to another
request. Nothing but the request tells.
"""

from __future__ import annotations

from logging import Logger, getLogger
from typing import TYPE_CHECKING, Any, TypeAlias

from okx_maxloan_api.contract import GET_ACCOUNT_INSTRUMENTS, GET_MAX_LOAN

from .exceptions import InvalidResponseError
from .models import parse_amount

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from .codec import Query

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
        _raise_or_log(query, rows, _check_instruments(query.params, rows), redact)
    if query.operation is not GET_MAX_LOAN:
        return rows
    keys = {(row["instId"], row["side"], row["ccy"], row["mgnMode"], row["mgnCcy"]) for row in rows}
    if len(keys) == len(rows) and keys <= query.matched_rows:
        return rows
    check = _check_pairs if query.params.get("instId") else _check_currency
    has_odd = _raise_or_log(query, rows, check(query.params, rows), redact)
    distinct = {(row["instId"].upper(), row["side"], row["ccy"], row["mgnCcy"]) for row in rows}
    if len(distinct) < len(rows):
        return _without_duplicates(rows)
    if not has_odd:
        query.matched_rows.clear()
        query.matched_rows.update(keys)
    return rows


def _raise_or_log(
    query: Query, rows: Sequence[Row], oddities: Iterable[tuple[bool, str]], redact: Callable[[str], str]
) -> bool:
    has_odd = False
    for is_fatal, reason in oddities:
        if is_fatal:
            raise InvalidResponseError(f"it does not match the request: {reason}", http_status=200, rows=rows)
        logger.warning("odd row in the response to %s: %s", dict(query.params), redact(reason))
        has_odd = True
    return has_odd


def _check_pairs(params: Params, rows: Sequence[Row]) -> Iterator[tuple[bool, str]]:
    mgn_modes, mgn_ccys = ("", params.get("mgnMode", "").upper()), ("", params.get("mgnCcy", "").upper())
    trade_quote = params.get("tradeQuoteCcy", "").upper()
    requested = params["instId"].upper().split(",")
    for row in rows:
        inst_id, ccy, side = row["instId"].upper(), row["ccy"].upper(), row["side"]
        if inst_id not in requested:
            yield True, f"a row has instId {row['instId'][:80]!r}; requested: {params['instId']}"
            continue
        if row["mgnMode"].upper() not in mgn_modes:
            yield True, _describe_echo(params, row, "mgnMode")
        if row["mgnCcy"].upper() not in mgn_ccys:
            yield bool(mgn_ccys[1]), _describe_echo(params, row, "mgnCcy")
        base, _, quote = inst_id.partition("-")
        quotes = (quote, trade_quote) if trade_quote else (quote,)
        expected = (base,) if side == "sell" else quotes if side == "buy" else (base, *quotes)
        if ccy not in expected:
            merged = not trade_quote and {ccy, quote} <= MERGED_CURRENCIES and quote in expected
            wanted = " or ".join(sorted(expected))
            yield not merged, f"the {side} row of {row['instId']} has ccy {ccy[:80]!r}; expected: {wanted}"


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
