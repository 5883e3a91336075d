"""okx-maxloan mock: the mock exchange on a port of this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .command import NAME, Command, Run

if TYPE_CHECKING:
    from .words import Language, Words

WORDS: Words = {
    "en": {
        "about": "Serve an exchange that answers as OKX does, on this machine only, and say how to ask it.",
        "port": "Port to listen on; a free one when left out.",
        "scenario": "TOML file with users, balances and faults.",
        "user": "Whose key to show.",
    },
    "zh": {
        "about": "在本机运行一个与 OKX 应答方式相同的交易所，并说明如何查询它。",
        "port": "监听端口；不指定时自动选择。",
        "scenario": "描述用户、余额和故障的 TOML 文件。",
        "user": "显示哪个用户的密钥。",
    },
}


def command(lang: Language) -> Command:
    """Make the command."""
    words = WORDS[lang]
    params: list[click.Parameter] = [
        click.Option(["--port"], type=click.IntRange(0, 65535), default=0, metavar="PORT", help=words["port"]),
        click.Option(["--scenario"], type=click.Path(path_type=Path), metavar="FILE", help=words["scenario"]),
        click.Option(["--user"], metavar="NAME", help=words["user"]),
    ]
    return Command("mock", lang, mock, words["about"], params, (f"{NAME} mock --port 8080",))


def mock(_run: Run, *, port: int, scenario: Path | None, user: str | None) -> None:
    """Serve until Ctrl-C."""
    from okx_maxloan_sdk.mock.command import run  # noqa: PLC0415 -- help does not need the server

    run(port, scenario, user, lambda words: print(words, flush=True))
