"""The client that a command asks with: of the embedded mock exchange, of a profile, or of the environment."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import click
from attrs import evolve, frozen

from .profiles import Settings, settings
from .troubles import FAILED, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from okx_maxloan_sdk import MaxLoanClient

    from .command import Run
    from .words import Language, Words

# Which of the mock's accounts can answer a margin mode.
MOCK_ACCOUNT = {"cross": "spot", "isolated": "futures"}

WORDS: Words = {
    "en": {
        "profile": "Profile of ~/.config/okx-maxloan/config.toml to ask with.",
        "mock": "Ask the embedded mock exchange: no keys, no network.",
        "mock_account": "Which of the mock's accounts asks: spot, spot_plain, futures, multi_currency, portfolio or"
        " sub.",
        "limiter": 'Who shares the rate limit: "memory" (this process), "file:///folder" (this machine) or'
        ' "redis://..." (all machines); OKX_LIMITER does the same.',
    },
    "zh": {
        "profile": "使用 ~/.config/okx-maxloan/config.toml 中的哪个配置。",
        "mock": "查询内置的模拟交易所：无需密钥和网络。",
        "mock_account": "由哪个模拟账户查询：spot、spot_plain、futures、multi_currency、portfolio 或 sub。",
        "limiter": '与谁共用限速："memory"（本进程）、"file:///目录"（本机）或 "redis://..."（所有机器）；也可设'
        " OKX_LIMITER。",
    },
}


@frozen
class Asker:
    """The options that say who asks."""

    profile: str | None = None
    mock: bool = False
    mock_account: str | None = None
    limiter: str | None = None


def options(lang: Language) -> list[click.Parameter]:
    """Give the options that say who asks."""
    words = WORDS[lang]
    return [
        click.Option(["--profile"], metavar="NAME", help=words["profile"]),
        click.Option(["--mock"], is_flag=True, help=words["mock"]),
        click.Option(["--mock-account"], metavar="NAME", help=words["mock_account"]),
        click.Option(["--limiter"], envvar="OKX_LIMITER", metavar="WHERE", help=words["limiter"]),
    ]


@contextlib.contextmanager
def asker(who: Asker, mode: str) -> Iterator[Settings]:
    """Find who asks; the mock exchange runs while the block does."""
    if not who.mock and not who.mock_account:
        found = settings(who.profile)
        yield evolve(found, limiter=who.limiter or found.limiter)
        return
    from okx_maxloan_sdk.mock import default_exchange  # noqa: PLC0415 -- only the mock needs its server
    from okx_maxloan_sdk.mock.serve import serve  # noqa: PLC0415 -- the same

    exchange = default_exchange()
    name = who.mock_account or MOCK_ACCOUNT[mode]
    if name not in exchange.users:
        raise Trouble("mock_account", name=name, names=", ".join(exchange.users), near=(name, exchange.users))
    key = exchange.users[name].keys[0]
    with serve(exchange) as url:
        yield Settings(
            key.key, key.secret, key.passphrase, f"mock {name}", base_url=url, limiter=who.limiter, demo=key.demo
        )


def connect(run: Run, found: Settings, **more: Any) -> MaxLoanClient:
    """Make the client."""
    from okx_maxloan_sdk import Credentials, MaxLoanClient, Site  # noqa: PLC0415 -- help does not need it

    run.secrets |= found.secrets
    return MaxLoanClient(
        Credentials(found.key, found.secret, found.passphrase),
        site=Site[found.site.upper()],
        base_url=found.base_url,
        demo=found.demo,
        limiter=found.limiter,
        proxy=found.proxy,
        language=run.lang,
        **more,
    )


@contextlib.contextmanager
def client(run: Run, who: Asker, mode: str, **more: Any) -> Iterator[MaxLoanClient]:
    """Make the client of whoever asks, and close it; silence is explained."""
    from okx_maxloan_sdk import ApiConnectionError  # noqa: PLC0415 -- help does not need it

    with asker(who, mode) as found, connect(run, found, **more) as made:
        try:
            yield made
        except ApiConnectionError as error:
            raise silence(found, error) from error


def silence(found: Settings, error: Exception) -> Trouble:
    """Say that nobody answers, and where to look."""
    return Trouble("silence", code=FAILED, url=address(found), reason=error)


def address(found: Settings) -> str:
    """Say where the questions go."""
    from okx_maxloan_sdk import Site  # noqa: PLC0415 -- help does not need it

    return found.base_url or Site[found.site.upper()].value
