"""Base classes of the commands: one run, help pages, types of parameters."""

import re
import shutil
import tomllib
from collections.abc import Callable, MutableMapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from attrs import define, field
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .errors import CliError, did_you_mean, find_nearest
from .i18n import text

NAME, PACKAGE = "okx-maxloan", "okx-maxloan-sdk"
# Click's name for it.
COMPLETION_VARIABLE = "_OKX_MAXLOAN_COMPLETE"
# Each is a module of this package with a function `command`.
COMMANDS = ("show", "watch", "chart", "doctor", "rules", "mock", "verify", "completion")
# Of each command's help page.
EXAMPLES: dict[str, str] = tomllib.loads(Path(__file__).with_name("examples.toml").read_text("utf-8"))
MAX_HELP_WIDTH = 100
# Cells between columns.
GAP = 2
INDENT = (0, 0, 0, 2)
# OKX asks for passphrases of eight characters; replacing one letter would leave no readable word.
MIN_SECRET_LENGTH = 4
# Of any URL, in any setting.
URL_CREDENTIALS = re.compile(r"(?<=://)\S*@")

# Of parameters.
FILE = click.Path(path_type=Path)
SECONDS_PER_UNIT = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
DURATION = re.compile(r"(?P<number>[0-9]+(\.[0-9]+)?)\s*(?P<unit>ms|s|m|h|d|)")


@define
class Run:
    """One run of the command, and the secrets that no output may show."""

    debug: bool = False
    secrets: set[str] = field(factory=set, init=False)

    def redact(self, message: str) -> str:
        """Replace every secret in a message, and user and password in URLs."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            message = message.replace(secret, "***") if len(secret) >= MIN_SECRET_LENGTH else message
        return URL_CREDENTIALS.sub("***@", message)


class Choice(click.Choice[str]):
    """One of a few words; the error message suggests the nearest."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:  # noqa: ARG002 -- click's signature
        """Return what the choices are, and the nearest."""
        message = text("error.choice", value=value, words=list(self.choices))
        return did_you_mean(message, find_nearest(str(value), self.choices))

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:  # noqa: ARG002 -- click's signature
        """Return nothing: the parameter's metavar lists the choices already."""
        return ""


class Command(click.Command):
    """A command; `run` gets the run and the options by name, and may return an exit code."""

    def __init__(
        self,
        name: str,
        run: Callable[..., int | None] | None,
        params: Sequence[click.Parameter],
        *,
        about: str = "",
        exit_codes: str = "app.exit_codes",
    ) -> None:
        # Both are read before the arguments are parsed.
        common = [
            click.Option(["--lang"], type=Choice(["en", "zh"]), expose_value=False, help=text("app.lang")),
            click.Option(["--debug"], is_flag=True, expose_value=False, help=text("app.debug")),
        ]
        super().__init__(
            name,
            callback=run and click.pass_obj(run),
            params=[*params, *common],
            help=text(about or f"{name}.about"),
            context_settings={"help_option_names": ["-h", "--help"]},
        )
        self.examples: Sequence[str] = EXAMPLES[name].splitlines()
        self._exit_codes = exit_codes

    def get_help(self, ctx: click.Context) -> str:
        """Return the help page, laid out by rich, which measures Chinese characters as two cells."""
        width = min(shutil.get_terminal_size().columns, MAX_HELP_WIDTH)
        console = Console(width=width, color_system=None, markup=False, emoji=False, highlight=False)
        sections: dict[str, list[tuple[str, str]]] = {"arguments": [], "options": [], "commands": []}
        if isinstance(self, click.Group):
            sections["commands"] = [(name, text(f"{name}.summary")) for name in self.commands]
        for param in self.get_params(ctx):
            if record := param.get_help_record(ctx):
                sections["arguments" if isinstance(param, click.Argument) else "options"].append(record)
        with console.capture() as page:
            console.print(text("app.usage") + " ".join((ctx.command_path, *self.collect_usage_pieces(ctx))))
            console.print("", Padding(self.help or "", INDENT))
            for name, rows in sections.items():
                if rows:
                    widths = [max(cell_len(term) for term, _ in rows)]
                    terms = lay_out_terms([[*map(Text, row)] for row in rows], widths, width)
                    console.print("", text(f"app.{name}"), Padding(terms, INDENT), sep="\n")
            console.print("", text("app.examples"), sep="\n")
            # Not wrapped: they are there to be copied.
            console.print("\n".join(f"  {line}" for line in self.examples), soft_wrap=True)
            console.print("", text(self._exit_codes), sep="\n")
        return "\n".join(line.rstrip() for line in page.get().splitlines())


def lay_out_terms(rows: Sequence[Sequence[Text]], widths: Sequence[int], width: int) -> RenderableType:
    """Lay out terms and their meaning in columns or, on a narrow terminal, the meaning below its terms."""
    if width < 2 * (sum(widths) + GAP * len(widths)):
        return Group(*(Group(Text(" " * GAP).join(terms), Padding(meaning, INDENT)) for *terms, meaning in rows))
    grid = Table.grid(padding=(0, GAP, 0, 0))
    for each in widths:
        grid.add_column(width=each)
    grid.add_column(overflow="fold")
    for row in rows:
        grid.add_row(*row)
    return grid


class CommandGroup(Command, click.Group):
    """The commands of this package, each imported when it is called so that help stays fast."""

    def __init__(self) -> None:
        super().__init__(NAME, None, [], about="app.about")
        message = f"{NAME} %(version)s"
        click.version_option(None, "-V", "--version", package_name=PACKAGE, message=message, help=text("app.version"))(
            self
        )
        # Click takes the names for suggestions and completion from here.
        self.commands: MutableMapping[str, click.Command] = {name: click.Command(name) for name in COMMANDS}

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- click's signature
        """Import and create a command."""
        return import_module(f".{cmd_name}", __package__).command() if cmd_name in COMMANDS else None


def parse_duration(value: str) -> float:
    """Parse a duration such as 500ms, 5s, 2m or 1h into seconds, more than zero."""
    match = DURATION.fullmatch(value.strip())
    seconds = float(match["number"]) * SECONDS_PER_UNIT[match["unit"]] if match else 0.0
    if seconds <= 0:
        raise CliError("duration", value=value)
    return seconds


def parse_currency(value: str) -> str:
    """Return a currency as OKX writes it."""
    return value.strip().upper()
