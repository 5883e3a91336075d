"""The tables of both READMEs, out of the contract: `cog -r -I scripts -I generated -I . README.md README.zh.md`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okx_maxloan_api.contract import ERRORS, GET_MAX_LOAN

from okx_maxloan_sdk.cli import matrix
from okx_maxloan_sdk.cli.rules import WORDS as RULES
from okx_maxloan_sdk.errors import BY_KIND

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from okx_maxloan_sdk.cli.words import Language, Words

WORDS: Words = {
    "en": {
        "parameter": "Parameter",
        "name": "OKX's name",
        "most": "At most",
        "one of": "One of",
        "about": "What it says",
        "error": "Exception",
        "codes": "Codes",
        "retry": "Tried again",
        "later": "yes: {codes}",
        "resync": "once, with the exchange's time",
        "never": "no",
    },
    "zh": {
        "parameter": "参数",
        "name": "OKX 参数名",
        "most": "最多",
        "one of": "取值",
        "about": "含义",
        "error": "异常",
        "codes": "错误码",
        "retry": "自动重试",
        "later": "是：{codes}",
        "resync": "按交易所时间重试一次",
        "never": "否",
    },
}


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table."""
    lines = (" | ".join(each.replace("|", "\\|") for each in row) for row in (heads, ["---"] * len(heads), *rows))
    return "\n" + "".join(f"| {line} |\n" for line in lines) + "\n"


def parameters(lang: Language) -> str:
    """Write the parameters of a question."""
    words = WORDS[lang]
    rows = (
        [
            f"`{each.attribute}`",
            f"`{each.name}`",
            ", ".join(f"`{value.value}`" for value in each.values),
            str(each.max_items),
            each.zh if lang == "zh" else each.en,
        ]
        for each in GET_MAX_LOAN.parameters
    )
    return table([words[head] for head in ("parameter", "name", "one of", "most", "about")], rows)


def modes(lang: Language) -> str:
    """Write which account may ask what."""
    words = matrix.WORDS[lang]
    rows = (
        [words[name], *(words[matrix.verdict(each, name)] for each in matrix.ACCOUNTS)] for name in matrix.QUESTIONS
    )
    return table([words["question"], *(words[each] for each in matrix.ACCOUNTS)], rows)


def rules(lang: Language) -> str:
    """Write the rules between parameters."""
    words = RULES[lang]
    rows = (
        [f"`{each.id}`", words[each.basis], f"`{matrix.text(each.when)}`", f"`{matrix.text(each.then)}`"]
        for each in matrix.rules()
    )
    return table([words[head] for head in ("rule", "basis", "when", "then")], rows)


def errors(lang: Language) -> str:
    """Write which codes raise which exception."""
    words, rows = WORDS[lang], []
    for kind, error in BY_KIND.items():
        found = sorted((each for each in ERRORS.values() if each.kind == kind), key=lambda each: int(each.code))
        later = ", ".join(each.code for each in found if each.retry == "later")
        again = (
            words["later"].format(codes=later)
            if later
            else words["resync" if any(each.retry == "resync" for each in found) else "never"]
        )
        rows.append([f"`{error.__name__}`", ", ".join(each.code for each in found), again])
    return table([words[head] for head in ("error", "codes", "retry")], rows)
