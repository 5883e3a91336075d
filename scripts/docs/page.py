"""From the bytes of a page to the facts of one operation."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from . import markdown, markup
from .blocks import Code, Heading, Section, Table, Text
from .facts import Absent, Facts, Field, Unreadable, digest, squash
from .rows import NAME, fields
from .words import COUNTED_BY, HEADINGS, LABELS, NOTHING, PERMISSIONS, RATES, SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .blocks import Block

# The sections of one operation have 40 kB at most on the real pages. No parser is fed with more than this: the worst
# input that was found for libxml2, one tag with nothing but attributes, takes the square of its length, here 3 s.
BUDGET = 128 * 1024
TABLES = ("request", "response")
REQUEST = re.compile(
    r"\b(?P<method>GET|POST|PUT|PATCH|DELETE)\s+(?P<path>/[\w\-./{}]{1,200})(?:\?(?P<query>[\w\-.,=&%]{0,500}))?",
    re.ASCII,
)
MARKED_HTML = re.compile(r"<(?:!doctype html|html|h[1-6])[\s>]", re.IGNORECASE)


class Parts(NamedTuple):
    """The blocks of a section, by the heading they stand under."""

    language: str
    heads: dict[str, str]
    under: dict[str, list[Block]]


def decode(data: bytes) -> str:
    """Read the bytes as text."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"not UTF-8 at byte {error.start}"
        raise Unreadable(message) from error


def parts(blocks: Iterator[Block]) -> Parts | None:
    """Sort a section's blocks under its headings; None for a section that documents no HTTP request."""
    kind, languages = "", []
    heads: dict[str, str] = {}
    under: dict[str, list[Block]] = {"": []}
    for block in blocks:
        if not isinstance(block, Heading):
            under[kind].append(block)
            continue
        head, _, rest = block.text.replace("：", ":").partition(":")
        kind, language = HEADINGS.get(re.sub(r"\(.*\)|（.*）", "", squash(head)), ("", ""))
        if kind in heads:
            message = f"two headings about {kind}"
            raise Unreadable(message)
        if kind:
            heads[kind] = rest
            languages.append(language)
        else:
            under[""].append(Text(block.text))
        under.setdefault(kind, [])
    if "http" not in heads:
        return None
    return Parts(max(sorted(set(languages)), key=languages.count), heads, under)


def signature(found: Parts) -> tuple[str, str]:
    """Read method and path, which stand first under the heading of the HTTP request; examples come after."""
    first = next(iter(found.under["http"]), None)
    if isinstance(first, (Text, Code)) and (match := REQUEST.search(first.text)):
        return match["method"], match["path"]
    raise Unreadable("no method and path under the heading of the HTTP request")


def rate(text: str) -> tuple[tuple[int, int], ...]:
    """Read a rate limit: pairs of requests and seconds."""
    found = []
    for each in re.split("[;；]", squash(text)):
        match = next(filter(None, (pattern.fullmatch(each) for pattern in RATES)), None)
        requests = int(match["requests"]) if match else 0
        period = int(match["period"] or 1) * SECONDS.get(match["unit"], 0) if match else 0
        if not requests or not period:
            message = f"no rate limit in {text.strip()[:60]!r}"
            raise Unreadable(message)
        found.append((requests, period))
    return tuple(found)


def listed(found: Parts, kind: str) -> Mapping[str, Field]:
    """Read the table under a heading; an operation without parameters may lack the heading, or say "none"."""
    if kind not in found.under and kind == "request":
        return {}
    blocks = found.under.get(kind, [])
    tables = [block for block in blocks if isinstance(block, Table)]
    if len(tables) == 1:
        return fields(tables[0], kind)
    if not tables and kind == "request" and any(isinstance(b, Text) and squash(b.text) in NOTHING for b in blocks):
        return {}
    message = f"{len(tables)} {kind} tables, expected one"
    raise Unreadable(message)


def codes(found: Parts) -> Iterator[str]:
    """Go through the blocks of code."""
    return (block.text for blocks in found.under.values() for block in blocks if isinstance(block, Code))


