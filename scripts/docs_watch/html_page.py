"""The HTML form of a page."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from lxml import etree

from .blocks import Code, Heading, Section, Stray, Table, Text
from .facts import PageParseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element

    from .blocks import Block

TITLE = re.compile(r"<h[1-3](?=[\s>])[^<>]{0,1000}>", re.IGNORECASE)
ANCHOR = re.compile(r"\sid\s*=\s*[\"']?([\w\-]{1,200})")
TITLE_END = re.compile(r"</h[1-3]\s*>", re.IGNORECASE)
TAG = re.compile(r"<[^<>]*>")
UNSEEN = {"button", "script", "style", "template", "svg"}
PARTS = {"h4", "h5", "h6"}
CELLS = ("th", "td")
ROW_TAGS = {"caption", "thead", "tbody", "tfoot", "tr", *CELLS}
BREAKING = {"p", "div", "li", "ul", "ol"}
OUTSIDE = etree.XPath(".//text()[normalize-space() and not(ancestor::td or ancestor::th)]")
AROUND = {"code": "`", "del": "~~", "s": "~~", "strike": "~~"}


def sections(text: str) -> Iterator[Section]:
    """Cut a page at its titles; only what is asked for goes through the parser.

    Every HTML parser that was tried has inputs of a few MB that take it minutes or gigabytes; libxml2, which
    stops at a depth of 256, has the fewest.
    """
    starts = list(TITLE.finditer(text))
    ends = [*(each.start() for each in starts[1:]), len(text)]
    for start, stop in zip(starts, ends, strict=False):
        body = text[start.end() : stop]
        if end := TITLE_END.search(body, 0, 1000):
            anchor = ANCHOR.search(start[0])
            title = html.unescape(TAG.sub("", body[: end.start()]))
            yield Section(title, body[end.end() :], anchor[1] if anchor else "", int(start[0][2]))


def inline(node: _Element) -> str:
    """Read the text of a cell or a paragraph."""
    tag = node.tag
    if tag in UNSEEN:
        return ""
    if tag == "br":
        return "\n"
    inner = re.sub(r"\s+", " ", node.text or "")
    inner += "".join(inline(each) + re.sub(r"\s+", " ", each.tail or "") for each in node)
    if tag in BREAKING:
        return f"\n{inner}\n"
    mark = AROUND.get(tag, "")
    return f"{mark}{inner}{mark}" if inner.strip() else inner


def table(node: _Element) -> Iterator[Block]:
    """Read a table; what of its text stands in no cell of a row is a stray."""
    rows = [[*row.iterchildren(*CELLS)] for row in node.iter("tr")]
    yield Table([[inline(cell).strip().removeprefix("\n") for cell in row] for row in rows])
    nested = next(node.iterdescendants("table"), None) is not None
    if nested or sum(map(len, rows)) != sum(1 for _ in node.iter(*CELLS)) or OUTSIDE(node):
        yield Stray(inline(node).strip())


def walk(node: _Element) -> Iterator[Block]:
    """Read the blocks below an element."""
    if node.text and node.text.strip():
        yield Text(node.text.strip())
    for each in node:
        if each.tag in PARTS:
            yield Heading(inline(each).strip())
        elif each.tag == "table":
            yield from table(each)
        elif each.tag in ROW_TAGS:
            yield Stray(inline(each).strip())
        elif each.tag == "pre":
            yield Code("".join(map(str, each.itertext())))
        elif each.tag == "p":
            yield Text(inline(each).strip())
        elif each.tag not in UNSEEN:
            yield from walk(each)
        if each.tail and each.tail.strip():
            yield Text(each.tail.strip())


def blocks(body: str) -> Iterator[Block]:
    """Read the blocks of a section."""
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        yield from walk(etree.fromstring(f"<body>{body}".encode(), parser))
    except etree.XMLSyntaxError as error:
        raise PageParseError(f"the HTML parser gave up: {error}") from error
