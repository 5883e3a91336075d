"""okx-maxloan rules: what may be asked in which account mode, and the rules between parameters behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from . import cells, matrix
from .command import NAME, Choice, Command, Run
from .render import Grid, console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from .words import Language, Words

WORDS: Words = {
    "en": {
        "about": "List what may be asked in which account mode, and the rules between parameters. Documented and"
        " observed rules are checked before anything is sent; inferred ones are nobody's word, and become the hint of"
        " a refusal.",
        "account": "Only what concerns this account mode: spot, futures, multi_currency or portfolio.",
        "rule": "Rule",
        "basis": "Basis",
        "when": "When",
        "then": "Then",
        "meaning": "Meaning",
        "documented": "documented",
        "observed": "observed",
        "inferred": "inferred",
    },
    "zh": {
        "about": "列出各账户模式下可以查询什么，以及参数之间的规则。有文档或实测依据的规则在发送前检查；推断的规则未经"
        "证实，仅作为被拒绝时的提示。",
        "account": "只列出与该账户模式有关的内容：spot、futures、multi_currency 或 portfolio。",
        "rule": "规则",
        "basis": "依据",
        "when": "当",
        "then": "则",
        "meaning": "含义",
        "documented": "文档",
        "observed": "实测",
        "inferred": "推断",
    },
}
STYLES = {"yes": "green", "no": "red", "unsure": "yellow"}


def command(lang: Language) -> Command:
    """Make the command."""
    words = WORDS[lang]
    params = [click.Option(["--account"], type=Choice(matrix.MODES, lang), metavar="MODE", help=words["account"])]
    return Command("rules", lang, rules, words["about"], params, (f"{NAME} rules --account futures",))


def rules(run: Run, *, account: str | None) -> None:
    """Print the table of questions, then the rules."""
    out = console()
    questions(out, matrix.accounts(account), run.lang)
    out.print()
    found = matrix.rules(account)
    words = WORDS[run.lang]
    heads = [words[head] for head in ("rule", "basis", "when", "then", "meaning")]
    rows = [
        [each.id, words[each.basis], matrix.text(each.when), matrix.text(each.then), getattr(each, run.lang)]
        for each in found
    ]
    grid = Grid(heads, rows)
    if grid.fits(out.width):
        out.print(grid.line(heads, "bold"))
        for row in rows:
            out.print(grid.line(row), soft_wrap=True)
    else:
        for row in rows:
            block(out, row)


def block(out: Console, row: Sequence[str]) -> None:
    """Print one rule as a paragraph."""
    from rich.text import Text  # noqa: PLC0415 -- help does not need it

    name, basis, when, then, meaning = row
    out.print(Text.assemble((name, "bold"), f" ({basis})"))
    for text, style in ((f"{when} → {then}", "cyan"), (meaning, "")):
        for line in cells.wrap(text, out.width - 2):
            out.print(Text(f"  {line}", style))


def questions(out: Console, accounts: Sequence[str], lang: Language) -> None:
    """Print which account may ask what, as a table or, where that is too wide, a block for each account."""
    from rich.text import Text  # noqa: PLC0415 -- help does not need it

    words = matrix.WORDS[lang]
    heads = [words["question"], *(words[each] for each in accounts)]
    found = {name: [matrix.verdict(each, name) for each in accounts] for name in matrix.QUESTIONS}
    rows = [[words[name], *(words[each] for each in verdicts)] for name, verdicts in found.items()]
    grid = Grid(heads, rows)
    if grid.fits(out.width):
        out.print(grid.line(heads, "bold"))
        for row, verdicts in zip(rows, found.values(), strict=True):
            out.print(grid.line(row, {index: STYLES[each] for index, each in enumerate(verdicts, 1)}))
        return
    for index, each in enumerate(accounts):
        out.print(Text(words[each], "bold"))
        for name, verdicts in found.items():
            for line in cells.wrap(f"{words[name]}: {words[verdicts[index]]}", out.width - 2):
                out.print(Text(f"  {line}", STYLES[verdicts[index]]))
