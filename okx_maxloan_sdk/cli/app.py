"""The commands by name, and what becomes of everything that goes wrong in them."""

from __future__ import annotations

import contextlib
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from .command import NAME, WORDS, Group, Run, common, complaint
from .troubles import FAILED, INTERRUPTED, PIPE_CLOSED, WRONG, Trouble
from .words import Language, asked_for, language

if TYPE_CHECKING:
    from collections.abc import Sequence

# A module of this package each, with a line on it.
COMMANDS: dict[Language, dict[str, str]] = {
    "en": {
        "show": "Show how much could be borrowed.",
        "watch": "Watch it change, ring when it falls, record it.",
        "chart": "Draw what watch has recorded.",
        "doctor": "Find out why it does not work.",
        "rules": "List the rules between parameters.",
        "mock": "Serve the mock exchange.",
        "verify": "Check that OKX is what this release takes it for.",
        "completion": "Print what makes the shell complete okx-maxloan.",
    },
    "zh": {
        "show": "查询还能借多少。",
        "watch": "持续观察变化、提醒并记录。",
        "chart": "把 watch 的记录画成图。",
        "doctor": "查找无法使用的原因。",
        "rules": "列出参数之间的规则。",
        "mock": "运行模拟交易所。",
        "verify": "检查 OKX 是否仍与本版本的预期一致。",
        "completion": "输出 shell 自动补全脚本。",
    },
}
ABOUT = {
    "en": "How much an OKX account may still borrow (GET /api/v5/account/max-loan).",
    "zh": "查询 OKX 账户还能借多少（GET /api/v5/account/max-loan）。",
}
EXTRAS = {"uvicorn": "mock", "plotext": "chart", "matplotlib": "chart", "redis": "redis", "rich": "cli"}
EXAMPLES = (
    f"{NAME} show BTC-USDT ETH-USDT --mode cross --mock",
    f"{NAME} watch BTC-USDT --every 5s --alert 'USDT<1000'",
    f"{NAME} doctor",
)


def app(lang: Language) -> Group:
    """Make the command in one language."""

    def load(name: str) -> click.Command:
        made: click.Command = import_module(f".{name}", __package__).command(lang)
        return made

    def show_version(ctx: click.Context, _param: click.Parameter, asked: bool) -> None:
        if asked and not ctx.resilient_parsing:
            from importlib.metadata import version  # noqa: PLC0415 -- it takes longer to load than all of help

            click.echo(f"{NAME} {version('okx-maxloan-sdk')}")
            ctx.exit()

    about: dict[str, Any] = {"is_flag": True, "is_eager": True, "expose_value": False, "callback": show_version}
    params = [click.Option(["--version"], help=WORDS[lang]["version"], **about), *common(lang)]
    group = Group(lang, COMMANDS[lang], load, help=ABOUT[lang], params=params)
    group.examples = EXAMPLES
    return group


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and give its exit code; the arguments are the program's when none are given."""
    given = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    run = Run(language(asked_for(given)), debug="--debug" in given)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that has no Chinese shows question marks, not a traceback.
        if callable(reconfigure := getattr(stream, "reconfigure", None)):
            reconfigure(errors="replace")
    try:
        code = app(run.lang).main(given, NAME, standalone_mode=False, obj=run)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has gone; not even the interpreter, as it ends, may write to it.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except click.Abort:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 -- a traceback shows no user what to do
        return report(run, error)
    return int(code or 0)


def report(run: Run, error: Exception) -> int:
    """Say on stderr what went wrong, and give the exit code."""
    code, text = meaning(run, error)
    text = "\n".join([text, *getattr(error, "__notes__", ())])
    if run.debug:
        import traceback  # noqa: PLC0415 -- for those who look for a fault

        print(run.mask("".join(traceback.format_exception(error))), file=sys.stderr)
    first, *more = run.mask(text).splitlines()
    print("\n".join([f"{NAME}: {first}", *(f"  {line}" for line in more)]), file=sys.stderr)
    return code


def meaning(run: Run, error: Exception) -> tuple[int, str]:
    """Tell the exit code and the words of an error."""
    match error:
        case Trouble():
            return error.code, error.text(run.lang)
        case click.ClickException():
            return WRONG, complaint(error, run.lang)
        case ModuleNotFoundError(name=str(name)) if name.partition(".")[0] in EXTRAS:
            module = name.partition(".")[0]
            return FAILED, Trouble("extra", module=module, extra=EXTRAS[module]).text(run.lang)
        case OSError(filename=str(path)):
            return FAILED, Trouble("file", path=path, reason=error.strerror).text(run.lang)
        case OSError(strerror=str(reason)):
            return FAILED, reason
    from okx_maxloan_sdk import InvalidParametersError, OkxError  # noqa: PLC0415 -- help does not need them

    text = str(error)
    if isinstance(error, InvalidParametersError):
        lines = [f"{each.expected} ({each.given})" for each in error.violations]
        text = "\n".join([*lines, *{each.docs_url: "" for each in error.violations}])
    elif not isinstance(error, (ValueError, OkxError, ImportError)):
        text = Trouble("bug", kind=type(error).__name__, reason=error).text(run.lang)
    return WRONG if isinstance(error, ValueError) else FAILED, text
