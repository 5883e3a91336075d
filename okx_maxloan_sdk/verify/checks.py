"""Checks of the exchange's clock, the account, its pairs, and the documented requests against the contract."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

from attrs import field, frozen
from okx_maxloan_api.contract import GET_ACCOUNT_INSTRUMENTS, GET_MAX_LOAN, Example, Operation

from okx_maxloan_sdk import Account, Instrument, MaxLoan, MaxLoanClient, exceptions

State = Literal["ok", "note", "failed", "skipped"]
# Seconds between the clocks: worth a note, and rejected by OKX.
CLOCK_NOTE_S, CLOCK_LIMIT_S = 1.0, 30.0
# They say nothing about the contract: the check could not be made.
INCONCLUSIVE_ERRORS = (exceptions.AuthenticationError, exceptions.RateLimitError, exceptions.ServiceUnavailableError)
MAX_NAMED = 5


@frozen
class CheckResult:
    """Result of one check.

    "note" is worth knowing, such as a field that this release does not know, and no failure. `message_id` and `args`
    are the key and the placeholders of the command's message. An inconclusive failure says nothing about OKX.
    """

    check: str
    state: State
    message_id: str
    args: Mapping[str, object] = field(factory=dict)
    is_inconclusive: bool = False


class Context:
    """What checks share: the client, created by the first that needs it, and the account once it is known."""

    account: Account | None = None

    def __init__(self, create_client: Callable[[], MaxLoanClient]) -> None:
        self._create_client = create_client

    @cached_property
    def client(self) -> MaxLoanClient:
        """The client of the account."""
        return self._create_client()


# Any: a check may need more than `Context`, as those of the command do.
Check = Callable[[Any], Iterator[CheckResult]]


def run_checks(context: Context, checks: Iterable[Check]) -> Iterator[CheckResult]:
    """Run checks in their order, up to one that is inconclusive."""
    for check in checks:
        try:
            yield from check(context)
        except (exceptions.OkxError, ValueError) as error:
            result = error_result(check.__name__.removeprefix("check_"), error)
            yield result
            if result.is_inconclusive:
                return


def error_result(check: str, error: Exception) -> CheckResult:
    """Return the result of a check that an error ended."""
    match error:
        case exceptions.InvalidParametersError():
            # A setting of the account forbids what its mode allows.
            return CheckResult(check, "skipped", "rule", {"rules": [each.rule_id for each in error.violations]})
        case exceptions.ApiError():
            reason = error.explanation or error.message
            args = {"code": error.code, "said": error.message, "explanation": reason, "hint": error.hint}
            return CheckResult(check, "failed", "rejected", args, isinstance(error, INCONCLUSIVE_ERRORS))
        case exceptions.InvalidResponseError():
            return CheckResult(check, "failed", "unreadable", {"reason": error.reason})
        case exceptions.PartialFailureError() | exceptions.MissingDataError():
            return CheckResult(check, "failed", "missing", {"reason": error})
    return CheckResult(check, "failed", "error", {"reason": error}, is_inconclusive=True)


def check_clock(context: Context) -> Iterator[CheckResult]:
    """Compare the clocks."""
    offset = context.client.sync_clock()
    difference, args = abs(offset), {"seconds": f"{offset:+.3f}"}
    if difference > CLOCK_LIMIT_S:
        yield CheckResult("clock", "failed", "clock_wrong", args)
    elif difference > CLOCK_NOTE_S:
        yield CheckResult("clock", "note", "clock_inexact", args)
    else:
        yield CheckResult("clock", "ok", "clock_ok", args)


def check_api_key(context: Context) -> Iterator[CheckResult]:
    """Get the account configuration, which needs a valid API key."""
    context.account = account = context.client.get_account()
    is_sub = account.main_uid not in ("", account.uid)
    yield CheckResult("api_key", "ok", "sub_account" if is_sub else "main_account", {"uid": account.uid})


def check_permissions(context: Context) -> Iterator[CheckResult]:
    """Check that the API key may read, and nothing else."""
    allowed = context.account.permissions if context.account else ("read_only",)
    others = [each for each in allowed if each != "read_only"]
    if "read_only" not in allowed:
        yield CheckResult("permissions", "failed", "no_read_permission", {"allowed": others or "-"})
    elif others:
        yield CheckResult("permissions", "note", "more_permissions", {"others": others})
    else:
        yield CheckResult("permissions", "ok", "read_permission")


def check_account_mode(context: Context) -> Iterator[CheckResult]:
    """Check that this release knows the account's mode."""
    if context.account is None:
        return
    mode = context.account.rule_inputs.get("account.mode")
    if mode is None:
        yield CheckResult("account_mode", "note", "unknown_mode")
    elif context.account.rule_inputs.get("account.isolated") == "auto_transfers_ccy":
        yield CheckResult("account_mode", "ok", "futures_auto_transfers")
    else:
        yield CheckResult("account_mode", "ok", f"mode_{mode}")


