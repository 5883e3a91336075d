"""Clients of a command: for the embedded mock exchange, for profiles, or for the environment."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import click
from attrs import define, evolve, field

from okx_maxloan_sdk import Account, Credentials, MaxLoanClient, Site
from okx_maxloan_sdk.mock import MockExchange, User, default_exchange

from .base import Choice, Run
from .config import SITES, Settings, load_settings
from .errors import CliError
from .i18n import LANGUAGE, text

# Prices of the mock move, so that watch and chart show something, and move alike each time.
DRIFT_SEED = 1
# Which of the mock's users has a response for a margin mode.
MOCK_USERS = {"cross": "spot", "isolated": "futures"}


@define
class Connection:
    """An account, and its client once it is needed; `profile` is empty unless the account has one by name."""

    settings: Settings
    profile: str
    _on_close: ExitStack
    account: Account = field(factory=Account)
    """What is known about the account; checks find it out."""

    @cached_property
    def client(self) -> MaxLoanClient:
        """The client of the account."""
        return self._on_close.enter_context(create_client(self.settings))


def connection_options() -> list[click.Parameter]:
    """Return the options that say which accounts are queried, and how."""
    return [
        click.Option(["--profile", "profiles"], multiple=True, metavar="NAME", help=text("connection.profile")),
        click.Option(["--mock"], is_flag=True, help=text("connection.mock")),
        click.Option(["--mock-user"], metavar="NAME", help=text("connection.mock_user")),
        click.Option(["--site"], type=Choice(SITES, case_sensitive=False), help=text("connection.site")),
        click.Option(["--demo"], is_flag=True, help=text("connection.demo")),
        click.Option(["--limiter"], envvar="OKX_LIMITER", metavar="LIMITER", help=text("connection.limiter")),
    ]


def find_mock_user(exchange: MockExchange, name: str) -> User:
    """Return a user of the mock exchange; raise a usage error where it has none of that name."""
    if name not in exchange.users:
        names = list(exchange.users)
        raise CliError("mock_user", name=name, names=names, suggest_from=(name, names))
    return exchange.users[name]


@contextmanager
def open_connections(
    run: Run, mode: str = "cross", *, profiles: Sequence[str], mock: bool, mock_user: str | None, **more: Any
) -> Iterator[list[Connection]]:
    """Find each account by the connection options; the clients and the mock exchange close with the block."""
    given = {name: value for name, value in more.items() if value}
    with ExitStack() as stack:
        if mock or mock_user is not None:
            if profiles:
                raise CliError("mock_and_profile")
            found = [stack.enter_context(_serve_mock(mock_user or MOCK_USERS[mode], is_demo=more["demo"]))]
        else:
            found = [load_settings(profile) for profile in profiles or (None,)]
        for each in found:
            run.secrets |= {each.key, each.secret, each.passphrase}
        yield [
            Connection(evolve(each, **given), name, stack) for each, name in zip(found, profiles or ("",), strict=True)
        ]


@contextmanager
def _serve_mock(name: str, *, is_demo: bool) -> Iterator[Settings]:
    # It needs the extra `mock`.
    server, exchange = import_module("okx_maxloan_sdk.mock.server"), default_exchange(drift_seed=DRIFT_SEED)
    keys = find_mock_user(exchange, name).keys
    # A user's second key, where there is one, is for demo trading.
    key = next((each for each in keys if each.demo == is_demo), keys[0])
    with server.serve(exchange) as url:
        yield Settings(key.key, key.secret, key.passphrase, f"--mock-user {name}", base_url=url, is_mock=True)


def create_client(settings: Settings, max_retries: int = 2) -> MaxLoanClient:
    """Create the client of an account; raise a usage error where its limiter's folder cannot be used."""
    limiter = urlsplit(settings.limiter or "")
    if limiter.scheme == "file" and not limiter.netloc:
        folder = Path(url2pathname(limiter.path))
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            TemporaryFile(dir=folder).close()
        except OSError as error:
            raise CliError("limiter_folder", limiter=settings.limiter, reason=error.strerror or error) from None
    return MaxLoanClient(
        Credentials(settings.key, settings.secret, settings.passphrase),
        site=Site[settings.site.upper()],
        base_url=settings.base_url,
        demo=settings.demo,
        limiter=settings.limiter,
        proxy=settings.proxy,
        language=LANGUAGE.get(),
        max_retries=max_retries,
    )
