"""page.py: what is read from a page, and when it is refused."""

import pytest
from docs_watch.facts import Facts, OperationNotFoundError, PageParseError
from docs_watch.page import parse_page

from tests.docs_watch.pages import EN, FORMS, LANGUAGES, PAGES, PATH, RENDER, ZH, Page, Row, both


def reading(page: Page, form: str = "markdown") -> Facts:
    """Render a page and read it back."""
    (facts,) = parse_page(RENDER[form](page).encode(), page.method, page.path).values()
    return facts


@pytest.mark.parametrize("form", FORMS)
def test_both_languages_of_a_file(form: str) -> None:
    """Both languages of one file are found, with method, limits, parameters, values, examples and answers."""
    found = parse_page(both(form), "GET", PATH)
    assert list(found) == ["en", "zh"]
    for facts in found.values():
        assert (facts.method, facts.path, facts.rate, facts.per) == ("GET", PATH, ((20, 2),), ("user",))
        assert list(facts.request) == ["mgnMode", "instId", "ccy", "mgnCcy", "tradeQuoteCcy"]
        assert list(facts.response) == ["instId", "mgnMode", "mgnCcy", "maxLoan", "ccy", "side"]
        assert facts.request["mgnMode"].values == ("isolated", "cross")
        assert facts.request["mgnCcy"].values == ()
        assert facts.request["instId"].limit == 5
        assert facts.request["mgnMode"].required == "required"
        assert facts.examples == ("ccy=USDT&mgnMode=cross", "instId=BTC-USDT&mgnMode=cross")
        assert facts.sample == ("ccy", "instId", "maxLoan", "mgnCcy", "mgnMode", "side")
    assert found["en"].request["instId"].required == "conditional"
    assert found["zh"].request["instId"].required == "optional"
    assert (found["en"].response["side"].values, found["zh"].response["side"].values) == (("buy", "sell"), ())


@pytest.mark.parametrize("language", LANGUAGES)
def test_forms_agree(language: str) -> None:
    """The same page gives the same facts in both forms, hashes of texts included."""
    page = PAGES[language].with_row("response", Row("old", "~~What was `x`\nonce~~\n(gone)"))
    assert reading(page, "markdown") == reading(page, "html")


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
    """Every way of writing a rate limit that was seen is understood."""
    page = EN if text.isascii() or "Rate" in text else ZH
    assert reading(page.but(rate=text)).rate == rate


@pytest.mark.parametrize(
    "text", ["Rate Limit: as you like", "Rate Limit: 0 requests per 2 seconds", "限速：20 次", "限速：5次/0s"]
)
def test_unknown_rate_is_refused(text: str) -> None:
    """A rate limit in other words is no rate limit at all."""
    with pytest.raises(PageParseError, match="no rate limit in"):
        reading(EN.but(rate=text))


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("Yes", "required"), ("true", "required"), ("是", "required"),
        ("Conditional", "conditional"), ("条件必填", "conditional"), ("按情况", "conditional"),
        ("No", "optional"), ("Optional", "optional"), ("否", "optional"), ("可选", "optional"),
    ],
)  # fmt: skip
def test_required_words(word: str, meaning: str) -> None:
    """Every word of the column "required" that was seen is understood."""
    page = EN.without("request", "ccy").with_row("request", Row("ccy", "The coin", word))
    assert reading(page).request["ccy"].required == meaning


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        ("User ID", ("user",)),
        ("IP", ("ip",)),
        ("User ID + Instrument Type", ("instType", "user")),
        ("Broker", ("broker",)),
    ],
)
def test_what_the_limit_is_counted_by(words: str, keys: tuple[str, ...]) -> None:
    """The rule of the rate limit is read as a set; a new word is kept, so that it shows."""
    assert reading(EN.but(per=f"Rate limit rule: {words}")).per == keys


