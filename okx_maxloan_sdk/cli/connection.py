"""Clients of a command: for the embedded mock exchange, for profiles, or for the environment."""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import click
from attrs import evolve

from okx_maxloan_sdk import Credentials, MaxLoanClient, Site
from okx_maxloan_sdk.mock import MockExchange, User, default_exchange
from okx_maxloan_sdk.verify.checks import Context

from .base import Choice, Run
from .config import SITES, Settings, load_settings
from .errors import CliError, ExitCode
from .i18n import Language, text

# Prices of the mock move, so that watch and chart show something, and move alike each time.
DRIFT_SEED = 1
# Which of the mock's users has a response for a margin mode.
MOCK_USERS = {"cross": "spot", "isolated": "futures"}


class Connection(Context):
    """An account, and its client once it is needed; `profile` is empty unless the account has one by name."""

    def __init__(self, run: Run, settings: Settings, profile: str = "") -> None:
        super().__init__(partial(create_client, run, settings))
        self.settings = settings
        self.profile = profile

    def close(self) -> None:
        """Close the client."""
        if "client" in vars(self):
            self.client.close()


def connection_options(lang: Language) -> list[click.Parameter]:
    """Return the options that say which accounts are queried, and how."""
    return [
        click.Option(["--profile", "profiles"], multiple=True, metavar="NAME", help=text(lang, "connection.profile")),
        click.Option(["--mock"], is_flag=True, help=text(lang, "connection.mock")),
        click.Option(["--mock-user"], metavar="NAME", help=text(lang, "connection.mock_user")),
        click.Option(["--site"], type=Choice(SITES, case_sensitive=False), help=text(lang, "connection.site")),
        click.Option(["--demo"], is_flag=True, help=text(lang, "connection.demo")),
        click.Option(["--limiter"], envvar="OKX_LIMITER", metavar="LIMITER", help=text(lang, "connection.limiter")),
    ]


def find_mock_user(exchange: MockExchange, name: str) -> User:
    """Return a user of the mock exchange; raise a usage error where it has none of that name."""
    if name not in exchange.users:
        names = list(exchange.users)
        raise CliError("mock_user", name=name, names=names, suggest_from=(name, names))
    return exchange.users[name]


@contextmanager
def resolve_settings(
    run: Run, mode: str = "cross", *, profiles: Sequence[str], mock: bool, mock_user: str | None, **more: Any
) -> Iterator[list[Settings]]:
    """Find the settings of each account from the connection options; the mock exchange runs while the block does."""
    given = {name: value for name, value in more.items() if value}
    if not mock and mock_user is None:
        found = [evolve(load_settings(profile), **given) for profile in profiles or (None,)]
        run.secrets.update(*(each.secrets for each in found))
        yield found
        return
    if profiles:
        raise CliError("mock_and_profile")
    # It needs the extra `mock`.
    server, exchange = import_module("okx_maxloan_sdk.mock.server"), default_exchange(drift_seed=DRIFT_SEED)
    name = mock_user or MOCK_USERS[mode]
    keys = find_mock_user(exchange, name).keys
    # A user's second key, where there is one, is for demo trading.
    key = next((each for each in keys if each.demo == more["demo"]), keys[0])
    settings = Settings(key.key, key.secret, key.passphrase, f"--mock-user {name}", is_mock=True)
    run.secrets |= settings.secrets
    with server.serve(exchange) as url:
        yield [evolve(settings, base_url=url, **given)]


def create_client(run: Run, settings: Settings, max_retries: int = 2) -> MaxLoanClient:
    """Create the client of an account."""
    check_limiter(settings)
    return MaxLoanClient(
        Credentials(settings.key, settings.secret, settings.passphrase),
        site=Site[settings.site.upper()],
        base_url=settings.base_url,
        demo=settings.demo,
        limiter=settings.limiter,
        proxy=settings.proxy,
        language=run.lang,
        max_retries=max_retries,
    )


def check_limiter(settings: Settings) -> None:
    """Raise a usage error where the limiter's folder cannot be used."""
    parts = urlsplit(settings.limiter or "")
    if parts.scheme != "file" or parts.netloc:
        return
    folder = Path(url2pathname(parts.path))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise CliError("limiter_folder", limiter=settings.limiter, reason=error.strerror or error) from None


@contextmanager
def open_connections(run: Run, mode: str, **options: Any) -> Iterator[Sequence[Connection]]:
    """Create the client of each account, and close them all."""
    with resolve_settings(run, mode, **options) as accounts, ExitStack() as stack:
        names = options["profiles"] or ("",)
        connections = [Connection(run, *each) for each in zip(accounts, names, strict=True)]
        for connection in connections:
            stack.enter_context(connection.client)
        yield connections


def no_response_error(url: str, error: Exception) -> CliError:
    """Return the error that says that OKX did not respond, and where to look."""
    wrapped = CliError("no_response", code=ExitCode.FAILURE, url=url, reason=error)
    wrapped.__cause__ = error
    return wrapped
