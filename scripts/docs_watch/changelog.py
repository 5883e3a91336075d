"""OKX's changelog: what it announced since somebody last reviewed it, and why that concerns us."""

from __future__ import annotations

import html
import re
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from . import html_page, markdown_page
from .blocks import Table
from .compare import Severity
from .facts import PageParseError, normalize, text_hash
from .page import BUDGET, decode, is_markdown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .blocks import Section
    from .lock import Lock
    from .spec import Spec

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DATES = (
    re.compile(r"(?P<year>20\d\d)\s*[-./年]\s*(?P<month>\d{1,2})\s*[-./月]\s*(?P<day>\d{1,2})日?(?!\d)"),
    re.compile(r"\b(?P<name>[A-Z][a-z]{2,8})\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?,? (?P<year>20\d\d)"),
    re.compile(r"\b(?P<day>\d{1,2}) (?P<name>[A-Z][a-z]{2,8})\.?,? (?P<year>20\d\d)"),
)
INCOMPATIBLE = re.compile(
    r"(?<!non-)(?<!no )(?<!not a )(?<!without )\bbreaking[ -]changes?\b|\bincompatible\b"
    r"|\b(?:not (?:be )?|non-?)(?:(?:backwards?|forwards?)[ -])?compatible|(?<![非无])(?<!没有)不(?:向[下后前]|再)?兼容"
    r"|无法(?:向[下后前])?兼容",
    re.IGNORECASE,
)
RATE = re.compile(
    r"\brate[ -]?limit|\brequest frequency|\brequests? per (?:\d+ )?(?:second|minute)"
    r"|限速|频率限制|限频|请求频率|\d ?次 ?/ ?\d* ?[s秒分]",
    re.IGNORECASE,
)
HOST = re.compile(
    r"(?<![\w.-])(?!ws)[a-z0-9-]{1,40}\.okx\.com\b(?!/(?:[\w-]{1,10}/)?(?:docs|help|learn|support|api/v\d/docs))"
)
_HOSTS = r"\b(?:domains?|hosts?|base ?urls?)\b"
HOST_WORDS = re.compile(
    rf"\b(?:REST|API)\b[^.\n]{{0,60}}{_HOSTS}|{_HOSTS}[^.\n]{{0,60}}\b(?:REST|API)\b|(?:REST|API|接口)[^。\n]{{0,30}}域名",
    re.IGNORECASE,
)
CODE = re.compile(r"(?<![\d.])\d{5}(?![\d.])")
QUOTED = re.compile(r"`([A-Za-z]\w{0,60})`", re.ASCII)
WORD = re.compile(r"[A-Za-z]\w{0,60}", re.ASCII)
# A word of any sentence is a name where the text calls it a parameter or a field; "the parameter type" is about a type.
_NAME = r"[\"'“‘*_`]{0,2}[A-Za-z]\w{0,60}[\"'”’*_`]{0,2}"
_NEXT = r" {0,2}(?:[,，、/和与及或]|\band\b|\bor\b){1,2} {0,2}"
CALLED = (
    re.compile(
        rf"(?:\b(?:parameter|field)s?\b|参数|字段)(?: (?:named|called|are|is))?[ :：为是]{{0,3}}"
        rf"(?!type\b)({_NAME}(?:{_NEXT}{_NAME}){{0,20}})",
        re.ASCII | re.IGNORECASE,
    ),
    re.compile(
        rf"({_NAME}) ?(?:(?:request|response) )?(?:(?:parameter|field)s?\b|参数|字段)", re.ASCII | re.IGNORECASE
    ),
)
# What OKX's sentences call instId.
INSTRUMENT_ID = re.compile(r"\b(?:instrument|pair) ids?\b|(?:产品|币对) ?ids?(?![a-z])", re.IGNORECASE)
# A path that stands for all below it: `/api/v5/account/*`.
PATHS_BELOW = re.compile(r"/api/v\d/(?:[\w-]{1,60}/){0,9}(?=\*|[^\w{-]|$)", re.ASCII)
# A title is known by its hash: this many words, or Chinese letters, in a row are held against it.
TITLE_WORDS, TITLE_LETTERS = 12, 24
# So many letters may be unreviewed: to look for titles takes 40 s for a million Chinese letters.
UNREVIEWED = 2 * 1024 * 1024


class Entry(NamedTuple):
    """One announcement; without a date it is about something to come. `headline` is the title of its day."""

    day: date | None
    section: Section
    form: str
    headline: str = ""

    def texts(self) -> Iterator[str]:
        """Read its texts, each cell of a table by itself; code stands in back quotes."""
        yield from filter(None, [self.headline])
        yield self.section.title
        if len(self.section.body) > BUDGET:
            raise PageParseError(f"an entry of the changelog is too long: {self.section.title[:60]!r}")
        for block in FORMS[self.form].blocks(self.section.body):
            if isinstance(block, Table):
                yield from (cell for row in block.rows for cell in row)
            else:
                yield block.text

    def hash(self) -> str:
        """Hash what an announcement says."""
        return text_hash("\n".join(self.texts()))