def examples(found: Parts, path: str) -> tuple[str, ...]:
    """List the queries of the example requests."""
    matches = (match for text in codes(found) for match in REQUEST.finditer(text))
    return tuple(sorted({"&".join(sorted((m["query"] or "").split("&"))) for m in matches if m["path"] == path}))


def answers(found: Parts) -> Iterator[tuple[str, list[Any]]]:
    """Go through the example answers: the text and the rows of each."""
    for text in codes(found):
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(answer, dict) and isinstance(rows := answer.get("data"), list):
            yield text, rows


def sample(found: Parts) -> tuple[str, ...]:
    """List the fields of the rows in the example answers."""
    rows = (row for _, rows in answers(found) for row in rows if isinstance(row, dict))
    return tuple(sorted({name for row in rows for name in row if NAME.fullmatch(name)}))


def prose(found: Parts) -> str:
    """Hash what stands outside the tables."""
    blocks = (block for kind, each in found.under.items() if kind != "http" for block in each)
    texts = [block.text for block in blocks if isinstance(block, Text)]
    return digest(" ".join(text for text in texts if squash(text) not in LABELS | NOTHING))


def facts(section: Section, found: Parts) -> Facts:
    """Read everything that a section says."""
    method, path = signature(found)
    if any(isinstance(block, Table) for kind, blocks in found.under.items() if kind not in TABLES for block in blocks):
        raise Unreadable("a table under a heading that is not known")
    if missing := {"rate", "per"} - found.heads.keys():
        message = f"no heading about {' and '.join(sorted(missing))}"
        raise Unreadable(message)
    counted = [squash(each) for each in re.split(r"[+＋&]|\band\b|和", found.heads["per"])]
    permissions = [squash(each) for each in re.split("[/,、]", found.heads.get("permission", ""))]
    return Facts(
        method=method,
        path=path,
        rate=rate(found.heads["rate"]),
        per=tuple(sorted(COUNTED_BY.get(each, each[:40]) for each in counted)),
        permission="/".join(PERMISSIONS.get(each, each[:40]) for each in permissions),
        request=listed(found, "request"),
        response=listed(found, "response"),
        title=digest(section.title),
        prose=prose(found),
        examples=examples(found, path),
        sample=sample(found),
        answers=digest("".join(text for text, _ in answers(found))),
    )


def read(data: bytes, method: str, path: str, titles: frozenset[str] = frozenset()) -> dict[str, Facts]:
    """Find one operation on a page and read it, by language.

    `titles` are the hashes of its known titles: under one of them another method or path is a change of this
    operation, not another one. Raises Absent when the page does not hold it, Unreadable when it is not understood.
    """
    text = decode(data)
    is_markdown = not text.lstrip().startswith("<") and not MARKED_HTML.search(text)
    form = markdown if is_markdown else markup
    exact: dict[str, Facts] = {}
    moved: dict[str, Facts] = {}
    budget = BUDGET
    mention = re.compile(rf"{re.escape(method)}\s+{re.escape(path)}(?![\w\-./])", re.ASCII)
    for section in form.sections(text):
        known = digest(section.title) in titles
        if not known and not mention.search(section.body):
            continue
        budget -= len(section.body)
        if budget < 0:
            raise Unreadable("too much text that might be about this operation")
        found = parts(form.blocks(section.body))
        if found is None:
            continue
        here = signature(found)
        if here != (method, path) and not known:
            continue
        target = exact if here == (method, path) else moved
        now = facts(section, found)
        if target.setdefault(found.language, now) != now:
            message = f"{method} {path} stands twice in {found.language}, with different facts"
            raise Unreadable(message)
    if not exact and not moved:
        others = sorted({f"{each['method']} {each['path']}" for each in REQUEST.finditer(text)})
        instead = f", but of {', '.join(others)[:200]}" if others else ""
        message = f"no documentation of {method} {path}{instead}"
        raise Absent(message)
    return {**moved, **exact}
