"""page.py: the facts of a page, and the pages that it rejects."""

import pytest
from docs_watch.facts import Facts, Field, OperationNotFoundError, PageParseError
from docs_watch.page import parse_page

from tests.docs_watch.pages import EN, FORMS, LANGUAGES, PAGES, PATH, RENDER, ZH, Page, both, edit_page


def parse(page: Page, form: str = "markdown") -> Facts:
    """Render a page and parse it."""
    (facts,) = parse_page(RENDER[form](page).encode(), page["method"], page["path"]).values()
    return facts


def parse_edited(old: str, new: str) -> Facts:
    """Replace a text of the English Markdown page and parse it."""
    text = RENDER["markdown"](EN)
    assert old in text
    return parse_page(text.replace(old, new).encode(), "GET", PATH)["en"]


def add_fields(page: Page, *rows: tuple[str, str, str]) -> Page:
    """Add fields with their name, type and description below the last one."""
    fields = [dict(zip(("name", "type", "description"), row, strict=True)) for row in rows]
    return {**page, "response": [*page["response"], *fields]}


@pytest.mark.parametrize("form", FORMS)
def test_both_languages_of_a_file(form: str) -> None:
    """Both languages of one file are parsed, and each fact is its own; test_drift.py compares them with the spec."""
    en, zh = parse_page(both(form), "GET", PATH).values()
    for facts in (en, zh):
        assert facts.examples == ("ccy=USDT&mgnMode=cross", "instId=BTC-USDT&mgnMode=cross")
        assert facts.sample == ("ccy", "instId", "maxLoan", "mgnCcy", "mgnMode", "side")
    assert (en.request["instId"].required, zh.request["instId"].required) == ("conditional", "optional")
    assert (en.response["side"].values, zh.response["side"].values) == (("buy", "sell"), ())


@pytest.mark.parametrize("language", LANGUAGES)
def test_forms_agree(language: str) -> None:
    """The same page gives the same facts in both formats, hashes of texts included."""
    page = add_fields(PAGES[language], ("old", "String", "~~What was `x`\nonce~~\n(gone)"))
    assert parse(page, "markdown") == parse(page, "html")


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("Rate Limit: 20 requests per 2 seconds", ((20, 2),)),
        ("Rate limit：6 requests per second", ((6, 1),)),
        ("Rate Limit: 1 request per 2 minutes", ((1, 120),)),
        ("Rate Limit: 5 requests per 2 seconds; 80 requests per 12 hours", ((5, 2), (80, 43200))),
        ("限速：20 次/2s", ((20, 2),)),
        ("限速：2次/2秒", ((2, 2),)),
        ("限速：每2秒5次请求", ((5, 2),)),
        ("限速：60次/分钟", ((60, 60),)),
    ],
)
def test_rate_headings(text: str, rate: tuple[tuple[int, int], ...]) -> None:
    """Every observed form of a rate limit is parsed."""
    page = EN if "Rate" in text else ZH
    assert parse(edit_page(page, rate=text)).rate == rate


@pytest.mark.parametrize("form", FORMS)
def test_nested_and_array_fields(form: str) -> None:
    """A nested field has its parents' names, and an array has its item type; an empty description has no hash."""
    rows = (("parts", "Array of objects", ""), ("> size", "String", "How much"), (">> unit", "String", "Of what"))
    parsed = parse(add_fields(EN, *rows), form).response
    assert list(parsed)[-3:] == ["parts", "parts.size", "parts.size.unit"]
    assert parsed["parts"] == Field("array of object")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_operation_without_parameters(form: str, language: str) -> None:
    """The word "none" in place of a table is an empty table, and the heading may be missing with it."""
    page = {**PAGES[language], "request": []}
    assert parse(page, form).request == {}
    text = RENDER["markdown"](page).replace(f"#### {page['words']['request']}\n\n{page['words']['none']}\n", "")
    assert parse_page(text.encode(), "GET", PATH)[language].request == {}


REQUESTS = "".join(f"    GET  {PATH}?{query}\n" for query in EN["queries"].split())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n", "\r\n"),
        ("  \n", "\n"),
        ("# How", "\ufeff# How"),
        (REQUESTS, f"```\n# no title\n{REQUESTS.replace('    ', '')}```\n"),
    ],
)
def test_layout_is_no_fact(old: str, new: str) -> None:
    """Line ends, a byte order mark and fences around code change no fact."""
    assert parse_edited(old, new) == parse(EN)


