"""What the READMEs say of the contract: `cog -r -I scripts -I generated -I . README.md README.zh.md`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okx_maxloan_api.contract import ERRORS, GET_MAX_LOAN

from okx_maxloan_sdk.cli import matrix
from okx_maxloan_sdk.cli.rules import WORDS as RULES
from okx_maxloan_sdk.exceptions import EXCEPTION_BY_KIND

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from okx_maxloan_api.contract import Field, Parameter

    from okx_maxloan_sdk.cli.words import Language, Words

WORDS: Words = {
    "en": {
        "parameter": "Parameter",
        "field": "Attribute",
        "name": "OKX's name",
        "required": "Required",
        "yes": "yes",
        "values": "Values",
        "most": "at most {count} in one request",
        "about": "Meaning",
        "limit": "OKX takes {requests} requests in {period:g} seconds from one user, whichever programs send them.",
        "error": "Exception",
        "codes": "Codes",
        "retry": "Tried again",
        "later": "yes: {codes}",
        "resync": "once, with the exchange's time",
        "never": "no",
    },
    "zh": {
        "parameter": "参数",
        "field": "属性",
        "name": "OKX 名称",
        "required": "必填",
        "yes": "是",
        "values": "取值",
        "most": "单次请求最多 {count} 个",
        "about": "含义",
        "limit": "OKX 对同一用户每 {period:g} 秒接受 {requests} 个请求，不论由哪些程序发出。",
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
    # The languages have their code spans alike, which a draft's may not be.
    about = " ".join((each.zh if lang == "zh" else each.en).replace("`", "").split())
    return [f"`{each.attribute}`", f"`{each.name}`", values, about]


def limit(lang: Language) -> str:
    """Write the rate limit."""
    return f"\n{WORDS[lang]['limit'].format(**GET_MAX_LOAN.limit._asdict())}\n\n"


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
    for kind, error in EXCEPTION_BY_KIND.items():
        found = sorted((each for each in ERRORS.values() if each.kind == kind), key=lambda each: int(each.code))
        later = ", ".join(each.code for each in found if each.retry == "later")
        again = (
            words["later"].format(codes=later)
            if later
            else words["resync" if any(each.retry == "resync" for each in found) else "never"]
        )
        rows.append([f"`{error.__name__}`", ", ".join(each.code for each in found), again])
    return table([words[head] for head in ("error", "codes", "retry")], rows)
