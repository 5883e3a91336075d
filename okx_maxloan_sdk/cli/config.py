"""Settings of one account: from the environment, or from a profile of ~/.config/okx-maxloan/config.toml.

[default]
key = "..."
secret = "..."
passphrase = "..."
site = "eea"              # global, eea, us, tr; optional, as all that follows
demo = true
base_url = "https://..."
limiter = "file:///..."
proxy = "http://..."
"""

import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

from okx_maxloan_sdk import Site
from okx_maxloan_sdk.config import BOOLEAN_VALUES

from .errors import CliError, find_nearest

CREDENTIAL_VARS = {"key": "OKX_API_KEY", "secret": "OKX_API_SECRET", "passphrase": "OKX_API_PASSPHRASE"}
OPTIONAL_VARS = {"site": "OKX_SITE", "demo": "OKX_DEMO", "base_url": "OKX_BASE_URL", "limiter": "OKX_LIMITER"}
SETTINGS = [*CREDENTIAL_VARS, *OPTIONAL_VARS, "proxy"]
SITES = ("global", "eea", "us", "tr")


@frozen
class Settings:
    """Credentials, site and limiter of one account; `source` says where they were found."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    passphrase: str = field(repr=False)
    source: str
    site: str = "global"
    demo: bool = False
    base_url: str | None = None
    limiter: str | None = field(default=None, repr=False)
    proxy: str | None = field(default=None, repr=False)
    is_mock: bool = field(default=False, repr=False)

    @property
    def url(self) -> str:
        """The URL that requests are sent to."""
        return self.base_url or Site[self.site.upper()].value


def config_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where the file of profiles is."""
    try:
        home = Path.home()
    except RuntimeError:  # as for some users that services run as
        home = Path(os.sep)
    return Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "okx-maxloan" / "config.toml"


def load_settings(profile: str | None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Load the settings of a profile or, without one, of the environment, else of the profile `default`."""
    file = config_path(environ)
    values: dict[str, Any]
    missing = [name for name in CREDENTIAL_VARS.values() if not environ.get(name)]
    has_variables = len(missing) < len(CREDENTIAL_VARS)
    if profile is None and not has_variables and not file.exists():
        raise CliError("no_credentials", path=file)
    if profile is not None or not has_variables:
        name = profile or "default"
        source = f"{file} [{name}]"
        where, values = f"{source} site", _load_profile(file, name)
    elif missing:
        raise CliError("incomplete_credentials", missing=missing, path=file)
    else:
        variables = {**CREDENTIAL_VARS, **OPTIONAL_VARS}
        values = {name: environ[variable] for name, variable in variables.items() if environ.get(variable)}
        demo = values.get("demo", "").lower()
        if demo not in BOOLEAN_VALUES:
            raise CliError("boolean", where=OPTIONAL_VARS["demo"], value=demo)
        values["demo"] = BOOLEAN_VALUES[demo]
        where, source = OPTIONAL_VARS["site"], "OKX_API_KEY"
    site = values.get("site", "global").lower()
    if site not in SITES:
        raise CliError("site", where=where, value=site, allowed=SITES, suggest_from=(site, SITES))
    return Settings(**{**values, "site": site}, source=source)


def _load_profile(file: Path, name: str) -> dict[str, Any]:
    profiles = _read_profiles(file, name)
    if name not in profiles or not isinstance(profiles[name], dict):
        raise CliError("no_profile", path=file, name=name, names=list(profiles) or "-", suggest_from=(name, profiles))
    values: dict[str, Any] = profiles[name]
    for key, value in values.items():
        if key not in SETTINGS:
            # A name that is near no setting may be a secret in the wrong place.
            shown = key if find_nearest(key, SETTINGS) else f"{key[:3]}…"
            args: dict[str, Any] = {"path": file, "name": name, "setting": shown, "settings": SETTINGS}
            raise CliError("unknown_setting", suggest_from=(key, SETTINGS), **args)
        if not isinstance(value, bool if key == "demo" else str):
            expected = "true / false" if key == "demo" else '"..."'
            raise CliError("setting_type", path=file, name=name, setting=key, expected=expected)
    if missing := [key for key in CREDENTIAL_VARS if not values.get(key)]:
        raise CliError("incomplete_profile", path=file, name=name, missing=missing)
    return values


def _read_profiles(file: Path, name: str) -> dict[str, Any]:
    try:
        # Opening a FIFO would wait for a writer.
        with open(file, "rb", opener=lambda path, flags: os.open(path, flags | getattr(os, "O_NONBLOCK", 0))) as stream:
            # Of the open file, so that it cannot be exchanged in between; Windows has no such bits.
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise CliError("config_kind", path=file)
            if os.name == "posix" and status.st_mode & 0o077:
                raise CliError("config_mode", path=file, mode=f"{status.st_mode & 0o777:03o}")
            return tomllib.loads(stream.read().decode("utf-8-sig"))
    except FileNotFoundError:
        raise CliError("no_config", path=file, name=name) from None
    except ValueError as error:
        raise CliError("config_syntax", path=file, reason=error) from None
