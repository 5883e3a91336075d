"""okx-maxloan completion: what makes a shell complete the command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from .command import NAME, Argument, Choice, Command, Run

if TYPE_CHECKING:
    from .words import Language, Words

SHELLS: dict[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
WORDS: Words = {
    "en": {"about": "Print what makes the shell complete okx-maxloan.", "shell": "Which shell."},
    "zh": {"about": "输出 shell 自动补全脚本。", "shell": "哪种 shell。"},
}
EXAMPLES = (
    f"{NAME} completion bash > ~/.local/share/bash-completion/completions/{NAME}",
    f'eval "$({NAME} completion zsh)"',
    f"{NAME} completion fish > ~/.config/fish/completions/{NAME}.fish",
)


def command(lang: Language) -> Command:
    """Make the command."""
    shell = Argument("shell", WORDS[lang]["shell"], type=Choice(list(SHELLS), lang))
    return Command("completion", lang, completion, WORDS[lang]["about"], [shell], EXAMPLES)


def completion(run: Run, *, shell: str) -> None:
    """Print the script; it asks the command itself what to complete."""
    from .app import app  # noqa: PLC0415 -- app loads this module

    print(SHELLS[shell](app(run.lang), {}, NAME, "_OKX_MAXLOAN_COMPLETE").source())
