"""Who asks, and where: the environment, or ~/.config/okx-maxloan/config.toml with a table for each profile.

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

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from attrs import field, frozen

from .troubles import Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping

PARTS = {"key": "OKX_API_KEY", "secret": "OKX_API_SECRET", "passphrase": "OKX_API_PASSPHRASE"}
OTHERS = {"site": "OKX_SITE", "demo": "OKX_DEMO", "base_url": "OKX_BASE_URL", "limiter": "OKX_LIMITER"}
KINDS: dict[str, type[str | bool]] = {**dict.fromkeys((*PARTS, *OTHERS, "proxy"), str), "demo": bool}
SITES = ("global", "eea", "us", "tr")
SWITCH = {"": False, "0": False, "false": False, "no": False, "1": True, "true": True, "yes": True}


@frozen
class Settings:
    """Who asks, and where; `origin` says where that was found."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    passphrase: str = field(repr=False)
    origin: str
    site: str = "global"
    demo: bool = False
    base_url: str | None = None
    limiter: str | None = field(default=None, repr=False)
    proxy: str | None = field(default=None, repr=False)

    @property
    def secrets(self) -> set[str]:
        """What must not be shown: the parts of the API key, and the passwords in addresses."""
        passwords = {urlsplit(each).password or "" for each in (self.limiter or "", self.proxy or "")}
        return {self.key, self.secret, self.passphrase, *passwords} - {""}


def path(environ: Mapping[str, str] = os.environ) -> Path:
    """Say where the file of profiles is."""
    base = environ.get("XDG_CONFIG_HOME")
    return Path(base or Path.home() / ".config") / "okx-maxloan" / "config.toml"


def settings(profile: str | None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Find the settings: of the profile that is named, else of the environment, else of the profile `default`."""
    file = path(environ)
    set_here = [name for name in PARTS.values() if environ.get(name)]
    if profile is None and not set_here and not file.exists():
        raise Trouble("all_keys", path=file)
    if profile is not None or not set_here:
        return from_file(file, profile or "default")
    if missing := [name for name in PARTS.values() if name not in set_here]:
        raise Trouble("some_keys", missing=", ".join(missing), path=file)
    return from_environment(environ)


def from_environment(environ: Mapping[str, str]) -> Settings:
    """Read the variables."""
    given: dict[str, Any] = {word: environ[name] for word, name in {**PARTS, **OTHERS}.items() if environ.get(name)}
    demo = given.get("demo", "").lower()
    if demo not in SWITCH:
        raise Trouble("switch", where=OTHERS["demo"], value=demo)
    return Settings(**{**given, "demo": SWITCH[demo], "site": _site(OTHERS["site"], given)}, origin="environment")


def from_file(file: Path, name: str) -> Settings:
    """Read one profile; the file must be closed to others, and each of its words a setting."""
    found = _read(file, name)
    if name not in found or not isinstance(found[name], dict):
        raise Trouble("profile_missing", path=file, name=name, names=", ".join(found) or "-", near=(name, found))
    given: dict[str, Any] = found[name]
    for word, value in given.items():
        if word not in KINDS:
            raise Trouble(
                "profile_word", path=file, name=name, setting=word, words=", ".join(KINDS), near=(word, KINDS)
            )
        if not isinstance(value, KINDS[word]):
            raise Trouble("profile_kind", path=file, name=name, setting=word, kind=KINDS[word].__name__)
    if missing := [word for word in PARTS if not given.get(word)]:
        raise Trouble("profile_parts", path=file, name=name, missing=", ".join(missing))
    return Settings(**{**given, "site": _site(f"{file} [{name}] site", given)}, origin=f"{file} [{name}]")


def _read(file: Path, name: str) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            # Of the open file, so that it cannot be exchanged in between; Windows has no such bits.
            mode = os.fstat(stream.fileno()).st_mode & 0o777
            if os.name == "posix" and mode & 0o077:
                raise Trouble("file_open", path=file, mode=f"{mode:03o}")
            return tomllib.load(stream)
    except FileNotFoundError:
        raise Trouble("file_missing", path=file, name=name) from None
    except ValueError as error:
        raise Trouble("file_toml", path=file, reason=error) from None


def _site(where: str, given: Mapping[str, str]) -> str:
    site = given.get("site", "global").lower()
    if site not in SITES:
        raise Trouble("site", where=where, value=site, allowed=", ".join(SITES), near=(site, SITES))
    return site
