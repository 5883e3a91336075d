"""What doctor looks at, one thing a function: each finds it well, or says what to do."""

from __future__ import annotations

import re
import socket
import ssl
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from attrs import define, field, frozen

from .source import address, connect

if TYPE_CHECKING:
    from collections.abc import Callable

    from okx_maxloan_sdk import Account, ApiError, MaxLoanClient

    from .command import Run
    from .profiles import Settings

State = Literal["ok", "note", "bad"]
# How OKX makes keys and secrets.
KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SECRET = re.compile(r"[0-9A-Fa-f]{32}")
PATIENCE = 5.0
# Seconds that clocks may differ: noticed, and refused by OKX.
LOOSE, LIMIT = 1.0, 30.0
# What a refusal means in everyday life; any other code explains itself.
BY_CODE = {
    "50101": "environment",
    "50102": "clock_bad",
    "50105": "passphrase",
    "50110": "address",
    "50111": "key",
    "50113": "secret",
    "50119": "region",
}


@frozen
class Finding:
    """The outcome of one check: a key of doctor's words, and what fills its places."""

    state: State
    word: str
    about: dict[str, object] = field(factory=dict)


@define
class Case:
    """Who is looked at, and what was found out on the way."""

    run: Run
    settings: Settings
    client: MaxLoanClient | None = None
    account: Account | None = None

    @property
    def url(self) -> str:
        """Where the questions go."""
        return address(self.settings)

    @property
    def target(self) -> tuple[str, int]:
        """Host and port to connect to."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or {"https": 443, "http": 80}[parts.scheme]

    @property
    def proxy(self) -> str:
        """The proxy that requests take, empty when they take none."""
        from okx_maxloan_sdk.transport.proxy import of_system  # noqa: PLC0415 -- help does not need it

        return self.settings.proxy or of_system(urlsplit(self.url).scheme, self.target[0]) or ""

    def ask(self) -> MaxLoanClient:
        """Give the one client of all checks."""
        self.client = self.client or connect(self.run, self.settings)
        return self.client


def form(case: Case) -> Finding:
    """Look at the credentials without showing them."""
    key, secret, passphrase = (getattr(case.settings, part) for part in ("key", "secret", "passphrase"))
    wrong = {
        "quoted": any(part[0] in "\"'“" or part != part.strip() for part in (key, secret, passphrase)),
        "swapped": bool(SECRET.fullmatch(key) and KEY.fullmatch(secret)),
        "same": len({key, secret, passphrase}) < len((key, secret, passphrase)),
    }
    if found := next((word for word, is_so in wrong.items() if is_so), None):
        return Finding("bad", found)
    odd = [name for name, fits in (("key", KEY.fullmatch(key)), ("secret", SECRET.fullmatch(secret))) if not fits]
    if odd:
        return Finding("note", "odd", {"parts": ", ".join(odd)})
    return Finding("ok", "form", {"origin": case.settings.origin})


def site(case: Case) -> Finding:
    """Say where questions go; an address or a limiter that cannot be is found here."""
    case.ask()
    return Finding("ok", "demo" if case.settings.demo else "live", {"url": case.url})


def name(case: Case) -> Finding:
    """Look up the host that is connected to."""
    host = _hop(case)[0]
    try:
        socket.getaddrinfo(host, None)
    except OSError as error:
        return Finding("bad", "no_name", {"host": host, "reason": error.strerror or error})
    return Finding("ok", "name", {"host": host})


def line(case: Case) -> Finding:
    """Connect to the host, or to the proxy."""
    host, port = _hop(case)
    try:
        socket.create_connection((host, port), PATIENCE).close()
    except OSError as error:
        word = "no_proxy" if case.proxy else "no_line"
        return Finding("bad", word, {"host": host, "port": port, "reason": error.strerror or error})
    return Finding("ok", "proxy" if case.proxy else "line", {"host": host, "port": port})


def tls(case: Case) -> Finding:
    """Check the certificate; behind a proxy the next check does."""
    if not case.url.startswith("https://"):
        return Finding("ok", "plain")
    if case.proxy:
        return Finding("ok", "tls_later")
    from okx_maxloan_sdk.transport.tls import client_context  # noqa: PLC0415 -- the trust that requests have

    host, port = case.target
    try:
        with (
            socket.create_connection((host, port), PATIENCE) as plain,
            client_context().wrap_socket(plain, server_hostname=host) as secure,
        ):
            return Finding("ok", "tls", {"version": secure.version()})
    except ssl.SSLCertVerificationError as error:
        return Finding("bad", "no_trust", {"reason": error.verify_message})
    except OSError as error:
        return Finding("bad", "no_tls", {"reason": error.strerror or error})


def clock(case: Case) -> Finding:
    """Compare the clocks, which is also the first whole question and answer."""
    offset = case.ask().sync_clock()
    state: State = "ok" if abs(offset) < LOOSE else "note" if abs(offset) < LIMIT else "bad"
    word = {"ok": "clock", "note": "clock_loose", "bad": "clock_bad"}[state]
    return Finding(state, word, {"seconds": f"{offset:+.3f}"})


def key(case: Case) -> Finding:
    """Ask for the account, which needs a good key."""
    case.account = case.ask().get_account()
    account = case.account
    kind = "sub" if account.main_uid not in ("", account.uid) else "main"
    return Finding("ok", f"account_{kind}", {"uid": account.uid})


def permission(case: Case) -> Finding:
    """Look at what the key may do."""
    allowed = case.account.permissions if case.account else ()
    if allowed and "read_only" not in allowed:
        return Finding("bad", "no_read", {"allowed": ", ".join(allowed)})
    if more := [each for each in allowed if each != "read_only"]:
        return Finding("note", "too_much", {"more": ", ".join(more)})
    return Finding("ok", "read")


def addresses(case: Case) -> Finding:
    """Look at which addresses the key is bound to."""
    bound = case.account.ip_allowlist if case.account else ()
    return Finding("ok", "bound", {"ips": ", ".join(bound)}) if bound else Finding("note", "unbound")


def mode(case: Case) -> Finding:
    """Look at the account's mode, and whether it may borrow."""
    facts = case.account.rule_inputs if case.account else {}
    found = facts.get("account.mode")
    if found is None:
        return Finding("note", "mode_unknown")
    if found == "spot" and facts.get("account.borrowing") == "disabled":
        return Finding("bad", "spot_plain")
    if found == "futures" and facts.get("account.isolated") == "auto_transfers_ccy":
        return Finding("ok", "futures_either")
    return Finding("ok", found)


