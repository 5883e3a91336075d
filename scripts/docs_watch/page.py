"""From the bytes of a page to the facts of one operation."""

from __future__ import annotations

import json
import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, NamedTuple

from . import html_page, markdown_page
from .blocks import Code, Heading, Section, Stray, Table, Text
from .facts import Facts, OperationNotFoundError, PageParseError, normalize, text_hash
from .table import NAME, Fields, parse_fields, parse_names
from .vocabulary import COUNTED_BY, HEADINGS, LABELS, NOTHING, PERMISSIONS, RATES, SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .blocks import Block

# The sections of one operation have 40 kB at most on the real pages. No parser is fed with more than this: the worst
# input that was found for libxml2, one tag with nothing but attributes, takes the square of its length, here 3 s.
BUDGET = 128 * 1024
TABLES = ("request", "response")
VALUED = ("rate", "per", "permission")  # headings that say their fact behind a colon
REMARK = re.compile(r"\(.*\)|（.*）")
REQUEST = re.compile(
    r"\b(?P<method>GET|POST|PUT|PATCH|DELETE)\s+(?P<path>/[\w\-./{}]{1,200})(?:\?(?P<query>[\w\-.,=&%]{0,500}))?",
    re.ASCII,
)
MARKED_HTML = re.compile(r"<(?:!doctype html|html|h[1-6])[\s>]", re.IGNORECASE)


class Parts(NamedTuple):
    """The blocks of a section, by the heading they stand under; `repeated` are headings that stand twice."""

    language: str
    heads: dict[str, str]
    under: dict[str, list[Block]]
    repeated: list[str]

    def state(self, method: str, path: str) -> bool:
        """Return whether a paragraph is nothing but this method and path, as where an operation is documented."""
        texts = (block.text.strip("`* ") for each in self.under.values() for block in each if isinstance(block, Text))
        return any((match := REQUEST.fullmatch(text)) and match.group(1, 2) == (method, path) for text in texts)


def decode(data: bytes) -> str:
    """Read the bytes as text."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PageParseError(f"not UTF-8 at byte {error.start}") from error


def is_markdown(text: str) -> bool:
    """Return whether a page is Markdown, not HTML."""
    return not text.lstrip().startswith("<") and not MARKED_HTML.search(text)


def split_by_heading(blocks: Iterator[Block]) -> Parts:
    """Sort a section's blocks under its headings; what a heading says besides its words is a text."""
    kind, languages = "", []
    heads: dict[str, str] = {}
    under: dict[str, list[Block]] = {"": []}
    repeated = []
    for block in blocks:
        if not isinstance(block, Heading):
            under[kind].append(block)
            continue
        head, _, rest = block.text.replace("：", ":").partition(":")
        remark = REMARK.search(head)
        kind, language = HEADINGS.get(normalize(REMARK.sub("", head)), ("", ""))
        under.setdefault(kind, [])
        if not kind:
            under[""].append(Text(block.text))
            continue
        if kind in heads:
            repeated.append(kind)
        heads[kind] = rest
        languages.append(language)
        said = [remark[0] if remark else "", rest if kind not in VALUED else ""]
        under[""] += [Text(each) for each in said if each.strip()]
    return Parts(max(sorted({*languages}), key=languages.count, default=""), heads, under, repeated)


def parse_method_and_path(found: Parts) -> tuple[str, str]:
    """Read method and path, which stand first under the heading of the HTTP request; examples come after."""
    first = next(iter(found.under["http"]), None)
    if isinstance(first, (Text, Code)) and (match := REQUEST.search(first.text)):
        return match["method"], match["path"]
    raise PageParseError("no method and path under the heading of the HTTP request")


def parse_rate(text: str) -> tuple[tuple[int, int], ...]:
    """Read a rate limit: pairs of requests and seconds."""
    found = []
    for each in re.split("[;；]", normalize(text)):
        match = next(filter(None, (pattern.fullmatch(each) for pattern in RATES)), None)
        requests = int(match["requests"]) if match else 0
        period = int(match["period"] or 1) * SECONDS.get(match["unit"], 0) if match else 0
        if not requests or not period:
            raise PageParseError(f"no rate limit in {text.strip()[:60]!r}")
        found.append((requests, period))
    return tuple(found)


def parse_table(found: Parts, kind: str, names: frozenset[str]) -> Fields:
    """Read the table under a heading; an operation without parameters may lack the heading, or say "none"."""
    if kind not in found.under and kind == "request":
        return Fields({})
    blocks = found.under.get(kind, [])
    tables = [block for block in blocks if isinstance(block, Table)]
    if len(tables) == 1:
        return parse_fields(tables[0], kind, names)
    if not tables and kind == "request" and any(isinstance(b, Text) and normalize(b.text) in NOTHING for b in blocks):
        return Fields({})
    raise PageParseError(f"{len(tables)} {kind} tables, expected one")


def code_blocks(found: Parts) -> Iterator[str]:
    """Go through the blocks of code."""
    return (block.text for blocks in found.under.values() for block in blocks if isinstance(block, Code))


def example_queries(found: Parts, path: str) -> tuple[str, ...]:
    """List the queries of the example requests."""
    matches = (match for text in code_blocks(found) for match in REQUEST.finditer(text))
    return tuple(sorted({"&".join(sorted((m["query"] or "").split("&"))) for m in matches if m["path"] == path}))


