"""Tables of the READMEs and the guide, from the contract, the client and the command; `make guide` writes them."""

import html
import inspect
import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

import click
from okx_maxloan_api.contract import ERRORS, GET_MAX_LOAN, Error, Field, Parameter, Rule

from okx_maxloan_sdk import MaxLoanClient
from okx_maxloan_sdk.cli import rules as matrix
from okx_maxloan_sdk.cli.base import COMMANDS, NAME, CommandGroup
from okx_maxloan_sdk.cli.i18n import Language, text, use_language
from okx_maxloan_sdk.exceptions import EXCEPTION_BY_KIND

TEXTS = tomllib.loads(Path(__file__).with_name("texts.toml").read_text("utf-8"))
WORDS: dict[Language, dict[str, str]] = TEXTS["guide"]
SETTINGS_ZH: dict[str, str] = TEXTS["settings"]["zh"]
# The variables that `from_env` reads.
VARIABLES = {
    "credentials": "`OKX_API_KEY`, `OKX_API_SECRET`, `OKX_API_PASSPHRASE`",
    "site": "`OKX_SITE`",
    "base_url": "`OKX_BASE_URL`",
    "demo": "`OKX_DEMO`",
    "limiter": "`OKX_LIMITER`",
}


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table."""
    lines = (" | ".join(map(_escape, row)) for row in (heads, ["---"] * len(heads), *rows))
    return "\n" + "".join(f"| {line} |\n" for line in lines) + "\n"


def _escape(cell: str) -> str:
    # In code, a backslash before the bar is dropped by GitHub and shown by Python-Markdown.
    return re.sub(r"`([^`]*\|[^`]*)`", lambda code: f"<code>{html.escape(code[1])}</code>", cell).replace("|", "&#124;")


def parameters(lang: Language) -> str:
    """Write the parameters of a question."""
    words, rows = WORDS[lang], []
    for each in GET_MAX_LOAN.parameters:
        name, okx, values, about = described(each, lang)
        most = words["most"].format(count=each.max_items) if each.max_items > 1 else ""
        rows.append([name, okx, words["yes"] if each.required else "", values or most, about])
    return table([words[head] for head in ("parameter", "name", "required", "values", "about")], rows)


def fields(lang: Language) -> str:
    """Write the fields of a row."""
    rows = (described(each, lang) for each in GET_MAX_LOAN.fields)
    return table([WORDS[lang][head] for head in ("field", "name", "values", "about")], rows)


def described(each: Parameter | Field, lang: Language) -> list[str]:
    """Write the names, the values and the meaning of a parameter or field."""
    values = ", ".join(f"`{value.value}`" for value in each.values)
    return [f"`{each.attribute}`", f"`{each.name}`", values, _plain(each, lang)]


def _plain(each: Parameter | Field | Rule | Error, lang: Language) -> str:
    # The languages have their code spans alike, which a draft's may not be.
    return " ".join((each.zh if lang == "zh" else each.en).replace("`", "").split())


def limit(lang: Language) -> str:
    """Write the rate limit."""
    return f"\n{WORDS[lang]['limit'].format(**GET_MAX_LOAN.limit._asdict())}\n\n"


def modes(lang: Language) -> str:
    """Write which account may ask what."""
    accounts, requests = matrix.list_accounts(), matrix.EXAMPLE_REQUESTS
    allowed = {name: [matrix.is_allowed(each, name) for each in accounts] for name in requests}
    with use_language(lang):
        rows = ([text(f"matrix.{each}") for each in (name, *allowed[name])] for name in requests)
        return table([text(f"matrix.{each}") for each in ("request", *accounts)], rows)


def rules(lang: Language) -> str:
    """Write the rules between parameters."""
    with use_language(lang):
        rows = ([f"`{each.id}`", text(f"rules.{each.basis}"), _plain(each, lang)] for each in matrix.list_rules())
        return table([text("rules.rule"), text("rules.basis"), WORDS[lang]["about"]], rows)


def codes(lang: Language) -> str:
    """Write what each code means and what to do, and the exception that it raises."""
    words = WORDS[lang]
    rows = (
        [
            each.code,
            f"`{EXCEPTION_BY_KIND[each.kind].__name__}`",
            words[each.retry],
            _plain(each, lang),
        ]
        for each in sorted(ERRORS.values(), key=lambda each: int(each.code))
    )
    return table([words[head] for head in ("code", "error", "retry", "about")], rows)


def settings(lang: Language) -> str:
    """Write the arguments of a client: types and defaults from its signature, meanings from its docstring."""
    docstring = inspect.getdoc(MaxLoanClient.__init__) or ""
    found = re.findall(
        r"^    (\w+): ((?:.|\n {8})+)", docstring.partition("Args:")[2].partition("Raises")[0], re.MULTILINE
    )
    about = {name: " ".join(meaning.split()) for name, meaning in found}
    arguments = {name: each for name, each in inspect.signature(MaxLoanClient).parameters.items() if name != "self"}
    if not about.keys() == SETTINGS_ZH.keys() == arguments.keys():
        message = (
            f"the signature, the docstring and texts.toml name different arguments: {about.keys() ^ arguments.keys()}"
        )
        raise ValueError(message)
    rows = []
    for name, each in arguments.items():
        default = (
            "" if each.default is inspect.Parameter.empty else f"`{getattr(each.default, 'name', each.default)!s}`"
        )
        meaning = about[name] if lang == "en" else SETTINGS_ZH[name]
        rows.append([f"`{name}`", f"`{each.annotation}`", default, VARIABLES.get(name, ""), meaning])
    return table([WORDS[lang][head] for head in ("setting", "type", "default", "variable", "about")], rows)


def commands(lang: Language) -> str:
    """Write each command's usage, options and examples, as its help page has them."""
    words, parts = WORDS[lang], []
    with use_language(lang):
        group = CommandGroup()
        context = click.Context(group, info_name=NAME)
        for name in COMMANDS:
            command = group.get_command(context, name)
            if command is None:
                raise KeyError(name)
            inner = click.Context(command, info_name=name, parent=context, **command.context_settings)
            usage = " ".join(
                [NAME, name, *(each for each in command.collect_usage_pieces(inner) if "OPTIONS" not in each)]
            )
            records = (each.get_help_record(inner) for each in command.get_params(inner))
            rows = [[f"`{option}`", " ".join(meaning.split())] for option, meaning in filter(None, records)]
            examples = "".join(f"{each}\n" for each in getattr(command, "examples", ()))
            parts.append(
                f"\n## {name}\n\n{command.help}\n\n`{usage}`\n"
                f"{table([words['option'], words['about']], rows)}{words['examples']}\n\n```text\n{examples}```\n"
            )
    return "".join(parts) + "\n"


def exit_codes(lang: Language) -> str:
    """Write what each exit code means."""
    with use_language(lang):
        return f"\n{text('app.exit_codes')}\n\n"