def question(case: Case) -> Finding:
    """Ask a question that this account may ask."""
    from okx_maxloan_api.contract import GET_MAX_LOAN  # noqa: PLC0415 -- help does not need it

    known = {
        fact.removeprefix("account."): word for fact, word in (case.account.rule_inputs if case.account else {}).items()
    }
    fitting = (each for each in GET_MAX_LOAN.examples if known.get("mode") == each.account["mode"])
    example = next(fitting, GET_MAX_LOAN.examples[0]).query
    attributes = {each.name: each.attribute for each in GET_MAX_LOAN.parameters}
    asked: dict[str, Any] = {attributes[each]: value for each, value in example.items()}
    if known.get("isolated") == "auto_transfers_ccy" and asked["mgn_mode"] == "isolated":
        asked["mgn_ccy"] = "BTC"
    inst_ids = [asked.pop("inst_id")] if "inst_id" in asked else []
    loans = case.ask().get_max_loan(*inst_ids, **asked)
    return Finding("ok", "asked", {"question": ", ".join([*inst_ids, *asked.values()]), "rows": len(loans)})


def limit(case: Case) -> Finding:
    """Look at the rate limit's state."""
    now = case.ask().rate_limit
    where = case.settings.limiter or "memory"
    about: dict[str, object] = {"where": where.rpartition("@")[2], "slots": now.limit, "held": now.in_use}
    return Finding("note", "cut", {**about, "cut": now.reduced_by}) if now.reduced_by else Finding("ok", "limit", about)


CHECKS: dict[str, Callable[[Case], Finding]] = {
    "form": form,
    "site": site,
    "name": name,
    "line": line,
    "tls": tls,
    "clock": clock,
    "key": key,
    "permission": permission,
    "addresses": addresses,
    "mode": mode,
    "question": question,
    "limit": limit,
}


def refused(case: Case, error: ApiError) -> Finding:
    """Explain a refusal."""
    code = error.code.partition("_")[0]
    word = BY_CODE.get(code, "refused")
    if word == "environment":
        word = "live_key" if case.settings.demo else "demo_key"
    about = {"url": case.url, "said": error.message, "code": error.code, "seconds": ">30"}
    return Finding("bad", word, {**about, "explanation": error.explanation or error.message, "hint": error.hint})


def _hop(case: Case) -> tuple[str, int]:
    if not case.proxy:
        return case.target
    parts = urlsplit(case.proxy)
    return parts.hostname or "", parts.port or {"https": 443}.get(parts.scheme, 80)