@pytest.mark.parametrize("form", FORMS)
def test_nested_and_array_fields(form: str) -> None:
    """A nested field carries its parents' names, and arrays say of what."""
    page = EN.with_row("response", Row("parts", "More", type="Array of objects"))
    page = page.with_row("response", Row("> size", "How much")).with_row("response", Row(">> unit", "Of what"))
    found = reading(page, form).response
    assert found["parts"].type == "array of object"
    assert list(found)[-3:] == ["parts", "parts.size", "parts.size.unit"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_operation_without_parameters(form: str, language: str) -> None:
    """The word "none" in place of a table is an empty table."""
    assert reading(Page(**{**vars(PAGES[language]), "request": ()}), form).request == {}


def test_heading_of_request_parameters_may_be_missing() -> None:
    """An operation without parameters may lack the heading as well."""
    text = RENDER["markdown"](EN.but(request=())).replace("#### Request Parameters\n\nnone\n", "")
    assert parse_page(text.encode(), "GET", PATH)["en"].request == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n", "\r\n"),
        ("  \n", "\n"),
        ("# How", "#  How"),
        ("Parameter | Type | Required | Description", "| Parameter | Type | **Required** | Description |"),
        ("---|---|---|---", "| :--- | ---: | --- | --- |"),
        ("Request Parameters", "Request parameters"),
        ("mgnMode | String | Yes", "mgnMode |  String |Yes"),
        ("`isolated` `cross`", "`isolated`  \n`cross`"),
        ("\n    GET  /api", "\n\n    GET  /api"),
    ],
)
def test_layout_is_no_fact(old: str, new: str) -> None:
    """Line ends, white space, pipes at the edges and letter case of headings change nothing."""
    text = RENDER["markdown"](EN)
    assert old in text
    assert parse_page(text.replace(old, new).encode(), "GET", PATH)["en"] == reading(EN)


def test_files_in_a_row() -> None:
    """Two files in one have an anchor each, and the second one's front matter is no text of the first."""
    other = EN.but(path="/api/v5/other", title="Other", anchor="other")
    text = both("markdown") + b"\n" + both("markdown", other, ZH.but(path="/api/v5/other", title="别的"))
    found = parse_page(text, "GET", PATH)
    assert found == parse_page(both("markdown"), "GET", PATH)
    assert [facts.anchor for facts in found.values()] == ["a-loan", "a-loan"]
    assert [facts.anchor for facts in parse_page(text, "GET", "/api/v5/other").values()] == ["other", "other"]


def test_byte_order_mark() -> None:
    """A byte order mark changes nothing."""
    assert parse_page(b"\xef\xbb\xbf" + RENDER["markdown"](EN).encode(), "GET", PATH)["en"] == reading(EN)


def test_fenced_code() -> None:
    """Fenced code is code: a comment in it is no title."""
    asked = "".join(f"    GET  {PATH}?{query}\n" for query in EN.queries)
    fenced = f"```\n# no title\n{asked.replace('    ', '')}```\n"
    text = RENDER["markdown"](EN)
    assert asked in text
    text = text.replace(asked, fenced)
    assert parse_page(text.encode(), "GET", PATH)["en"].examples == reading(EN).examples


