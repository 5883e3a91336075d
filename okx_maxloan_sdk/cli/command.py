"""What all commands have in common: pages of help and complaints, in the language that is asked for."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import click

from . import cells
from .troubles import OK, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .words import Language, Words

NAME = "okx-maxloan"
WIDEST = 100
# OKX asks for passphrases of eight characters; blanking out a letter would leave no readable word.
SHORTEST = 4

WORDS: Words = {
    "en": {
        "usage": "Usage",
        "commands": "Commands",
        "arguments": "Arguments",
        "options": "Options",
        "examples": "Examples",
        "codes": "Exit codes: 0 everything was answered; 1 nothing was; 2 the arguments, the settings or the question"
        " are wrong; 3 some of it was answered, and what failed is named on stderr.",
        "help": "Show this page.",
        "version": "Show the version.",
        "lang": "en or zh; the locale's when left out.",
        "debug": "Show where an error comes from, with keys masked.",
        "choice": "{value!r} is not one of {words}{nearest}",
        "command": "There is no command {name!r}{nearest}",
        "option": "There is no option {name}{nearest}",
        "bare": "{name} needs a value.",
        "missing": "{name} is missing.",
        "see": "See: {path} --help",
    },
    "zh": {
        "usage": "用法",
        "commands": "命令",
        "arguments": "参数",
        "options": "选项",
        "examples": "示例",
        "codes": "退出码：0 全部取得；1 一无所得；2 参数、设置或问题有误；3 取得部分结果，失败的部分在 stderr 上逐一列"
        "出。",
        "help": "显示本页。",
        "version": "显示版本。",
        "lang": "en 或 zh；不指定时按系统语言。",
        "debug": "显示错误的来源，密钥已隐去。",
        "choice": "{value!r} 不在可选值 {words} 之中{nearest}",
        "command": "没有命令 {name!r}{nearest}",
        "option": "没有选项 {name}{nearest}",
        "bare": "{name} 需要一个值。",
        "missing": "缺少 {name}。",
        "see": "参见：{path} --help",
    },
}


class Run:
    """One run of the command: its language, and the secrets that must not be shown whatever happens."""

    def __init__(self, lang: Language, *, debug: bool = False) -> None:
        self.lang: Language = lang
        self.debug = debug
        self.secrets: set[str] = set()

    def mask(self, text: str) -> str:
        """Blank out every secret."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, "***") if len(secret) >= SHORTEST else text
        return text


class Choice(click.Choice[str]):
    """One of a few words; a complaint names the nearest."""

    def __init__(self, words: Sequence[str], lang: Language) -> None:
        super().__init__(words)
        self._lang: Language = lang

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """Say which words there are, and which was probably meant."""
        del ctx
        close = nearest(str(value), self.choices, self._lang)
        return WORDS[self._lang]["choice"].format(value=value, words=", ".join(self.choices), nearest=close)


class Argument(click.Argument):
    """An argument that the page of help explains."""

    def __init__(self, name: str, about: str, **settings: Any) -> None:
        super().__init__([name], **settings)
        self.about = about


def common(lang: Language) -> list[click.Parameter]:
    """Give the options that every command has; both are read before anything is parsed."""
    words = WORDS[lang]
    return [
        click.Option(["--lang"], type=Choice(["en", "zh"], lang), expose_value=False, help=words["lang"]),
        click.Option(["--debug"], is_flag=True, expose_value=False, help=words["debug"]),
    ]


class _Page:
    """Help in the language of the run."""

    lang: Language
    examples: Sequence[str]

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)  # type: ignore[misc]  # click's, by the classes below
        option.help = WORDS[self.lang]["help"]
        return option  # type: ignore[no-any-return]  # the same

    def get_help(self, ctx: click.Context) -> str:
        return page(ctx, self.lang, self.examples)


