"""The checks: what is asked of the exchange, and what in its answers agrees with the contract."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from attrs import frozen
from okx_maxloan_api.contract import GET_ACCOUNT_INSTRUMENTS, GET_MAX_LOAN

from okx_maxloan_sdk import (
    ApiError,
    AuthenticationError,
    ClockSkewError,
    InvalidParametersError,
    InvalidResponseError,
    MissingDataError,
    PartialFailureError,
    RateLimitError,
    ServiceUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from okx_maxloan_api.contract import Example, Operation

    from okx_maxloan_sdk import Account, Instrument, MaxLoan, MaxLoanClient

# More than this and OKX refuses signed requests.
TOLERANCE = 30.0
# These say nothing of the contract: the check could not be carried out.
ELSEWHERE = (AuthenticationError, RateLimitError, ServiceUnavailableError)


@frozen
class Finding:
    """What one check found.

    `state` is "agrees", "new" (the exchange sends what this release does not know: no fault), "differs" or "skipped";
    `word` and `about` are what `report` makes a sentence of.
    """

    check: str
    state: Literal["agrees", "new", "differs", "skipped"]
    word: str
    about: Mapping[str, object]


def verify(client: MaxLoanClient) -> Iterator[Finding]:
    """Ask for the clock, the account, the pairs, and what the documentation shows for the account's mode.

    Raises `AuthenticationError`, `RateLimitError`, `ServiceUnavailableError` or `ApiConnectionError`.
    """
    yield from _guarded("clock", partial(_clock, client))
    account: list[Account] = []
    yield from _guarded("account", partial(_account, client, account))
    yield from _guarded("instruments", partial(_instruments, client))
    if not account:
        return
    facts = {name.removeprefix("account."): value for name, value in account[0].rule_inputs.items()}
    fitting = [each for each in GET_MAX_LOAN.examples if each.account.items() <= facts.items()]
    for example in fitting:
        yield from _guarded(example.id, partial(_example, client, example))
    if not fitting:
        yield Finding("examples", "skipped", "no_example", {"account": ", ".join(facts.values())})


def _guarded(check: str, found: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from found()
    except ELSEWHERE:
        raise
    except InvalidParametersError as error:  # a setting of this account forbids what its mode allows
        yield Finding(check, "skipped", "rule", {"rules": ", ".join(each.rule_id for each in error.violations)})
    except ClockSkewError:
        yield Finding(check, "differs", "skew", {})
    except ApiError as error:
        yield Finding(check, "differs", "refused", {"code": error.code, "explanation": error.explanation})
    except InvalidResponseError as error:
        yield Finding(check, "differs", "unreadable", {"reason": error.reason})
    except (PartialFailureError, MissingDataError) as error:
        yield Finding(check, "differs", "missing", {"reason": str(error)})


def _clock(client: MaxLoanClient) -> Iterator[Finding]:
    offset = client.sync_clock()
    state: Literal["agrees", "differs"] = "agrees" if abs(offset) <= TOLERANCE else "differs"
    yield Finding("clock", state, "offset", {"seconds": f"{offset:+.3f}"})


def _account(client: MaxLoanClient, found: list[Account]) -> Iterator[Finding]:
    account = client.get_account()
    found.append(account)
    if account.mode is None:
        yield Finding("account", "new", "mode_unknown", {})
    else:
        yield Finding("account", "agrees", "mode", {"mode": account.mode.value})
    readable = "read_only" in account.permissions
    given = ", ".join(account.permissions) or "-"
    yield Finding("account", "agrees" if readable else "differs", "permissions", {"permissions": given})


def _instruments(client: MaxLoanClient) -> Iterator[Finding]:
    rows = client.get_instruments("MARGIN")
    odd = [row.inst_id for row in rows if row.inst_id != f"{row.base_ccy}-{row.quote_ccy}"]
    if odd or not rows:
        yield Finding("instruments", "differs", "pairs_odd", {"pairs": ", ".join(odd[:5]) or "-"})
    else:
        yield Finding("instruments", "agrees", "pairs", {"count": len(rows)})
    yield from _news("instruments", GET_ACCOUNT_INSTRUMENTS, rows, fields=False)


def _example(client: MaxLoanClient, example: Example) -> Iterator[Finding]:
    names = {each.name: each.attribute for each in GET_MAX_LOAN.parameters}
    question: dict[str, Any] = {names[name]: value for name, value in example.query.items()}
    inst_ids = [question.pop("inst_id")] if "inst_id" in question else []
    rows = client.get_max_loan(*inst_ids, **question)
    wrong = _wrong(example.query, rows)
    if wrong:
        yield Finding(example.id, "differs", "rows_odd", {"what": ", ".join(wrong)})
    else:
        yield Finding(example.id, "agrees", "rows", {"rows": len(rows)})
    yield from _news(example.id, GET_MAX_LOAN, rows)


def _wrong(query: Mapping[str, str], rows: Sequence[MaxLoan]) -> list[str]:
    """Name the fields of an answer that do not fit its question."""
    if ccy := query.get("ccy"):
        # The row of a currency was never seen: all that is known is the currency.
        return [] if rows and {row.ccy for row in rows} == {ccy} else ["ccy"]
    base, _, quote = query["instId"].partition("-")
    wanted = {
        "instId": {row.inst_id for row in rows} == {query["instId"]},
        "mgnMode": {row.mgn_mode for row in rows} == {query["mgnMode"]},
        "mgnCcy": {row.mgn_ccy for row in rows} == {query.get("mgnCcy", "")},
        "side": sorted(row.side for row in rows) == ["buy", "sell"],
        "ccy": {row.side: row.ccy for row in rows} == {"sell": base, "buy": quote},
    }
    return [name for name, fits in wanted.items() if not fits]


def _news(
    check: str, operation: Operation, rows: Sequence[MaxLoan | Instrument], *, fields: bool = True
) -> Iterator[Finding]:
    """Report fields and values that the contract does not have; OKX sends far more of an instrument than it needs."""
    unknown = sorted({name for row in rows for name in row.additional_properties}) if fields else []
    if unknown:
        yield Finding(check, "new", "fields", {"fields": ", ".join(unknown)})
    for field in operation.fields:
        known = {each.value for each in field.values}
        values = sorted({str(getattr(row, field.attribute)) for row in rows} - known - {""}) if known else []
        if values:
            yield Finding(check, "new", "values", {"field": field.name, "values": ", ".join(values)})
