"""Checks from the credentials' format to the rate limit, on top of those of `okx_maxloan_sdk.verify`."""

from __future__ import annotations

import re
import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from attrs import define, evolve

from okx_maxloan_sdk.sites import PORTS as DEFAULT_PORTS
from okx_maxloan_sdk.sites import parse_origin
from okx_maxloan_sdk.transport.proxy import choose
from okx_maxloan_sdk.transport.tls import client_context
from okx_maxloan_sdk.verify.checks import (
    CheckResult,
    check_account_mode,
    check_api_key,
    check_clock,
    check_permissions,
    check_requests,
    run_checks,
)

from .connection import base_url, create_client

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from okx_maxloan_sdk import Account, MaxLoanClient
    from okx_maxloan_sdk.verify.checks import Check

    from .base import Run
    from .config import Settings

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


@define
class AccountContext:
    """Settings of the account under diagnosis, and what was found out on the way."""

    run: Run
    settings: Settings
    account: Account | None = None
    _client: MaxLoanClient | None = None

    @property
    def client(self) -> MaxLoanClient:
        """The one client of all checks, created by the first that needs it."""
        self._client = self._client or create_client(self.run, self.settings)
        return self._client

    def close(self) -> None:
        """Close the client."""
        if self._client is not None:
            self._client.close()

    @property
    def url(self) -> str:
        """The URL that requests are sent to."""
        return base_url(self.settings)

    @property
    def target(self) -> tuple[str, int]:
        """Host and port of the exchange."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]

    @property
    def proxy(self) -> tuple[str, int] | None:
        """Host and port of the proxy that requests take, None where they take none."""
        proxy = choose(parse_origin(self.url), self.settings.proxy)
        if proxy is None:
            return None
        parts = urlsplit(proxy.url)
        return parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme, 1080)


def diagnose(context: AccountContext, checks: Sequence[Check]) -> Iterator[CheckResult]:
    """Run checks in their order, with what usually causes a rejection."""
    for result in run_checks(context, checks):
        yield explain_rejection(context, result) if result.message_id == "rejected" else result


def explain_rejection(context: AccountContext, result: CheckResult) -> CheckResult:
    """Replace a rejection by its usual cause, where its code has one."""
    code = str(result.args["code"]).partition("_")[0]
    message_id = MESSAGE_BY_CODE.get(code, "rejected")
    if code == "50101":
        message_id = "live_key" if context.settings.demo else "demo_key"
    return evolve(result, message_id=message_id, args={**result.args, "url": context.url})


def check_credentials_format(context: AccountContext) -> Iterator[CheckResult]:
    """Check the format of the credentials without showing them."""
    settings = context.settings
    parts = (settings.key, settings.secret, settings.passphrase)
    mistakes = {
        "quoted": any(part[0] in "\"'“" or part != part.strip() for part in parts),
        "swapped": bool(SECRET.fullmatch(settings.key) and KEY.fullmatch(settings.secret)),
        "equal_parts": len(set(parts)) < len(parts),
    }
    odd = [
        name
        for name, is_usual in (
            ("API key", KEY.fullmatch(settings.key)),
            ("Secret key", SECRET.fullmatch(settings.secret)),
        )
        if not is_usual
    ]
    check = "credentials_format"
    if mistake := next((name for name, is_made in mistakes.items() if is_made), None):
        yield CheckResult(check, "failed", mistake)
    elif odd:
        yield CheckResult(check, "note", "odd_format", {"parts": odd})
    else:
        yield CheckResult(check, "ok", "usual_format")


def check_base_url(context: AccountContext) -> Iterator[CheckResult]:
    """Create the client, which rejects a wrong URL, limiter or proxy."""
    assert context.client  # noqa: S101 -- creating it is the check
    yield CheckResult("base_url", "ok", "settings_ok", {"url": context.url})


def check_dns(context: AccountContext) -> Iterator[CheckResult]:
    """Resolve the host, unless a proxy does."""
    if context.proxy:
        return
    host = context.target[0]
    try:
        socket.getaddrinfo(host, None)
    except OSError as error:
        yield CheckResult("dns", "failed", "no_dns", {"host": host, "reason": error.strerror or error}, True)
    else:
        yield CheckResult("dns", "ok", "dns_ok", {"host": host})


def check_tcp(context: AccountContext) -> Iterator[CheckResult]:
    """Connect to the host, or to the proxy."""
    host, port = context.proxy or context.target
    check = "proxy" if context.proxy else "tcp"
    args: dict[str, object] = {"host": host, "port": port}
    try:
        socket.create_connection((host, port), CONNECT_TIMEOUT_S).close()
    except OSError as error:
        yield CheckResult(check, "failed", f"no_{check}", {**args, "reason": error.strerror or error}, True)
    else:
        yield CheckResult(check, "ok", f"{check}_ok", args)


def check_tls(context: AccountContext) -> Iterator[CheckResult]:
    """Check the certificate; behind a proxy, the first request does."""
    if not context.url.startswith("https://"):
        yield CheckResult("tls", "ok", "no_tls_needed")
        return
    if context.proxy:
        yield CheckResult("tls", "ok", "tls_behind_proxy")
        return
    host, port = context.target
    try:
        with (
            socket.create_connection((host, port), CONNECT_TIMEOUT_S) as plain,
            client_context().wrap_socket(plain, server_hostname=host) as secure,
        ):
            yield CheckResult("tls", "ok", "tls_ok", {"version": secure.version()})
    except ssl.SSLCertVerificationError as error:
        yield CheckResult("tls", "failed", "untrusted", {"reason": error.verify_message}, True)
    except OSError as error:
        yield CheckResult("tls", "failed", "no_tls", {"reason": error.strerror or error}, True)


def check_ip_allowlist(context: AccountContext) -> Iterator[CheckResult]:
    """Check which addresses the API key is bound to."""
    ips = context.account.ip_allowlist if context.account else ()
    if ips:
        yield CheckResult("ip_allowlist", "ok", "bound", {"ips": ips})
    else:
        yield CheckResult("ip_allowlist", "note", "unbound")


def check_borrowing(context: AccountContext) -> Iterator[CheckResult]:
    """Check that borrowing is enabled in Spot mode."""
    facts = context.account.rule_inputs if context.account else {}
    if facts.get("account.mode") == "spot" and facts.get("account.borrowing") == "disabled":
        yield CheckResult("borrowing", "failed", "borrowing_disabled")
    else:
        yield CheckResult("borrowing", "ok", "borrowing_ok")


def check_rate_limit(context: AccountContext) -> Iterator[CheckResult]:
    """Check the state of the rate limit."""
    now = context.client.rate_limit
    limiter = (context.settings.limiter or "memory").rpartition("@")[2]
    args: dict[str, object] = {"limiter": limiter, "slots": now.limit, "held": now.in_use, "cut": now.reduced_by}
    if now.reduced_by:
        yield CheckResult("rate_limit", "note", "rate_limit_reduced", args)
    else:
        yield CheckResult("rate_limit", "ok", "rate_limit_ok", args)


DOCTOR_CHECKS: Sequence[Check] = (
    check_credentials_format,
    check_base_url,
    check_dns,
    check_tcp,
    check_tls,
    check_clock,
    check_api_key,
    check_permissions,
    check_ip_allowlist,
    check_account_mode,
    check_borrowing,
    check_requests,
    check_rate_limit,
)
