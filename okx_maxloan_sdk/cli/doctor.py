"""Command okx-maxloan doctor: checks from the credentials' format to one real request; the report of any checks."""

import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from rich.cells import cell_len
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from okx_maxloan_sdk.sites import PORTS, parse_origin
from okx_maxloan_sdk.transport.connect import client_context
from okx_maxloan_sdk.transport.proxy import choose
from okx_maxloan_sdk.verify import checks
from okx_maxloan_sdk.verify.checks import CheckResult

from .base import Command, Run
from .config import Settings
from .connection import Connection, connection_options, resolve_settings
from .errors import ExitCode
from .i18n import LANGUAGE, load_catalogue, text
from .render import GAP, StdoutConsole

# How OKX makes keys and secrets.
KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SECRET = re.compile(r"[0-9A-Fa-f]{32}")
CONNECT_TIMEOUT_S = 5.0
# Codes with one usual cause; any other code explains itself.
MESSAGE_BY_CODE = {
    "50102": "clock_rejected",
    "50105": "wrong_passphrase",
    "50110": "wrong_ip",
    "50111": "wrong_key",
    "50113": "wrong_secret",
    "50119": "wrong_site",
}
STATE_STYLES = {"ok": "green", "note": "yellow", "failed": "red", "skipped": "dim"}


def command() -> Command:
    """Create the command."""
    return Command("doctor", doctor, connection_options())


def doctor(run: Run, **options: Any) -> int:
    """Check each account up to the first failure, and return the exit code."""
    results = run_report(run, DOCTOR_CHECKS, stops_at_failure=True, **options)
    return ExitCode.FAILURE if any(each.state == "failed" for each in results) else ExitCode.OK


def run_report(
    run: Run, listed: Sequence[checks.Check], *, stops_at_failure: bool, **options: Any
) -> list[CheckResult]:
    """Check each account, print the results as they come, and return them."""
    results: list[CheckResult] = []
    console = StdoutConsole()
    with resolve_settings(run, **options) as accounts:
        for settings in accounts:
            console.print(Text(run.redact(heading(settings)), "bold"))
            with closing(Connection(settings)) as context:
                for result in checks.run_checks(context, listed):
                    results.append(result)
                    print_result(console, run, settings, result)
                    if stops_at_failure and result.state == "failed":
                        console.print(Text(text("report.not_tried"), "dim"))
                        break
    return results


def heading(settings: Settings) -> str:
    """Return what is checked, and with which credentials."""
    kind = "mock" if settings.is_mock else "demo" if settings.demo else "live"
    return text("report.heading", url=settings.url, kind=text(f"report.{kind}"), source=settings.source)


def print_result(console: StdoutConsole, run: Run, settings: Settings, result: CheckResult) -> None:
    """Print one result, its message beside its name or, on a narrow terminal, below it."""
    catalogue = load_catalogue(LANGUAGE.get())
    message_id = result.message_id
    if message_id == "rejected":
        # The usual cause, where the code has one.
        code = str(result.args["code"]).partition("_")[0]
        message_id = MESSAGE_BY_CODE.get(code, "rejected")
        if code == "50101":
            message_id = "live_key" if settings.demo else "demo_key"
    message = Text(run.redact(text(f"result.{message_id}", **{"url": settings.url, **result.args})).strip())
    states = {state: catalogue["report"][state] for state in STATE_STYLES}
    state, title = (
        Text(states[result.state], STATE_STYLES[result.state]),
        Text(catalogue["check"][result.check], "bold"),
    )
    widths = [max(map(cell_len, words.values())) for words in (states, catalogue["check"])]
    grid = Table.grid(padding=(0, GAP, 0, 0))
    for width in widths:
        grid.add_column(width=width)
    if console.width < 2 * (sum(widths) + 2 * GAP):
        grid.add_row(state, title)
        console.print(grid, Padding(message, (0, 0, 0, GAP)))
    else:
        grid.add_column(overflow="fold")
        grid.add_row(state, title, message)
        console.print(grid)


def check_credentials_format(context: Connection) -> Iterator[CheckResult]:
    """Check the format of the credentials without showing them."""
    key, secret = context.settings.key, context.settings.secret
    parts = (key, secret, context.settings.passphrase)
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


def check_base_url(context: Connection) -> Iterator[CheckResult]:
    """Create the client, which rejects a wrong URL, limiter or proxy."""
    assert context.client  # noqa: S101 -- creating it is the check
    yield CheckResult("base_url", "ok", "settings_ok", {"url": context.settings.url})


def check_connection(context: Connection) -> Iterator[CheckResult]:
    """Resolve the host, connect, and check the certificate; a proxy resolves it, and the first request checks then."""
    proxy = choose(parse_origin(context.settings.url), context.settings.proxy)
    parts = urlsplit(proxy.url if proxy else context.settings.url)
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
            if not context.settings.url.startswith("https://"):
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


def check_ip_allowlist(context: Connection) -> Iterator[CheckResult]:
    """Check which addresses the API key is bound to."""
    ips = context.account.ip_allowlist if context.account else ()
    if ips:
        yield CheckResult("ip_allowlist", "ok", "bound", {"ips": ips})
    else:
        yield CheckResult("ip_allowlist", "note", "unbound")


def check_borrowing(context: Connection) -> Iterator[CheckResult]:
    """Check that borrowing is enabled in Spot mode."""
    facts = context.account.rule_inputs if context.account else {}
    if facts.get("account.mode") == "spot" and facts.get("account.borrowing") == "disabled":
        yield CheckResult("borrowing", "failed", "borrowing_disabled")
    else:
        yield CheckResult("borrowing", "ok", "borrowing_ok")


def check_rate_limit(context: Connection) -> Iterator[CheckResult]:
    """Check the state of the rate limit."""
    now = context.client.rate_limit
    limiter = (context.settings.limiter or "memory").rpartition("@")[2]
    args: dict[str, object] = {"limiter": limiter, "slots": now.limit, "held": now.in_use, "cut": now.reduced_by}
    if now.reduced_by:
        yield CheckResult("rate_limit", "note", "rate_limit_reduced", args)
    else:
        yield CheckResult("rate_limit", "ok", "rate_limit_ok", args)


DOCTOR_CHECKS: Sequence[checks.Check] = (
    check_credentials_format,
    check_base_url,
    check_connection,
    checks.check_clock,
    checks.check_api_key,
    checks.check_permissions,
    check_ip_allowlist,
    checks.check_account_mode,
    check_borrowing,
    checks.check_requests,
    check_rate_limit,
)
