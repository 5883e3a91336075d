"""The values and limits that a description lists.

A value is an API's own word in back quotes. Lines that list values are told from sentences that mention words:

- a list: "`a` `b`", "`a`, `b` or `c`";
- a name and what it means: "`a`: one", or several on a line;
- a list at the end of a short clause: "Order side, `a` `b`", "Side (`a` or `b`)", "Values: `a`, `b`";
- labels: "`a`逐仓 `b`全仓", "One: `a`, two: `b`";
- a value with a note, "`a`, only for x" or "`a` (new)", beside other lines that list values.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .facts import PageParseError
from .vocabulary import GONE, LABEL_OF_VALUES, LIMITS, MENTION, NUMERALS, SEVERAL, VERB

if TYPE_CHECKING:
    from collections.abc import Iterator

# An API's own words; anything else in back quotes is a mention (`Spot mode`, `BTC-USDT,ETH-USDT`).
VALUE = r'`([A-Za-z0-9_+\-]{1,60}|"")`'
_OR = r"[\s/,|、，]|\bor\b|或"
_AND = rf"{_OR}|\band\b|[和与及]"
_NOTE = r"(?: ?[(（][^()（）`]{1,80}[)）])?"
BULLET = re.compile(r"^(?:[-*•·]|\d{1,2}[.)、])\s+")
ALONE = re.compile(rf"(?:{VALUE}|{_AND})+[.。;；]?")
NAMED = re.compile(rf"{VALUE}\s*(?:[:：]\s*(?P<words>[^`；;]*)|(?:=|\s[-–—]{{1,2}}\s)\s*(?P<meaning>[^`；;,，]+))")
# A list within a line, up to a mark that ends it; what stands before it is looked at by `is_lead`.
_END = r"(?!\s*[,，、]?\s*(?:etc|and so on|\.\.\.|…|等))(?=\s*(?:$|[.。,，;；)）]))"
RUN = re.compile(rf"{VALUE}{_NOTE}(?:(?:{_OR}){{0,9}}{VALUE}{_NOTE}){{1,99}}{_END}")
RUN_OF_LABEL = re.compile(rf"{VALUE}{_NOTE}(?:(?:{_AND}){{0,9}}{VALUE}{_NOTE}){{1,99}}{_END}")
CLAUSE = 200  # letters before a list that are looked at
LABELLED = re.compile(rf"(?:{VALUE} ?(?![和与及或下中的时为是])[\u4e00-\u9fff]{{1,8}}[\s/,、，;；]*)+")
LABEL_BEFORE = re.compile(rf"(?:(?P<label>(?![和与及或下中的时为是])[\u4e00-\u9fff]{{1,8}}) ?{VALUE}[\s/,、，;；]*)")
LEAD = re.compile(r"(?P<lead>[^`]{1,60}?[,，:：(（]) *(?P<rest>.*?)[)）]?[.。]?")
AFTER_LABEL = re.compile(rf"(?P<label>[^`:：,，;；.。]{{1,40}})[:：]\s*{VALUE}\s*(?:[,，;；、.。]\s*|\s+|$)")
WITH_NOTE = re.compile(rf"{VALUE}\s*(?:[,，.。(（](?!\s*`)|=|[-–—]{{1,2}}\s)(?P<note>.*)")
STRUCK = re.compile(r"~~.*?~~", re.DOTALL)


def last_clause(text: str) -> str:
    """Find what a text says since its last full stop; the stops of "e.g." are none."""
    return re.split(r"[.。;；!?！？]\s*", re.sub(r"\b([ei])\.([ge])\b\.?", r"\1\2", text))[-1].strip()


def is_lead(text: str) -> bool:
    """Return whether what stands before a list, since the last full stop, leads to one of values."""
    clause = last_clause(text)
    if not clause:
        return True
    return clause[-1] in ",，:：(（-–—" and "`" not in clause and not MENTION.search(clause)


def runs(line: str) -> Iterator[str]:
    """Find the values of lists within a line."""
    for pattern in (RUN, RUN_OF_LABEL):
        for match in pattern.finditer(line):
            before = line[max(0, match.start() - CLAUSE) : match.start()]
            if LABEL_OF_VALUES.search(before.strip()) or (pattern is RUN and is_lead(before)):
                yield from re.findall(VALUE, match[0])


def labelled(line: str) -> list[str]:
    """Find the values of a line that is nothing but labels and values."""
    if LABELLED.fullmatch(line):
        return re.findall(VALUE, line)
    for pattern, no_labels in ((AFTER_LABEL, (MENTION,)), (LABEL_BEFORE, (MENTION, VERB))):
        pairs = [*pattern.finditer(line)]
        whole = "".join(each[0] for each in pairs) == line
        if pairs and whole and not any(each.search(pair["label"]) for each in no_labels for pair in pairs):
            return [each[2] for each in pairs]
    return []


def labelled_clause(line: str) -> list[str]:
    """Find the values of a clause with labels that stands behind what a text describes: "Side, `a`买入 `b`卖出"."""
    match = LEAD.fullmatch(line)
    found = labelled(match["rest"]) if match and is_lead(match["lead"]) else []
    return found if len(found) > 1 else []


def strong(line: str, names: frozenset[str]) -> dict[str, str]:
    """List the values of a line that can be told by itself, with what it says of each."""
    if ALONE.fullmatch(line):
        return dict.fromkeys(re.findall(VALUE, line), "")
    named = {each[1]: (each["words"] or each["meaning"] or "").strip() for each in reversed([*NAMED.finditer(line)])}
    first = re.match(rf"{VALUE}\s*[:：]", line)
    if first or (len(named) > 1 and not MENTION.search(last_clause(line.partition("`")[0]))):
        return {each: named[each] for each in reversed(named)}
    found = labelled(line)
    found = found if len(found) > 1 else [*runs(line)] or labelled_clause(line)
    return {} if names.issuperset(found) else dict.fromkeys(found, "")


def weak(line: str, names: frozenset[str]) -> dict[str, str]:
    """List the value of a line that could be a sentence as well: one with a note, or behind a label."""
    if match := WITH_NOTE.fullmatch(line):
        found = {match[1]: match["note"].strip("() （）")} if not GONE.search(match["note"]) else {}
    else:
        found = dict.fromkeys(labelled(line), "")
    return {} if names.issuperset(found) else found


def list_values(text: str, names: frozenset[str]) -> dict[str, str]:
    """List the values of a text that nothing is struck through in."""
    lines = [BULLET.sub("", raw.strip(), count=1) for raw in text.split("\n")]
    sure = [strong(line, names) for line in lines]
    maybe = [weak(line, names) if not found else {} for line, found in zip(lines, sure, strict=True)]
    if not any(sure) and len(set().union(*maybe)) == 1:
        maybe = []  # a single line of the kind is a sentence
    found: dict[str, str] = {}
    for number, each in enumerate(sure):
        listed = each or (maybe[number] if maybe else {})
        found |= {value: words for value, words in listed.items() if value not in found}
    if names.issuperset(found) and not any(map(ALONE.fullmatch, lines)):
        return {}
    return {value.strip('"'): words for value, words in found.items()}


def values(text: str, names: frozenset[str] = frozenset()) -> dict[str, str]:
    """List the values that a description enumerates, with what it says of each.

    What is struck through is no value, unless the whole text is. `names` are those of parameters and fields: a text
    that lists nothing else speaks of them, unless a line is nothing but such a list.
    """
    live = STRUCK.sub("", text)
    return list_values(live, names) if re.search(VALUE, live) else list_values(text.replace("~~", ""), names)


def limit(text: str) -> int | None:
    """Find how many items a parameter may list; raises PageParseError where a text has two numbers for it."""
    if not SEVERAL.search(text):
        return None
    found = {each["n"].lower() for pattern in LIMITS for each in pattern.finditer(text)}
    numbers = {NUMERALS.get(each) or int(each) for each in found}
    if len(numbers) > 1:
        raise PageParseError(f"which of {', '.join(map(str, sorted(numbers)))} is the limit of items?")
    return next(iter(numbers), None)
