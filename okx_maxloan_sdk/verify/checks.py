"""Checks of `doctor` and `verify`: credentials, connection, clock, account, pairs, and the documented requests."""

import re
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal
from urllib.parse import urlsplit

from attrs import field, frozen
from okx_maxloan_api.contract import GET_ACCOUNT_INSTRUMENTS, GET_MAX_LOAN, Example, Operation

from okx_maxloan_sdk import AccountMode, Instrument, MaxLoan, MaxLoanClient, exceptions
from okx_maxloan_sdk.cli.connection import Connection
from okx_maxloan_sdk.sites import PORTS, parse_origin
from okx_maxloan_sdk.transport.connect import client_context
from okx_maxloan_sdk.transport.proxy import choose

State = Literal["ok", "note", "failed", "skipped"]
# How OKX makes keys and secrets.
KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SECRET = re.compile(r"[0-9A-Fa-f]{32}")
CONNECT_TIMEOUT_S = 5.0
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


Check = Callable[[Connection], Iterator[CheckResult]]


def run_checks(connection: Connection, checks: Iterable[Check]) -> Iterator[CheckResult]:
    """Run checks in their order, up to one that is inconclusive."""
    for check in checks:
        for result in _catch_errors(check.__name__.removeprefix("check_"), check(connection)):
            yield result
            if result.is_inconclusive:
                return


def _catch_errors(check: str, results: Iterator[CheckResult]) -> Iterator[CheckResult]:
    try:
        yield from results
    except (exceptions.OkxError, ValueError) as error:
        yield error_result(check, error)


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


def check_credentials_format(connection: Connection) -> Iterator[CheckResult]:
    """Check the format of the credentials without showing them."""
    key, secret = connection.settings.key, connection.settings.secret
    parts = (key, secret, connection.settings.passphrase)
    check = "credentials_format"
    formats = {"API key": KEY.fullmatch(key), "Secret key": SECRET.fullmatch(secret)}
    if any(part[0] in "\"'“" or part != part.strip() for part in parts):
        yield CheckResult(check, "failed", "quoted")
    elif SECRET.fullmatch(key) and KEY.fullmatch(secret):
        yield CheckResult(check, "failed", "swapped")
    elif len(set(parts)) < len(parts):
        yield CheckResult(check, "failed", "equal_parts")
    elif odd := [name for name, match in formats.items() if not match]:
        yield CheckResult(check, "note", "odd_format", {"parts": odd})
    else:
        yield CheckResult(check, "ok", "usual_format")


def check_base_url(connection: Connection) -> Iterator[CheckResult]:
    """Create the client, which rejects a wrong URL, limiter or proxy."""
    assert connection.client  # noqa: S101 -- creating it is the check
    yield CheckResult("base_url", "ok", "settings_ok", {"url": connection.settings.url})


def check_connection(connection: Connection) -> Iterator[CheckResult]:
    """Resolve the host, connect, and check the certificate; a proxy resolves it, and the first request checks then."""
    proxy = choose(parse_origin(connection.settings.url), connection.settings.proxy)
    parts = urlsplit(proxy.url if proxy else connection.settings.url)
    host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 1080)
    args: dict[str, object] = {"host": host, "port": port}
    check = "dns"
    try:
        if not proxy:
            socket.getaddrinfo(host, None)
            yield CheckResult("dns", "ok", "dns_ok", args)
        check = "proxy" if proxy else "connection"
        with socket.create_connection((host, port), CONNECT_TIMEOUT_S) as plain:
            yield CheckResult(check, "ok", f"{check}_ok", args)
            check = "tls"
            if not connection.settings.url.startswith("https://"):
                yield CheckResult("tls", "ok", "no_tls_needed")
            elif proxy:
                yield CheckResult("tls", "ok", "tls_behind_proxy")
            else:
                with client_context().wrap_socket(plain, server_hostname=host) as secure:
                    yield CheckResult("tls", "ok", "tls_ok", {"version": secure.version()})
    except ssl.SSLCertVerificationError as error:
        yield CheckResult("tls", "failed", "untrusted", {"reason": error.verify_message})
    except OSError as error:
        args["reason"] = error.strerror or error
        yield CheckResult(check, "failed", f"no_{check}", args)


def check_clock(connection: Connection) -> Iterator[CheckResult]:
    """Compare the clocks."""
    offset = connection.client.sync_clock()
    difference, args = abs(offset), {"seconds": f"{offset:+.3f}"}
    if difference > CLOCK_LIMIT_S:
        yield CheckResult("clock", "failed", "clock_wrong", args)
    elif difference > CLOCK_NOTE_S:
        yield CheckResult("clock", "note", "clock_inexact", args)
    else:
        yield CheckResult("clock", "ok", "clock_ok", args)


