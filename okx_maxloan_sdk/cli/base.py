"""Base classes of the commands: one run, help pages in two languages, usage errors."""

import io
import re
import shutil
import tomllib
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from attrs import define, field
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .errors import find_nearest
from .i18n import Language, text
from .params import Choice

NAME, PACKAGE = "okx-maxloan", "okx-maxloan-sdk"
# Click's name for it.
COMPLETION_VARIABLE = "_OKX_MAXLOAN_COMPLETE"
# Each is a module of this package with a function `command`.
COMMANDS = ("show", "watch", "chart", "doctor", "rules", "mock", "verify", "completion")
# Of each command's help page.
EXAMPLES: dict[str, str] = tomllib.loads(Path(__file__).with_name("examples.toml").read_text("utf-8"))
MAX_HELP_WIDTH = 100
# OKX asks for passphrases of eight characters; replacing one letter would leave no readable word.
MIN_SECRET_LENGTH = 4
# Of any URL, in any setting.
URL_CREDENTIALS = re.compile(r"(?<=://)\S*@")


@define
class Run:
    """One run of the command: its language, and the secrets that no output may show."""

    lang: Language
    debug: bool = False
    secrets: set[str] = field(factory=set, init=False)

    def redact(self, message: str) -> str:
        """Replace every secret in a message, and user and password in URLs."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            message = message.replace(secret, "***") if len(secret) >= MIN_SECRET_LENGTH else message
        return URL_CREDENTIALS.sub("***@", message)


class HelpFormatter(click.HelpFormatter):
    """Click's formatter over rich's layout, which measures Chinese characters as two cells."""

    def __init__(self, **_: Any) -> None:
        super().__init__(width=min(shutil.get_terminal_size().columns, MAX_HELP_WIDTH))

    def _render(self, item: RenderableType, indent: int = 0) -> None:
        console = Console(file=io.StringIO(), width=self.width, color_system=None, markup=False, highlight=False)
        with console.capture() as capture:
            console.print(Padding(item, (0, 0, 0, self.current_indent + indent)))
        self.write("".join(f"{line.rstrip()}\n" for line in capture.get().splitlines()))

    def write_heading(self, heading: str) -> None:
        """Write a heading; a Chinese one brings its own colon."""
        self.write(f"{heading}\n" if heading.endswith("：") else f"{heading}:\n")

    def write_text(self, text: str) -> None:
        """Write a paragraph."""
        self._render(Text(text))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:  # noqa: ARG002 -- click's signature
        """Write terms and their meaning in two columns or, on a narrow terminal, below each other."""
        rows = list(rows)
        term_width = max(cell_len(term) for term, _ in rows)
        if term_width + self.current_indent + col_spacing > self.width / 2:
            for term, meaning in rows:
                self._render(Text(term))
                self._render(Text(meaning), indent=4)
            return
        grid = Table.grid(padding=(0, col_spacing, 0, 0))
        grid.add_column(width=term_width)
        grid.add_column(overflow="fold")
        for row in rows:
            grid.add_row(*map(Text, row))
        self._render(grid)


class Context(click.Context):
    """Context with this package's help formatter."""

    formatter_class: type[click.HelpFormatter] = HelpFormatter


class Command(click.Command):
    """A command in one language; `run` gets the run and the options by name, and may return an exit code."""

    context_class: type[click.Context] = Context

    def __init__(
        self,
        name: str,
        lang: Language,
        run: Callable[..., int | None] | None,
        params: Sequence[click.Parameter],
        *,
        about: str = "",
        exit_codes: str = "app.exit_codes",
    ) -> None:
        # Both are read before the arguments are parsed.
        common = [
            click.Option(["--lang"], type=Choice(["en", "zh"]), expose_value=False, help=text(lang, "app.lang")),
            click.Option(["--debug"], is_flag=True, expose_value=False, help=text(lang, "app.debug")),
        ]
        super().__init__(
            name,
            callback=run and click.pass_obj(run),
            params=[*params, *common],
            help=text(lang, about or f"{name}.about"),
            context_settings={"help_option_names": ["-h", "--help"]},
        )
        self.lang: Language = lang
        self.examples = EXAMPLES[name].splitlines()
        self._exit_codes = exit_codes

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the usage line."""
        usage = text(self.lang, "click.usage") + (" " if self.lang == "en" else "")
        formatter.write_text(usage + " ".join((ctx.command_path, *self.collect_usage_pieces(ctx))))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 -- click's signature
        """Write the examples and the exit codes."""
        with formatter.section(text(self.lang, "app.examples")):
            # Not wrapped: they are there to be copied.
            formatter.write("".join(f"  {line}\n" for line in self.examples))
        formatter.write_paragraph()
        formatter.write_text(text(self.lang, self._exit_codes))


class Group(Command, click.Group):
    """The commands of this package, each imported when it is called so that help stays fast."""

    def __init__(self, lang: Language) -> None:
        super().__init__(NAME, lang, None, [], about="app.about")
        names, message = ("-V", "--version"), f"{NAME} %(version)s"
        add_version = click.version_option(
            None, *names, package_name=PACKAGE, message=message, help=text(lang, "app.version")
        )
        add_version(self)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        """List the commands in the order of their use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- click's signature
        """Import and create a command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f".{cmd_name}", __package__).command(self.lang)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 -- click's signature
        """Write one line for each command without importing it."""
        with formatter.section(text(self.lang, "click.commands")):
            formatter.write_dl([(name, text(self.lang, f"{name}.summary")) for name in COMMANDS])


def format_usage_error(error: click.ClickException, lang: Language) -> str:
    """Return what is wrong with the arguments, and where help is."""
    if isinstance(error, click.exceptions.NoSuchCommand):
        error = click.exceptions.NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=error.ctx)
    elif isinstance(error, click.NoSuchOption) and error.possibilities:
        # The dashes, which all options have, make any two of them look alike.
        near = find_nearest(error.option_name.lstrip("-"), [each.lstrip("-") for each in error.possibilities])
        options = [each for each in error.possibilities if each.lstrip("-") == near]
        error = click.NoSuchOption(error.option_name, possibilities=options, ctx=error.ctx)
    message = error.format_message()
    if lang == "zh":
        # Click's own full stops and spaces, which its catalogue does not hold.
        message = re.sub(r"(?<=[。：？]) ", "", re.sub(r"\.$", "。", message)).replace(" integer range", "整数")
    path = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else NAME
    return f"{message}\n{text(lang, 'error.see_help', path=path)}"