def example_responses(found: Parts) -> Iterator[tuple[str, list[Any]]]:
    """Go through the example answers: the text and the rows of each."""
    for text in code_blocks(found):
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(answer, dict) and isinstance(rows := answer.get("data"), list):
            yield text, rows


def example_fields(found: Parts) -> tuple[str, ...]:
    """List the fields of the rows in the example answers."""
    rows = (row for _, rows in example_responses(found) for row in rows if isinstance(row, dict))
    return tuple(sorted({name for row in rows for name in row if NAME.fullmatch(name)}))


def prose(found: Parts) -> str:
    """Read what stands outside the tables."""
    blocks = (block for kind, each in found.under.items() for block in each[kind == "http" :])
    texts = [block.text for block in blocks if isinstance(block, Text)]
    return "\n".join(text for text in texts if normalize(text) not in LABELS | NOTHING)


def extract_facts(section: Section, found: Parts) -> Facts:
    """Read everything that a section says."""
    method, path = parse_method_and_path(found)
    if found.repeated:
        raise PageParseError(f"two headings about {' and '.join(found.repeated)}")
    if strays := [block.text for each in found.under.values() for block in each if isinstance(block, Stray)]:
        raise PageParseError(f"a piece of a table outside of one, or of another table in one: {strays[0][:60]!r}")
    if any(isinstance(block, Table) for kind, blocks in found.under.items() if kind not in TABLES for block in blocks):
        raise PageParseError("a table under a heading that is not known")
    if missing := {"rate", "per"} - found.heads.keys():
        raise PageParseError(f"no heading about {' and '.join(sorted(missing))}")
    counted = [normalize(each) for each in re.split(r"[+＋&]|\band\b|和", found.heads["per"])]
    tables = [block for blocks in found.under.values() for block in blocks if isinstance(block, Table)]
    names = frozenset[str]().union(*map(parse_names, tables))
    request, response = (parse_table(found, kind, names) for kind in TABLES)
    words = {"title": section.title, "prose": prose(found)}
    permissions = [normalize(each) for each in re.split("[/,、]", found.heads.get("permission", ""))]
    return Facts(
        method=method,
        path=path,
        rate=parse_rate(found.heads["rate"]),
        per=tuple(sorted(COUNTED_BY.get(each, each[:40]) for each in counted)),
        permission="/".join(PERMISSIONS.get(each, each[:40]) for each in permissions),
        request=request.rows,
        response=response.rows,
        title=text_hash(words["title"]),
        prose=text_hash(words["prose"]),
        examples=example_queries(found, path),
        sample=example_fields(found),
        answers=text_hash("".join(text for text, _ in example_responses(found))),
        struck=(*request.struck, *response.struck),
        anchor=section.anchor,
        words=words,
    )


def absence(text: str, wanted: str, titled: bool, documented: Sequence[str]) -> str:
    """Return why a page holds no documentation of an operation: where it is named, or what is most like it."""
    others = {f"{each['method']} {each['path']}" for each in REQUEST.finditer(text)}
    nearest = sorted(others, key=lambda each: (-SequenceMatcher(None, wanted, each).ratio(), each))[:3]
    if wanted in others and documented:
        why = f": it is named in the documentation of {', '.join(sorted({*documented}))[:300]}"
    elif wanted in others:
        why = ": it is named, but below no " + ("heading 'HTTP Request' or 'HTTP 请求'" if titled else "title")
    else:
        why = f", but of {', '.join(nearest)[:300]}" if nearest else ""
    return f"no documentation of {wanted}{why}"


def parse_page(data: bytes, method: str, path: str, titles: frozenset[str] = frozenset()) -> dict[str, Facts]:
    """Find one operation on a page and read it, by language.

    `titles` are the hashes of its known titles: under one of them another method or path is a change of this
    operation, not another one. Raises OperationNotFoundError when the page does not hold it, PageParseError when it
    is not understood.
    """
    text = decode(data)
    form = markdown_page if is_markdown(text) else html_page
    exact: dict[str, Facts] = {}
    moved: dict[str, Facts] = {}
    titled, documented = False, list[str]()
    budget = BUDGET
    mention = re.compile(rf"{re.escape(method)}\s+{re.escape(path)}(?![\w\-./])", re.ASCII)
    for section in form.sections(text):
        known = text_hash(section.title) in titles
        if not known and not mention.search(section.body):
            continue
        titled = True
        budget -= len(section.body)
        if budget < 0:
            raise PageParseError("too much text that might be about this operation")
        found = split_by_heading(form.blocks(section.body))
        if "http" not in found.heads:
            if found.state(method, path):
                message = (
                    f"{found.language or section.title[:60]}: {method} {path} stands under no heading of an HTTP"
                    f" request; the headings that are known are about {', '.join(found.heads) or 'nothing'}"
                )
                raise PageParseError(message)
            continue
        here = parse_method_and_path(found)
        if here != (method, path) and not known:
            documented.append(" ".join(here))
            continue
        target = exact if here == (method, path) else moved
        now = extract_facts(section, found)
        if target.setdefault(found.language, now) != now:
            raise PageParseError(f"{method} {path} stands twice in {found.language}, with different facts")
    if not exact and not moved:
        raise OperationNotFoundError(absence(text, f"{method} {path}", titled, documented))
    return {**moved, **exact}