class Command(_Page, click.Command):
    """A command in one language; `run` gets the run and the options by name, and may give an exit code."""

    def __init__(
        self,
        name: str,
        lang: Language,
        run: Callable[..., int | None],
        help: str,  # noqa: A002 -- click's name for it
        params: Sequence[click.Parameter],
        examples: Sequence[str],
    ) -> None:
        super().__init__(name, params=[*params, *common(lang)], help=help)
        self.lang: Language = lang
        self.examples: Sequence[str] = examples
        self._run = run

    def invoke(self, ctx: click.Context) -> int:
        """Run it."""
        return self._run(ctx.obj, **ctx.params) or OK


class Group(_Page, click.Group):
    """Commands that are made when they are called, so that help stays fast; `table` has a line on each."""

    def __init__(
        self, lang: Language, table: Mapping[str, str], load: Callable[[str], click.Command], **settings: Any
    ) -> None:
        super().__init__(NAME, **settings)
        self.lang: Language = lang
        self.table: Mapping[str, str] = table
        self._load = load

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List them in the table's order."""
        del ctx
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Make one."""
        del ctx
        return self._load(cmd_name) if cmd_name in self.table else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; complain about one that there is not."""
        if args[0] not in self.table and not args[0].startswith("-"):
            close = nearest(args[0], self.table, self.lang, ".")
            raise click.UsageError(WORDS[self.lang]["command"].format(name=args[0], nearest=close), ctx)
        return super().resolve_command(ctx, args)


def page(ctx: click.Context, lang: Language, examples: Sequence[str]) -> str:
    """Write a page of help, as wide as the terminal allows."""
    words, command = WORDS[lang], ctx.command
    room = min(shutil.get_terminal_size().columns, WIDEST)
    usage = " ".join([f"{words['usage']}:", ctx.command_path, *command.collect_usage_pieces(ctx)])
    lines = [*cells.wrap(usage, room), "", *cells.wrap(command.help or "", room)]
    params = command.get_params(ctx)
    sections = {
        "commands": list(command.table.items()) if isinstance(command, Group) else [],
        "arguments": [
            (each.make_metavar(ctx).strip("[]."), each.about) for each in params if isinstance(each, Argument)
        ],
        "options": [each.get_help_record(ctx) or ("", "") for each in params if isinstance(each, click.Option)],
    }
    for name, rows in sections.items():
        lines += ["", f"{words[name]}:", *_definitions(rows, room)] if rows else []
    lines += ["", f"{words['examples']}:", *(f"  {line}" for line in examples)]
    return "\n".join([*lines, "", *cells.wrap(words["codes"], room)])


def _definitions(rows: Sequence[tuple[str, str]], room: int) -> list[str]:
    column = max(len(term) for term, _ in rows) + 4
    if column > room / 2:
        # Too narrow for two columns: the words stand below their term.
        return [
            line
            for term, text in rows
            for line in (f"  {term}", *(f"      {one}" for one in cells.wrap(text, room - 6)))
        ]
    lines = []
    for term, text in rows:
        first, *more = cells.wrap(text, room - column)
        lines += [cells.left(f"  {term}", column) + first, *(" " * column + one for one in more)]
    return lines


def complaint(error: click.ClickException, lang: Language) -> str:
    """Say what is wrong with the arguments, and where help is."""
    words = WORDS[lang]
    text = error.format_message()
    match error:
        case click.NoSuchOption(option_name=name, ctx=ctx):
            known = [opt for param in ctx.command.get_params(ctx) for opt in param.opts] if ctx else []
            text = words["option"].format(name=name, nearest=nearest(name, known, lang, "."))
        case click.BadOptionUsage(option_name=name):
            text = words["bare"].format(name=name)
        case click.MissingParameter(param=param, ctx=ctx) if param and ctx:
            text = words["missing"].format(name=param.make_metavar(ctx))
        case click.BadParameter(param=param) if param:
            text = f"{param.opts[0]}: {error.message}"
    path = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else NAME
    return f"{text}\n{words['see'].format(path=path)}"