def check_instruments(context: Context) -> Iterator[CheckResult]:
    """Check the names of the margin pairs."""
    rows = context.client.get_instruments("MARGIN")
    odd = [row.inst_id for row in rows if row.inst_id != f"{row.base_ccy}-{row.quote_ccy}"]
    if odd or not rows:
        yield CheckResult("instruments", "failed", "pairs_odd", {"pairs": odd[:MAX_NAMED] or "-"})
    else:
        yield CheckResult("instruments", "ok", "pairs", {"count": len(rows)})
    yield from _unknown("instruments", GET_ACCOUNT_INSTRUMENTS, rows)


def check_requests(context: Context) -> Iterator[CheckResult]:
    """Send each request that the documentation shows for the account's mode."""
    if context.account is None:
        return
    facts = {name.removeprefix("account."): value for name, value in context.account.rule_inputs.items()}
    examples = [each for each in GET_MAX_LOAN.examples if each.account.items() <= facts.items()]
    for example in examples:
        try:
            yield from _check_example(context.client, example)
        except (exceptions.OkxError, ValueError) as error:
            result = error_result("requests", error)
            if result.is_inconclusive:
                raise
            yield result
    if not examples:
        yield CheckResult("requests", "skipped", "no_example", {"account": list(facts.values()) or "-"})


def _check_example(client: MaxLoanClient, example: Example) -> Iterator[CheckResult]:
    names = {each.name: each.attribute for each in GET_MAX_LOAN.parameters}
    params: dict[str, Any] = {names[name]: value for name, value in example.query.items()}
    inst_ids = [params.pop("inst_id")] if "inst_id" in params else []
    rows = client.get_max_loan(*inst_ids, **params)
    args: dict[str, object] = {"request": example.id, "rows": len(rows)}
    if mismatches := _mismatches(example.query, rows):
        yield CheckResult("requests", "failed", "rows_odd", {**args, "fields": mismatches})
    else:
        yield CheckResult("requests", "ok", "rows", args)
    yield from _unknown("requests", GET_MAX_LOAN, rows, example.id)


def _mismatches(query: Mapping[str, str], rows: Sequence[MaxLoan]) -> list[str]:
    """Return the fields of a response that do not match its request."""
    if ccy := query.get("ccy"):
        # The row of a currency was never seen: all that is known is the currency.
        return [] if rows and {row.ccy for row in rows} == {ccy} else ["ccy"]
    base, _, quote = query["instId"].partition("-")
    matches = {
        "instId": {row.inst_id for row in rows} == {query["instId"]},
        "mgnMode": {row.mgn_mode for row in rows} == {query["mgnMode"]},
        "mgnCcy": {row.mgn_ccy for row in rows} == {query.get("mgnCcy", "")},
        "side": sorted(row.side for row in rows) == ["buy", "sell"],
        "ccy": {row.side: row.ccy for row in rows} == {"sell": base, "buy": quote},
    }
    return [name for name, is_match in matches.items() if not is_match]


def _unknown(
    check: str, operation: Operation, rows: Sequence[MaxLoan | Instrument], request: str = ""
) -> Iterator[CheckResult]:
    """Report fields and values that the contract does not have."""
    names = sorted({name for row in rows for name in row.additional_properties})
    # OKX sends far more fields of an instrument than the contract needs.
    if names and operation is GET_MAX_LOAN:
        yield CheckResult(check, "note", "unknown_fields", {"fields": names, "request": request})
    for each in operation.fields:
        known = {value.value for value in each.values}
        values = sorted({str(getattr(row, each.attribute)) for row in rows} - known - {""}) if known else []
        if values:
            yield CheckResult(check, "note", "unknown_values", {"field": each.name, "values": values})


VERIFY_CHECKS: Sequence[Check] = (
    check_clock,
    check_api_key,
    check_permissions,
    check_account_mode,
    check_instruments,
    check_requests,
)
