"""Command okx-maxloan completion: a script for the shell."""

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from .base import COMPLETION_VARIABLE, NAME, Choice, Command, Run
from .i18n import text

SHELLS: dict[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}


def command() -> Command:
    """Create the command."""
    shell = click.Argument(["shell"], help=text("completion.shell"), type=Choice(list(SHELLS)))
    return Command("completion", completion, [shell])


def completion(_run: Run, *, shell: str) -> None:
    """Print the script, which calls the command itself to complete a word."""
    context = click.get_current_context().find_root()
    print(SHELLS[shell](context.command, {}, NAME, COMPLETION_VARIABLE).source())
