"""What may be asked together: the interpreter of the contract's rules, and of its parameters' own forms."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from .errors import Broken, RuleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from okx_maxloan_api.contract import Condition, Operation, Parameter, Rule

ENFORCED = ("documented", "observed")


def holds(condition: Condition, facts: Mapping[str, str]) -> bool:
    """Tell whether every cell of a condition is true of the facts."""
    return all(_cell(words, facts.get(key)) for key, words in condition.items())


def _cell(words: tuple[str, ...], value: str | None) -> bool:
    if words == ("present",):
        return value is not None
    if words == ("absent",):
        return value is None
    return value is not None and any(fnmatchcase(value, word) for word in words)


def known(rule: Rule, facts: Mapping[str, str]) -> bool:
    """Tell whether everything that the rule says of the account is known."""
    return all(key in facts for key in (*rule.when, *rule.then) if key.startswith("account."))


def broken(rules: Iterable[Rule], facts: Mapping[str, str]) -> Iterator[Rule]:
    """Find the rules that the facts break.

    Facts are the query as it would be sent, and `account.mode`, `account.borrowing` and `account.isolated` where known.
    A rule holds for each listed pair.
    """
    pairs = facts.get("instId", "").split(",")
    each_pair = [{**facts, "instId": inst_id} for inst_id in pairs] if len(pairs) > 1 else [facts]
    return (
        rule
        for rule in rules
        if known(rule, facts) and any(holds(rule.when, one) and not holds(rule.then, one) for one in each_pair)
    )


# Each language's words for the faults of a single parameter; the rules bring their own.
WORDS = {
    "en": {
        "missing": "{name} is required",
        "empty": "{name} is empty; leave it out instead",
        "enum": "{name} must be one of {values}{nearest}",
        "nearest": "; did you mean {word}?",
        "count": "{name} takes at most {most} values in one request",
        "twice": "{name} lists {value} twice",
        "contract": "{name} takes trading pairs such as BTC-USDT; {value} is a contract, which has no maximum loan",
        "form": "{name} has characters or a shape that no value of it has; it looks like {example}",
    },
    "zh": {
        "missing": "缺少必填参数 {name}",
        "empty": "{name} 为空；不需要时请不要传",
        "enum": "{name} 只能取 {values}{nearest}",
        "nearest": "；是否想写 {word}？",
        "count": "{name} 单次请求最多 {most} 个",
        "twice": "{name} 中 {value} 重复",
        "contract": "{name} 只接受币对，如 BTC-USDT；{value} 是合约，没有最大可借",
        "form": "{name} 含有不允许的字符或格式不对，应类似 {example}",
    },
}
CONTRACT_ID = re.compile(r"[A-Za-z0-9]+-[A-Za-z0-9_]+-[A-Za-z0-9-]+")
EXAMPLES = {"instId": "BTC-USDT"}


def faults(parameter: Parameter, value: str | None) -> Iterator[tuple[str, dict[str, str]]]:
    """Find what is wrong with one parameter by itself."""
    if value is None:
        if parameter.required:
            yield "missing", {}
        return
    if not value:
        yield "empty", {}
        return
    if parameter.enum:
        allowed = {each.value.lower(): each.value for each in parameter.values}
        if value not in allowed.values():
            import difflib  # noqa: PLC0415 -- loads when somebody mistyped

            close = difflib.get_close_matches(value.strip().lower(), allowed, 1)
            yield "enum", {"values": ", ".join(allowed.values()), "close": allowed[close[0]] if close else ""}
        return
    items = value.split(",") if parameter.max_items > 1 else [value]
    if len(items) > parameter.max_items:
        yield "count", {"most": str(parameter.max_items)}
    for item in sorted({item for item in items if items.count(item) > 1}):
        yield "twice", {"value": item}
    for item in items:
        if parameter.pattern and not re.fullmatch(parameter.pattern, item):
            wrong = "contract" if parameter.name == "instId" and CONTRACT_ID.fullmatch(item) else "form"
            yield wrong, {"value": item, "example": EXAMPLES.get(parameter.name, "USDT")}


def check(operation: Operation, query: Mapping[str, str], account: Mapping[str, str], language: str) -> None:
    """Raise `RuleError` with everything that is wrong with a question, or return."""
    if wrong := wrongs(operation, query, account, language):
        raise RuleError(wrong)


def wrongs(operation: Operation, query: Mapping[str, str], account: Mapping[str, str], language: str) -> list[Broken]:
    """List everything that is wrong with a question: its parameters one by one, then the rules between them."""
    question = operation.id, tuple(query.items()), tuple(account.items())
    if _right.get(question) is operation:
        return []
    facts = {**query, **account}
    enforced = broken((rule for rule in operation.rules if rule.basis in ENFORCED), facts)
    between = [
        Broken(rule.id, given(rule, facts), _words(rule, language), _docs(operation, language)) for rule in enforced
    ]
    wrong = [*parameter_wrongs(operation, query, language), *between]
    if not wrong:
        if len(_right) >= KEPT:
            _right.clear()
        _right[question] = operation
    return wrong


# Questions that nothing was wrong with: programs ask the same ones again and again, and each is checked more than once.
KEPT = 1024
_right: dict[tuple[object, ...], Operation] = {}


def parameter_wrongs(operation: Operation, query: Mapping[str, str], language: str) -> list[Broken]:
    """List what is wrong with the parameters, each by itself."""
    words, docs, wrong = WORDS[language], _docs(operation, language), []
    for parameter in operation.parameters:
        value = query.get(parameter.name)
        for fault, about in faults(parameter, value):
            needed = words[fault].format(name=parameter.name, **{"nearest": "", **_nearest(words, about)})
            shown = about.get("value", value)
            wrong.append(Broken(fault, f"{parameter.name}: {'-' if shown is None else repr(shown[:80])}", needed, docs))
    return wrong


def _nearest(words: Mapping[str, str], about: Mapping[str, str]) -> dict[str, str]:
    return {**about, "nearest": words["nearest"].format(word=about["close"])} if about.get("close") else dict(about)


def _words(rule: Rule, language: str) -> str:
    return rule.zh if language == "zh" else rule.en


def _docs(operation: Operation, language: str) -> str:
    return operation.docs_zh if language == "zh" else operation.docs_en


def hint(operation: Operation, query: Mapping[str, str], account: Mapping[str, str], language: str) -> str:
    """Name the unconfirmed rules that a refused question breaks."""
    unsure = broken((rule for rule in operation.rules if rule.basis not in ENFORCED), {**query, **account})
    return " ".join(_words(rule, language) for rule in unsure)


def given(rule: Rule, facts: Mapping[str, str]) -> str:
    """Show the facts that a rule speaks of."""
    keys = dict.fromkeys((*rule.when, *rule.then))
    return ", ".join(f"{key}={facts[key]}" if key in facts else f"{key}: -" for key in keys)