class Notice(NamedTuple):
    """An entry that concerns us, and why; `day` is "upcoming" where it has none."""

    day: str
    title: str
    reasons: tuple[str, ...]
    severity: Severity


TAG_OR_TEXT = re.compile(r"<(?:(?P<open>)|/)(?P<tag>[A-Za-z][A-Za-z0-9]{0,20})[^<>]{0,2000}>|(?P<text>[^<]+)")
TITLES, CELLS = ("h1", "h2", "h3"), ("td", "th")
BLOCKS = {
    *TITLES,
    *CELLS,
    *(f"h{level}" for level in (4, 5, 6)),
    "p",
    "div",
    "li",
    "ul",
    "ol",
    "table",
    "tr",
    "blockquote",
}
FORMS = {"markdown": markdown_page, "html": html_page}
PART = {"markdown": "\n\n#### {title}\n\n{body}", "html": "<h4>{title}</h4>{body}"}


def find_date(title: str) -> tuple[date | None, str]:
    """Find the date that a title begins with, and what the title says besides."""
    for pattern in DATES:
        if match := pattern.match(title.strip()):
            given = match.groupdict()
            name = given.get("name", "")[:3].lower()
            month = int(given.get("month") or (MONTHS.index(name) + 1 if name in MONTHS else 0))
            try:
                day = date(int(given["year"]), month, int(given["day"]))
            except ValueError:
                continue
            return day, title.strip()[match.end() :].strip(" -–—:：()（）")
    return None, title


def parse_changelog(data: bytes) -> list[Entry]:
    """Read the entries of a changelog; raises PageParseError where a page has none with a date."""
    text = decode(data)
    form = "markdown" if is_markdown(text) else "html"
    refuse_dates_within(text, form)
    pieces: list[tuple[Entry, list[str]]] = []
    day: date | None = None
    headline = ""
    top = 0  # the level of titles of which deeper ones are parts; 0 below a date
    for section in FORMS[form].sections(text):
        found, title = find_date(section.title)
        if found or is_upcoming(section.title):
            day, top, headline = found, 0, title
        elif top and section.level > top:
            pieces[-1][1].append(PART[form].format(title=section.title, body=section.body))
            continue
        else:
            top = section.level
        above = headline if top else ""
        pieces.append((Entry(day, section._replace(title=title), form, above), [section.body]))
    whole = (entry._replace(section=entry.section._replace(body="".join(parts))) for entry, parts in pieces)
    entries = [entry for entry in whole if entry.section.body.strip()]
    if not any(entry.day for entry in entries):
        raise PageParseError("a changelog without a single date")
    return entries


def lines_of_markdown(text: str) -> Iterator[tuple[bool, str]]:
    """List the lines that stand by themselves or are marked as headings or bold, and whether each is a title."""
    lines = ["", *text.splitlines(), ""]
    for number, line in enumerate(lines[1:-1], 1):
        alone = not lines[number - 1].strip() and not lines[number + 1].strip()
        if line[:1] in {"#", "*", "_"} or (alone and not line.startswith("    ")):
            yield bool(markdown_page.TITLE.match(line)), line.strip("#*_ \t")


def lines_of_html(text: str) -> Iterator[tuple[bool, str]]:
    """List the texts of headings and paragraphs outside of tables, and whether each is a title."""
    block, in_cell, pieces = "", False, list[str]()
    for match in TAG_OR_TEXT.finditer(text):
        tag = (match["tag"] or "").lower()
        if tag in {"", "br"} or tag not in BLOCKS:
            pieces.append(match["text"] or "")
            continue
        if not in_cell:
            yield block in TITLES, html.unescape("".join(pieces)).strip()
        pieces = []
        block = tag if match["open"] is not None else ""
        in_cell = (in_cell or tag in CELLS) if match["open"] is not None else in_cell and tag not in {*CELLS, "table"}


def refuse_dates_within(text: str, form: str) -> None:
    """Raise PageParseError for a date by itself that is no title: what follows it would count as older.

    A date that is not later than that of the title above it says nothing new.
    """
    day = date.min
    for is_title, line in LINES[form](text):
        found, rest = find_date(line)
        if is_title:
            day = found or day
        elif found and not rest and found > day:
            raise PageParseError(f"the date {found} of the changelog stands in no title")