LOOK_ALIKES = [
    EN.but(method="POST", path="/api/v5/finance/flexible-loan/max-loan", title="Another loan"),
    EN.but(path=f"{PATH}-history", title="Loans of the past"),
    EN.but(method="POST", title="Asking for a loan"),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("page", LOOK_ALIKES, ids=lambda page: page.title)
def test_similar_pages_are_told_apart(form: str, page: Page) -> None:
    """A page about another operation is refused, and the message says what it is about."""
    text = RENDER[form](page)
    with pytest.raises(OperationNotFoundError, match=f"{page.method} {page.path}"):
        parse_page(text.encode(), "GET", PATH)
    found = parse_page(f"{text}\n\n{RENDER[form](EN)}\n\n{text}".encode(), "GET", PATH)
    assert found == {"en": reading(EN)}


def test_why_there_is_no_documentation() -> None:
    """Where the operation is named only, that is said; otherwise the most similar operations come first."""
    other = EN.but(path="/api/v5/other", title="Other", prose=f"Its limit is shared with `GET {PATH}`.")
    with pytest.raises(
        OperationNotFoundError, match=f"of GET {PATH}: it is named in the documentation of GET /api/v5/other"
    ):
        parse_page(RENDER["html"](other).encode(), "GET", PATH)
    with pytest.raises(
        OperationNotFoundError, match=f"of GET {PATH}: it is named, but below no heading 'HTTP Request'"
    ):
        parse_page(f"# Loans\n\nAsk `GET {PATH}` for them.".encode(), "GET", PATH)
    with pytest.raises(OperationNotFoundError, match=f"of GET {PATH}: it is named, but below no title"):
        parse_page(RENDER["markdown"](EN).partition("\n")[2].encode(), "GET", PATH)
    text = "\n\n".join(RENDER["markdown"](EN.but(path=path)) for path in ("/a", "/b", "/c", f"{PATH}s"))
    with pytest.raises(OperationNotFoundError, match=f"of GET {PATH}, but of GET {PATH}s, GET /"):
        parse_page(text.encode(), "GET", PATH)


@pytest.mark.parametrize("form", FORMS)
def test_known_title_with_another_path(form: str) -> None:
    """Under a title that is known another path is a change of this operation."""
    page = EN.but(path="/api/v6/account/max-loan")
    text = RENDER[form](page).encode()
    assert parse_page(text, "GET", PATH, frozenset({reading(EN).title}))["en"].path == "/api/v6/account/max-loan"


def broken(form: str, old: str, new: str) -> bytes:
    """Damage the English page in one place."""
    text = RENDER[form](EN)
    assert old in text, old
    return text.replace(old, new).encode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no documentation"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"<html><body><h1>503 Service ServiceUnavailableError</h1></body></html>", "no documentation"),
        (broken("markdown", "#### Response Parameters", "#### Answer"), "table under a heading that is not known"),
        (broken("html", "Response Parameters", "Answer"), "table under a heading that is not known"),
        (broken("markdown", "#### Response Parameters", ""), "2 request tables"),
        (broken("markdown", "| Required |", "| Default |"), "columns"),
        (broken("html", "<th style=\"text-align: left\"><strong>Required</strong></th>\n", ""), "columns"),
        (broken("markdown", "String | Conditional", "String | Perhaps"), "does not say whether"),
        (broken("markdown", "mgnMode | String | Yes", "mgnMode | String"), "a row of the request table"),
        (broken("html", "<td>mgnMode</td>", ""), "a row of the request table"),
        (broken("html", "<td>mgnMode</td>", "<td>margin mode</td>"), "a row of the request table"),
        (broken("markdown", "ccy | String", "mgnMode | String"), "stands twice"),
        (broken("markdown", "instId | String |", "> instId | > |"), "is no type"),
        (broken("markdown", "#### Rate Limit: 20", "#### Speed: 20"), "no heading about rate"),
        (broken("html", "Rate limit rule: User ID", "Who is counted"), "no heading about per"),
        (broken("markdown", "`GET /api", "`FETCH /api"), "no method and path"),
        (broken("markdown", "#### Rate Limit", "#### Rate limit: none\n#### Rate Limit"), "two headings"),
        (both("markdown", EN, EN.without("request", "ccy")), "stands twice in en"),
        (RENDER["html"](EN.but(response=())).encode(), "the response table has no rows"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_said(data: bytes, said: str) -> None:
    """An unknown layout, a missing table or an error page is refused with its reason."""
    with pytest.raises(PageParseError, match=said):
        parse_page(data, "GET", PATH)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("heading", ["HTTP Requests", "Endpoint", "请求地址"])
def test_section_without_its_heading_is_named(form: str, language: str, heading: str) -> None:
    """A section that states the method and path below a heading that is not known is refused, with its language."""
    page = PAGES[language]
    words = {**page.words, "http": heading}
    with pytest.raises(PageParseError, match=f"^{language}: GET {PATH} stands under no heading of an HTTP request"):
        parse_page(RENDER[form](page.but(words=words)).encode(), "GET", PATH)


def test_mention_of_the_path_is_no_section_of_it() -> None:
    """A section about something else that mentions the path in a sentence is passed over."""
    other = EN.but(path="/api/v5/other", title="Other", prose=f"Its limit is shared with `GET {PATH}`.")
    for form in FORMS:
        text = f"{RENDER[form](other)}\n\n{RENDER[form](EN)}"
        assert parse_page(text.encode(), "GET", PATH) == {"en": reading(EN)}


@pytest.mark.parametrize(
    ("form", "old", "new"),
    [
        ("markdown", "\n\n> Request Example", "\n\nextra | String | No | What\n\n> Request Example"),
        ("markdown", "\n\n> Request Example", "\n\nParameter | Type | Description\n\n> Request Example"),
        ("markdown", "\n\n> Request Example", "\n\n---|---|---\n\n> Request Example"),
        ("markdown", "\n\n> Request Example", "\n\nextra | Decimal | What\n\n> Request Example"),
        ("markdown", "instId | String | Cond", "---|---|---|---\ninstId | String | Cond"),
        ("markdown", "instId | String | Cond", "---|---\ninstId | String | Cond"),
        ("html", "</tbody></table>", "</tbody></table><tr><td>extra</td><td>String</td></tr>"),
        ("html", "<td>instId</td>", "<td>instId<table><tr><td>extra</td></tr></table></td>"),
        ("html", "</thead>", "</thead>A sentence"),
        ("html", "<table><thead>", "<table><caption>A caption</caption><thead>"),
        ("html", "</tr>\n</tbody>", "</tr>\n<td>extra</td></tbody>"),
    ],
)
def test_pieces_of_tables_are_refused(form: str, old: str, new: str) -> None:
    """A row, header or delimiter where none belongs, and text of a table that is in no cell, are refused."""
    with pytest.raises(PageParseError, match=r"piece of a table|a row of the request table"):
        parse_page(broken(form, old, new), "GET", PATH)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("header", ["Parameter", "参数名"])
def test_second_header_is_refused(form: str, header: str) -> None:
    """A row of nothing but column names is a header, and not a parameter of that name."""
    page = EN.with_row("response", Row(header, "Description", type="Type"), 1)
    with pytest.raises(PageParseError, match="a row of the response table that is none"):
        reading(page, form)


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
    """Below the last row a quote, and a sentence past a blank line, are texts of it; other lines are the cell's."""
    text = RENDER["markdown"](EN)
    old = "`buy` `sell`"
    found = parse_page(text.replace(old, f"{old}  \n{line}").encode(), "GET", PATH)["en"]
    assert (found.response["side"].text != reading(EN).response["side"].text) is in_cell
    assert (found.prose != reading(EN).prose) is not in_cell
    assert found.response["side"].values == ("buy", "sell")


def test_quote_in_a_cell() -> None:
    """A quoted line between two rows goes on with the cell above, and no row is lost."""
    text = RENDER["markdown"](EN).replace("`isolated` `cross`  \n", "`isolated` `cross`  \n> For pairs only  \n")
    found = parse_page(text.encode(), "GET", PATH)["en"]
    assert list(found.request) == list(reading(EN).request)
    assert found.request["mgnMode"].source_text.endswith("> For pairs only")


def test_other_marks_of_markdown() -> None:
    """A row may have full-width pipes, and a name may be struck through with tags."""
    text = (
        RENDER["markdown"](EN)
        .replace("mgnCcy | String | Cond", "<del>mgnCcy</del> ｜ String ｜ Cond")
        .replace("al | The coin that is", "al ｜ The coin that is")
    )
    assert parse_page(text.encode(), "GET", PATH)["en"].struck == ("request.mgnCcy",)


@pytest.mark.parametrize("name", ["begin/end", "instIds[]", "name (new)", "loan amount", "币种", "24h", "ccy*"])
@pytest.mark.parametrize("form", FORMS)
def test_unusual_name_is_refused(form: str, name: str) -> None:
    """A row whose name is no name is refused, and never read as text of the row above."""
    with pytest.raises(PageParseError, match="a row of the request table that is none"):
        reading(EN.with_row("request", Row(name, "What", "No"), 2), form)


@pytest.mark.parametrize("form", FORMS)
def test_names_struck_through(form: str) -> None:
    """A name that is struck through, and what is nested below it, is in no table and is listed as struck."""
    page = EN.with_row("response", Row("~~parts~~", "More", type="Array of objects"))
    page = page.with_row("response", Row("> size", "How much")).with_row("response", Row("> ~~unit~~", "Of what"))
    found = reading(page.row("request", "mgnCcy", name="~~mgnCcy~~"), form)
    assert found.struck == ("request.mgnCcy", "response.parts", "response.parts.size", "response.parts.unit")
    assert "mgnCcy" not in found.request
    assert list(found.response) == list(reading(EN).response)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        (("max-loan`\n", "max-loan`\n\nA note.\n"), ("max-loan</code></p>", "max-loan</code></p><p>A note.</p>")),
        (("Request Parameters", "Request Parameters (old)"), ("Request Parameters", "Request Parameters (old)")),
        (("Request Parameters", "Request Parameters: old"), ("Request Parameters", "Request Parameters: old")),
    ],
)
def test_texts_beside_the_tables_are_prose(form: str, markdown: tuple[str, str], html: tuple[str, str]) -> None:
    """A text below the path, and what a heading says besides its words, change the hash of the prose."""
    found = parse_page(broken(form, *(markdown if form == "markdown" else html)), "GET", PATH)["en"]
    assert found.prose != reading(EN, form).prose
    assert found.request == reading(EN, form).request


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("table", ["request", "response"])
def test_row_without_a_description(form: str, table: str) -> None:
    """An empty last cell is a description of no words."""
    found = getattr(reading(EN.with_row(table, Row("extra", "", "No", "Array"), 1), form), table)["extra"]
    assert (found.type, found.text, found.values) == ("array", "", ())
