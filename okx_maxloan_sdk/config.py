"""Settings of a client, validated."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from .credentials import Credentials
from .models import Account
from .sites import Origin, Site, parse_origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from .clock import Clock
    from .limiter import Limiter

ENV_CREDENTIALS = ("OKX_API_KEY", "OKX_API_SECRET", "OKX_API_PASSPHRASE")
BOOLEAN_VALUES = {"": False, "0": False, "false": False, "no": False, "1": True, "true": True, "yes": True}


class ClientSettings(TypedDict, total=False):
    """Keyword arguments of a client; `MaxLoanClient` documents them."""

    site: Site
    base_url: str | None
    demo: bool
    account: Account | Literal["auto"] | None
    limiter: Limiter | str
    rate_limit_key: str | None
    http_client: httpx.Client | httpx.AsyncClient | None
    proxy: str | None
    timeout: float
    total_timeout: float | None
    max_retries: int
    language: Literal["en", "zh"]
    clock: Clock | None


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """Settings of one client, whose constructor has their defaults. Raises `ValueError` that names every wrong one."""

    credentials: Credentials
    site: Site
    base_url: str | None
    demo: bool
    account: Account | Literal["auto"] | None
    limiter: Limiter | str | None = field(repr=False)
    rate_limit_key: str | None
    timeout: float
    total_timeout: float | None
    max_retries: int
    language: Literal["en", "zh"]
    clock: Clock
    origin: Origin = field(init=False, repr=False)

    def __post_init__(self) -> None:
        is_limiter = isinstance(self.limiter, str | None) or hasattr(self.limiter, "for_key")
        is_total_timeout = self.total_timeout is None or is_duration(self.total_timeout)
        is_account = isinstance(self.account, Account | None) or self.account == "auto"
        checks = {
            "credentials": (isinstance(self.credentials, Credentials), "Credentials(api_key, api_secret, passphrase)"),
            "site": (isinstance(self.site, Site), "a Site, such as Site.EEA"),
            "base_url": (isinstance(self.base_url, str | None), "a str, such as https://openapi.okx.com, or None"),
            "limiter": (is_limiter, '"memory", a file or Redis URL, a limiter object, or None'),
            "demo": (isinstance(self.demo, bool), "True or False"),
            "timeout": (is_duration(self.timeout), "a positive number of seconds"),
            "total_timeout": (is_total_timeout, "None or a positive number of seconds"),
            "max_retries": (type(self.max_retries) is int and self.max_retries >= 0, "an int, 0 or more"),
            "language": (self.language in ("en", "zh"), '"en" or "zh"'),
            "account": (is_account, 'an Account, "auto" or None'),
        }
        if errors := [
            f"{name} must be {expected}, not {given(name, getattr(self, name))}"
            for name, (is_met, expected) in checks.items()
            if not is_met
        ]:
            raise ValueError("; ".join(errors))
        object.__setattr__(self, "origin", parse_origin(self.base_url or self.site.value))


def given(name: str, value: object) -> str:
    """Return what was given for a setting; of what may be a secret, the type."""
    return type(value).__name__ if name in ("credentials", "base_url", "limiter") else repr(value)[:100]


def is_duration(value: object) -> bool:
    """Return whether a value is a positive, finite number of seconds."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < inf


def settings_from_env(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return credentials and settings from OKX_API_KEY and its siblings; raise `ValueError` naming wrong variables."""
    if missing := [name for name in ENV_CREDENTIALS if not environ.get(name)]:
        message = f"not set: {', '.join(missing)}; export them, or pass Credentials(api_key, api_secret, passphrase)"
        raise ValueError(message)
    site, demo = environ.get("OKX_SITE") or "global", environ.get("OKX_DEMO", "").lower()
    if site.upper() not in Site.__members__:
        message = f"OKX_SITE must be one of {', '.join(Site.__members__).lower()}, not {site!r}"
        raise ValueError(message)
    if demo not in BOOLEAN_VALUES:
        message = f"OKX_DEMO must be 1 or 0, not {demo!r}"
        raise ValueError(message)
    return {
        "credentials": Credentials(*(environ[name] for name in ENV_CREDENTIALS)),
        "site": Site[site.upper()],
        "demo": BOOLEAN_VALUES[demo],
        "base_url": environ.get("OKX_BASE_URL") or None,
        "limiter": environ.get("OKX_LIMITER") or None,
    }