def check_api_key(connection: Connection) -> Iterator[CheckResult]:
    """Get the account configuration, which needs a valid API key, and check its permissions and account mode."""
    connection.account = account = connection.client.get_account()
    is_sub = account.main_uid not in ("", account.uid)
    yield CheckResult("api_key", "ok", "sub_account" if is_sub else "main_account", {"uid": account.uid})
    others = [each for each in account.permissions if each != "read_only"]
    if "read_only" not in account.permissions:
        yield CheckResult("permissions", "failed", "no_read_permission", {"allowed": others or "-"})
    elif others:
        yield CheckResult("permissions", "note", "more_permissions", {"others": others})
    else:
        yield CheckResult("permissions", "ok", "read_permission")
    if account.mode is None:
        yield CheckResult("account_mode", "note", "unknown_mode")
    else:
        has_choice = account.isolated_margin_mode == "auto_transfers_ccy"
        yield CheckResult("account_mode", "ok", "futures_auto_transfers" if has_choice else f"mode_{account.mode}")


def check_ip_allowlist(connection: Connection) -> Iterator[CheckResult]:
    """Check which addresses the API key is bound to."""
    ips = connection.account.ip_allowlist
    if ips:
        yield CheckResult("ip_allowlist", "ok", "bound", {"ips": ips})
    else:
        yield CheckResult("ip_allowlist", "note", "unbound")


def check_borrowing(connection: Connection) -> Iterator[CheckResult]:
    """Check that borrowing is enabled in Spot mode."""
    if connection.account.mode == AccountMode.SPOT and connection.account.spot_borrow_enabled is False:
        yield CheckResult("borrowing", "failed", "borrowing_disabled")
    else:
        yield CheckResult("borrowing", "ok", "borrowing_ok")


def check_instruments(connection: Connection) -> Iterator[CheckResult]:
    """Check the names of the margin pairs."""
    rows = connection.client.get_instruments("MARGIN")
    odd = [row.inst_id for row in rows if row.inst_id != f"{row.base_ccy}-{row.quote_ccy}"]
    if odd or not rows:
        yield CheckResult("instruments", "failed", "pairs_odd", {"pairs": odd[:MAX_NAMED] or "-"})
    else:
        yield CheckResult("instruments", "ok", "pairs", {"count": len(rows)})
    yield from _unknown("instruments", GET_ACCOUNT_INSTRUMENTS, rows)


def check_requests(connection: Connection) -> Iterator[CheckResult]:
    """Send each request that the documentation shows for the account's mode."""
    facts = {name.removeprefix("account."): value for name, value in connection.account.rule_inputs.items()}
    examples = [each for each in GET_MAX_LOAN.examples if each.account.items() <= facts.items()]
    for example in examples:
        yield from _catch_errors("requests", _check_example(connection.client, example))
    if not facts:
        yield CheckResult("requests", "skipped", "no_account")
    elif not examples:
        yield CheckResult("requests", "skipped", "no_example", {"account": list(facts.values())})


def _check_example(client: MaxLoanClient, example: Example) -> Iterator[CheckResult]:
    names = {each.name: each.attribute for each in GET_MAX_LOAN.parameters}
    params: dict[str, Any] = {names[name]: value for name, value in example.query.items()}
    inst_ids = [params.pop("inst_id")] if "inst_id" in params else []
    rows = client.get_max_loan(*inst_ids, **params)
    args: dict[str, object] = {"request": example.id, "rows": len(rows)}
    # The client has compared pairs and currencies with the query; the row of a currency was never seen.
    expected = [(side, params["mgn_mode"], params.get("mgn_ccy", "")) for side in ("buy", "sell")]
    given = sorted((row.side, row.mgn_mode, row.mgn_ccy) for row in rows)
    if inst_ids and given != expected:
        args["given"] = [" ".join(each).strip() for each in given]
        yield CheckResult("requests", "failed", "rows_odd", args)
    else:
        yield CheckResult("requests", "ok", "rows", args)
    yield from _unknown("requests", GET_MAX_LOAN, rows, example.id)


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


def check_rate_limit(connection: Connection) -> Iterator[CheckResult]:
    """Check the state of the rate limit."""
    now = connection.client.rate_limit
    limiter = (connection.settings.limiter or "memory").rpartition("@")[2]
    args: dict[str, object] = {"limiter": limiter, "slots": now.limit, "held": now.in_use, "cut": now.reduced_by}
    if now.reduced_by:
        yield CheckResult("rate_limit", "note", "rate_limit_reduced", args)
    else:
        yield CheckResult("rate_limit", "ok", "rate_limit_ok", args)


VERIFY_CHECKS: Sequence[Check] = (check_clock, check_api_key, check_instruments, check_requests)
DOCTOR_CHECKS: Sequence[Check] = (
    check_credentials_format,
    check_base_url,
    check_connection,
    check_clock,
    check_api_key,
    check_ip_allowlist,
    check_borrowing,
    check_requests,
    check_rate_limit,
)