LINES = {"markdown": lines_of_markdown, "html": lines_of_html}


def is_upcoming(title: str) -> bool:
    """Return whether what follows a title has no date yet."""
    return any(each in normalize(title) for each in ("upcoming", "comingsoon", "即将", "预告", "待上线"))


class Names(NamedTuple):
    """The names of this project that an entry may mention."""

    paths: dict[str, str]
    anchors: dict[str, str]
    titles: dict[str, str]
    fields: dict[str, str]
    codes: frozenset[str]


def our_names(spec: Spec, lock: Lock) -> Names:
    """List what the spec and the lock name; titles by their hashes."""
    paths: dict[str, str] = {}
    anchors: dict[str, str] = {}
    titles: dict[str, str] = {}
    fields: dict[str, str] = {}
    for operation, method, path in spec.operations():
        paths[path] = operation
        anchors |= dict.fromkeys(spec.anchors(method, path).values(), operation)
        titles |= {facts.title: operation for facts in lock.facts(operation).values()}
        facts = spec.facts(method, path)
        for name in (*facts.request, *facts.response):
            fields.setdefault(name, operation)
    return Names(paths, anchors, titles, fields, frozenset(spec.error_codes()))


def title_hashes(text: str) -> Iterator[str]:
    """Hash every piece of a text that could be a title: words in a row, Chinese letters in a row."""
    for line in text.splitlines():
        words = line.replace("`", "").split()
        for start in range(len(words)):
            for end in range(start + 1, min(len(words), start + TITLE_WORDS) + 1):
                yield text_hash(" ".join(words[start:end]).strip(" ,.;:!?()[]\"'*"))
        for run in re.findall(r"[\u4e00-\u9fffA-Za-z0-9/ ]{2,}", line):
            letters = run.replace(" ", "")
            if re.search(r"[\u4e00-\u9fff]", letters):
                for start in range(len(letters)):
                    for end in range(start + 2, min(len(letters), start + TITLE_LETTERS) + 1):
                        yield text_hash(letters[start:end])


def reasons(entry: Entry, names: Names) -> Iterator[str]:
    """Return why an entry concerns us."""
    texts = [*entry.texts()]
    whole, flat = "\n".join(texts), normalize("".join(texts))
    operations = {
        operation for path, operation in names.paths.items() if re.search(rf"{re.escape(path)}(?![\w/-])", whole)
    }
    below = {*PATHS_BELOW.findall(whole)}
    operations |= {operation for path, operation in names.paths.items() if any(map(path.startswith, below))}
    for anchor, operation in names.anchors.items():
        slug = normalize(anchor.rpartition("rest-api-")[2].replace("-", ""))
        if re.search(rf"#{re.escape(anchor)}(?![\w-])", entry.section.body) or slug in re.sub(r"[^\w]", "", flat):
            operations.add(operation)
    hashes = names.titles.keys() & {*title_hashes(whole)}
    operations |= {names.titles[each] for each in hashes}
    yield from sorted(operations)
    # `ccy` and `type` are words of any sentence: they count in back quotes, or alone in a cell of a table.
    words = (word for word in WORD.findall(whole) if not word.islower() and not word.istitle())
    said = {*QUOTED.findall(whole), *words, *(text.strip("`~> ") for text in texts)}
    said |= {name for pattern in CALLED for listed in pattern.findall(whole) for name in WORD.findall(listed)}
    said |= {"instId"} if INSTRUMENT_ID.search(whole) else set()
    yield from (name for name in names.fields if name in said)
    yield from (f"error {code}" for code in sorted(names.codes & {*CODE.findall(whole)}))
    yield from sorted(
        {f"host {each}" for each in HOST.findall(whole)} or {"REST hosts" for _ in HOST_WORDS.findall(whole)}
    )
    if RATE.search(whole):
        yield "rate limits"


def notices(entries: Sequence[Entry], spec: Spec, lock: Lock) -> list[Notice]:
    """List the entries that nobody has reviewed and that concern us; raises PageParseError where there are too many."""
    names, found = our_names(spec, lock), []
    new = [each for each in entries if not lock.has_reviewed(each.day, each.hash() if each.day is None else "")]
    if sum(len(each.section.body) for each in new) > UNREVIEWED:
        raise PageParseError("too much of the changelog is unreviewed; say with --reviewed from which day on it counts")
    for entry in new:
        if why := tuple(dict.fromkeys(reasons(entry, names))):
            breaks = any(INCOMPATIBLE.search(text) for text in entry.texts())
            day = entry.day.isoformat() if entry.day else "upcoming"
            severity = Severity.BREAKING if breaks else Severity.WORDING
            found.append(Notice(day, entry.section.title or "-", why, severity))
    return found