def test_files_in_a_row() -> None:
    """Two pages in one file have an anchor each, and the second one's front matter is no text of the first."""
    other = edit_page(EN, path="/api/v5/other", title="Other", anchor="other")
    text = both("markdown") + b"\n" + both("markdown", other, edit_page(ZH, path="/api/v5/other", title="别的"))
    parsed = parse_page(text, "GET", PATH)
    assert parsed == parse_page(both("markdown"), "GET", PATH)
    assert [facts.anchor for facts in parsed.values()] == ["a-loan", "a-loan"]
    assert [facts.anchor for facts in parse_page(text, "GET", "/api/v5/other").values()] == ["other", "other"]


LOOK_ALIKES = [
    edit_page(EN, method="POST", path="/api/v5/finance/flexible-loan/max-loan", title="Another loan"),
    edit_page(EN, path=f"{PATH}-history", title="Loans of the past"),
    edit_page(EN, method="POST", title="Asking for a loan"),
]
MENTION = edit_page(EN, path="/api/v5/other", title="Other", prose=f"Its limit is shared with `GET {PATH}`.")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("page", [*LOOK_ALIKES, MENTION], ids=lambda page: page["title"])
def test_similar_pages_are_rejected(form: str, page: Page) -> None:
    """A page about another operation is rejected by name, and ignored beside the documentation of this one."""
    text = RENDER[form](page)
    with pytest.raises(OperationNotFoundError, match=f"{page['method']} {page['path']}"):
        parse_page(text.encode(), "GET", PATH)
    parsed = parse_page(f"{text}\n\n{RENDER[form](EN)}\n\n{text}".encode(), "GET", PATH)
    assert parsed == {"en": parse(EN)}


MARKDOWN = RENDER["markdown"](EN)
OTHERS = "\n\n".join(RENDER["markdown"](edit_page(EN, path=path)) for path in ("/a", "/b", "/c", f"{PATH}s"))


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (b"", f"no documentation of GET {PATH}$"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"<html><body><h1>503 Service ServiceUnavailableError</h1></body></html>", f"no documentation of GET {PATH}$"),
        (both("markdown", EN, edit_page(EN, drop=["request.ccy"])), "stands twice in en"),
        (RENDER["html"](MENTION).encode(), f"of GET {PATH}: it is named in the documentation of GET /api/v5/other"),
        (f"# Loans\n\nAsk `GET {PATH}`.".encode(), f"of GET {PATH}: it is named, but below no heading 'HTTP Request'"),
        (MARKDOWN.partition("\n")[2].encode(), f"of GET {PATH}: it is named, but below no title"),
        (OTHERS.encode(), f"of GET {PATH}, but of GET {PATH}s, GET /"),
    ],
)
def test_invalid_page_is_rejected_with_a_reason(page: bytes, message: str) -> None:
    """An error page and two versions are rejected; mentions of the operation, or the most similar ones, are named."""
    with pytest.raises(PageParseError, match=message):
        parse_page(page, "GET", PATH)


@pytest.mark.parametrize(
    ("line", "in_cell"),
    [
        ("More of it", True),
        ("> A quote", False),
        ("  \nA note", False),
        ("  \n`buy`: to buy", True),
        ("  \n> A quote", False),
    ],
)
def test_what_follows_the_last_row(line: str, in_cell: bool) -> None:
    """Below the last row, a quote or a sentence after a blank line is page text; other lines continue the cell."""
    parsed = parse_edited("`buy` `sell`", f"`buy` `sell`  \n{line}")
    assert (parsed.response["side"].text != parse(EN).response["side"].text) is in_cell
    assert (parsed.prose != parse(EN).prose) is not in_cell
    assert parsed.response["side"].values == ("buy", "sell")


@pytest.mark.parametrize("form", FORMS)
def test_names_struck_through(form: str) -> None:
    """A struck-through name and its nested fields are in no table and are listed as struck."""
    rows = (("~~parts~~", "Array of objects", "More"), ("> size", "String", ""), ("> ~~unit~~", "String", ""))
    parsed = parse(edit_page(add_fields(EN, *rows), request={"mgnCcy": {"name": "~~mgnCcy~~"}}), form)
    assert parsed.struck == ("request.mgnCcy", "response.parts", "response.parts.size", "response.parts.unit")
    assert "mgnCcy" not in parsed.request
    assert list(parsed.response) == list(parse(EN).response)
