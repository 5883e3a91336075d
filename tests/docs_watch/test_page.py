"""page.py: the facts of a page, and the pages that it rejects."""

import pytest
from docs_watch.facts import Facts, OperationNotFoundError, PageParseError
from docs_watch.page import parse_page

from tests.docs_watch.pages import EN, FORMS, LANGUAGES, PAGES, PATH, RENDER, ZH, Page, Row, both


def parse(page: Page, form: str = "markdown") -> Facts:
    """Render a page and parse it."""
    (facts,) = parse_page(RENDER[form](page).encode(), page.method, page.path).values()
    return facts


@pytest.mark.parametrize("form", FORMS)
def test_both_languages_of_a_file(form: str) -> None:
    """Both languages of one file are parsed, with method, limits, parameters, values, examples and responses."""
    parsed = parse_page(both(form), "GET", PATH)
    assert list(parsed) == ["en", "zh"]
    for facts in parsed.values():
        assert (facts.method, facts.path, facts.rate, facts.per) == ("GET", PATH, ((20, 2),), ("user",))
        assert list(facts.request) == ["mgnMode", "instId", "ccy", "mgnCcy", "tradeQuoteCcy"]
        assert list(facts.response) == ["instId", "mgnMode", "mgnCcy", "maxLoan", "ccy", "side"]
        assert facts.request["mgnMode"].values == ("isolated", "cross")
        assert facts.request["mgnCcy"].values == ()
        assert facts.request["instId"].limit == 5
        assert facts.request["mgnMode"].required == "required"
        assert facts.examples == ("ccy=USDT&mgnMode=cross", "instId=BTC-USDT&mgnMode=cross")
        assert facts.sample == ("ccy", "instId", "maxLoan", "mgnCcy", "mgnMode", "side")
    assert parsed["en"].request["instId"].required == "conditional"
    assert parsed["zh"].request["instId"].required == "optional"
    assert (parsed["en"].response["side"].values, parsed["zh"].response["side"].values) == (("buy", "sell"), ())


@pytest.mark.parametrize("language", LANGUAGES)
def test_forms_agree(language: str) -> None:
    """The same page gives the same facts in both formats, hashes of texts included."""
    page = PAGES[language].with_row("response", Row("old", "~~What was `x`\nonce~~\n(gone)"))
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
    page = EN if text.isascii() or "Rate" in text else ZH
    assert parse(page.with_parts(rate=text)).rate == rate


@pytest.mark.parametrize(
    "text", ["Rate Limit: as you like", "Rate Limit: 0 requests per 2 seconds", "限速：20 次", "限速：5次/0s"]
)
def test_unknown_rate_is_rejected(text: str) -> None:
    """A rate limit in another form is rejected."""
    with pytest.raises(PageParseError, match="no rate limit in"):
        parse(EN.with_parts(rate=text))


@pytest.mark.parametrize(
    ("cell", "meaning"),
    [
        ("Yes", "required"), ("true", "required"), ("是", "required"),
        ("Conditional", "conditional"), ("条件必填", "conditional"), ("按情况", "conditional"),
        ("No", "optional"), ("Optional", "optional"), ("否", "optional"), ("可选", "optional"),
    ],
)  # fmt: skip
def test_required_values(cell: str, meaning: str) -> None:
    """Every observed value of the column "required" is parsed."""
    page = EN.without("request", "ccy").with_row("request", Row("ccy", "The coin", cell))
    assert parse(page).request["ccy"].required == meaning


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("User ID", ("user",)),
        ("IP", ("ip",)),
        ("User ID + Instrument Type", ("instType", "user")),
        ("Broker", ("broker",)),
    ],
)
def test_what_the_limit_is_counted_by(text: str, keys: tuple[str, ...]) -> None:
    """The rule of the rate limit is parsed as a set; an unknown word stays in it, so that it is reported."""
    assert parse(EN.with_parts(per=f"Rate limit rule: {text}")).per == keys


@pytest.mark.parametrize("form", FORMS)
def test_nested_and_array_fields(form: str) -> None:
    """A nested field has its parents' names, and an array has its item type."""
    page = EN.with_row("response", Row("parts", "More", type="Array of objects"))
    page = page.with_row("response", Row("> size", "How much")).with_row("response", Row(">> unit", "Of what"))
    parsed = parse(page, form).response
    assert parsed["parts"].type == "array of object"
    assert list(parsed)[-3:] == ["parts", "parts.size", "parts.size.unit"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_operation_without_parameters(form: str, language: str) -> None:
    """The word "none" in place of a table is an empty table."""
    assert parse(Page(**{**vars(PAGES[language]), "request": ()}), form).request == {}


def test_heading_of_request_parameters_may_be_missing() -> None:
    """An operation without parameters may lack the heading too."""
    text = RENDER["markdown"](EN.with_parts(request=())).replace("#### Request Parameters\n\nnone\n", "")
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
    """Line ends, white space, pipes at the edges and letter case of headings change no fact."""
    text = RENDER["markdown"](EN)
    assert old in text
    assert parse_page(text.replace(old, new).encode(), "GET", PATH)["en"] == parse(EN)


def test_files_in_a_row() -> None:
    """Two pages in one file have an anchor each, and the second one's front matter is no text of the first."""
    other = EN.with_parts(path="/api/v5/other", title="Other", anchor="other")
    text = both("markdown") + b"\n" + both("markdown", other, ZH.with_parts(path="/api/v5/other", title="别的"))
    parsed = parse_page(text, "GET", PATH)
    assert parsed == parse_page(both("markdown"), "GET", PATH)
    assert [facts.anchor for facts in parsed.values()] == ["a-loan", "a-loan"]
    assert [facts.anchor for facts in parse_page(text, "GET", "/api/v5/other").values()] == ["other", "other"]


def test_byte_order_mark() -> None:
    """A byte order mark changes nothing."""
    assert parse_page(b"\xef\xbb\xbf" + RENDER["markdown"](EN).encode(), "GET", PATH)["en"] == parse(EN)


def test_fenced_code() -> None:
    """A comment in fenced code is no title."""
    requests = "".join(f"    GET  {PATH}?{query}\n" for query in EN.queries)
    fenced = f"```\n# no title\n{requests.replace('    ', '')}```\n"
    text = RENDER["markdown"](EN)
    assert requests in text
    text = text.replace(requests, fenced)
    assert parse_page(text.encode(), "GET", PATH)["en"].examples == parse(EN).examples


LOOK_ALIKES = [
    EN.with_parts(method="POST", path="/api/v5/finance/flexible-loan/max-loan", title="Another loan"),
    EN.with_parts(path=f"{PATH}-history", title="Loans of the past"),
    EN.with_parts(method="POST", title="Asking for a loan"),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("page", LOOK_ALIKES, ids=lambda page: page.title)
def test_similar_pages_are_rejected(form: str, page: Page) -> None:
    """A page about another operation is rejected with a message that names its operation."""
    text = RENDER[form](page)
    with pytest.raises(OperationNotFoundError, match=f"{page.method} {page.path}"):
        parse_page(text.encode(), "GET", PATH)
    parsed = parse_page(f"{text}\n\n{RENDER[form](EN)}\n\n{text}".encode(), "GET", PATH)
    assert parsed == {"en": parse(EN)}


def test_reason_for_missing_documentation() -> None:
    """If the page only mentions the operation, the message says so; otherwise it lists the most similar operations."""
    other = EN.with_parts(path="/api/v5/other", title="Other", prose=f"Its limit is shared with `GET {PATH}`.")
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
    text = "\n\n".join(RENDER["markdown"](EN.with_parts(path=path)) for path in ("/a", "/b", "/c", f"{PATH}s"))
    with pytest.raises(OperationNotFoundError, match=f"of GET {PATH}, but of GET {PATH}s, GET /"):
        parse_page(text.encode(), "GET", PATH)


@pytest.mark.parametrize("form", FORMS)
def test_known_title_with_another_path(form: str) -> None:
    """Under a known title another path is a change of this operation."""
    page = EN.with_parts(path="/api/v6/account/max-loan")
    text = RENDER[form](page).encode()
    assert parse_page(text, "GET", PATH, frozenset({parse(EN).title}))["en"].path == "/api/v6/account/max-loan"


def damage(form: str, old: str, new: str) -> bytes:
    """Damage the English page in one place."""
    text = RENDER[form](EN)
    assert old in text, old
    return text.replace(old, new).encode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no documentation"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"<html><body><h1>503 Service ServiceUnavailableError</h1></body></html>", "no documentation"),
        (damage("markdown", "#### Response Parameters", "#### Answer"), "table under a heading that is not known"),
        (damage("html", "Response Parameters", "Answer"), "table under a heading that is not known"),
        (damage("markdown", "#### Response Parameters", ""), "2 request tables"),
        (damage("markdown", "| Required |", "| Default |"), "columns"),
        (damage("html", "<th style=\"text-align: left\"><strong>Required</strong></th>\n", ""), "columns"),
        (damage("markdown", "String | Conditional", "String | Perhaps"), "does not say whether"),
        (damage("markdown", "mgnMode | String | Yes", "mgnMode | String"), "a row of the request table"),
        (damage("html", "<td>mgnMode</td>", ""), "a row of the request table"),
        (damage("html", "<td>mgnMode</td>", "<td>margin mode</td>"), "a row of the request table"),
        (damage("markdown", "ccy | String", "mgnMode | String"), "stands twice"),
        (damage("markdown", "instId | String |", "> instId | > |"), "is no type"),
        (damage("markdown", "#### Rate Limit: 20", "#### Speed: 20"), "no heading about rate"),
        (damage("html", "Rate limit rule: User ID", "Who is counted"), "no heading about per"),
        (damage("markdown", "`GET /api", "`FETCH /api"), "no method and path"),
        (damage("markdown", "#### Rate Limit", "#### Rate limit: none\n#### Rate Limit"), "two headings"),
        (both("markdown", EN, EN.without("request", "ccy")), "stands twice in en"),
        (RENDER["html"](EN.with_parts(response=())).encode(), "the response table has no rows"),
    ],
)  # fmt: skip
def test_invalid_page_is_rejected_with_a_reason(data: bytes, message: str) -> None:
    """An unknown layout, a missing table or an error page is rejected with a reason."""
    with pytest.raises(PageParseError, match=message):
        parse_page(data, "GET", PATH)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("heading", ["HTTP Requests", "Endpoint", "请求地址"])
def test_section_without_its_heading_is_named(form: str, language: str, heading: str) -> None:
    """A section with method and path below an unknown heading is rejected, and its language is named."""
    page = PAGES[language]
    text = {**page.words, "http": heading}
    with pytest.raises(PageParseError, match=f"^{language}: GET {PATH} stands under no heading of an HTTP request"):
        parse_page(RENDER[form](page.with_parts(words=text)).encode(), "GET", PATH)


def test_mention_of_the_path_is_ignored() -> None:
    """A section that mentions the path in a sentence only is ignored."""
    other = EN.with_parts(path="/api/v5/other", title="Other", prose=f"Its limit is shared with `GET {PATH}`.")
    for form in FORMS:
        text = f"{RENDER[form](other)}\n\n{RENDER[form](EN)}"
        assert parse_page(text.encode(), "GET", PATH) == {"en": parse(EN)}


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
def test_pieces_of_tables_are_rejected(form: str, old: str, new: str) -> None:
    """A misplaced row, header or delimiter, and table text outside of cells, are rejected."""
    with pytest.raises(PageParseError, match=r"piece of a table|a row of the request table"):
        parse_page(damage(form, old, new), "GET", PATH)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("header", ["Parameter", "参数名"])
def test_second_header_is_rejected(form: str, header: str) -> None:
    """A row of column names is a header, and not a parameter with that name."""
    page = EN.with_row("response", Row(header, "Description", type="Type"), 1)
    with pytest.raises(PageParseError, match="a row of the response table that is none"):
        parse(page, form)


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
    text = RENDER["markdown"](EN)
    old = "`buy` `sell`"
    parsed = parse_page(text.replace(old, f"{old}  \n{line}").encode(), "GET", PATH)["en"]
    assert (parsed.response["side"].text != parse(EN).response["side"].text) is in_cell
    assert (parsed.prose != parse(EN).prose) is not in_cell
    assert parsed.response["side"].values == ("buy", "sell")


def test_quote_in_a_cell() -> None:
    """A quoted line between two rows continues the cell above, and no row is lost."""
    text = RENDER["markdown"](EN).replace("`isolated` `cross`  \n", "`isolated` `cross`  \n> For pairs only  \n")
    parsed = parse_page(text.encode(), "GET", PATH)["en"]
    assert list(parsed.request) == list(parse(EN).request)
    assert parsed.request["mgnMode"].source_text.endswith("> For pairs only")


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
def test_invalid_name_is_rejected(form: str, name: str) -> None:
    """A row with an invalid name is rejected, and not parsed as text of the row above."""
    with pytest.raises(PageParseError, match="a row of the request table that is none"):
        parse(EN.with_row("request", Row(name, "What", "No"), 2), form)


@pytest.mark.parametrize("form", FORMS)
def test_names_struck_through(form: str) -> None:
    """A struck-through name and its nested fields are in no table and are listed as struck."""
    page = EN.with_row("response", Row("~~parts~~", "More", type="Array of objects"))
    page = page.with_row("response", Row("> size", "How much")).with_row("response", Row("> ~~unit~~", "Of what"))
    parsed = parse(page.row("request", "mgnCcy", name="~~mgnCcy~~"), form)
    assert parsed.struck == ("request.mgnCcy", "response.parts", "response.parts.size", "response.parts.unit")
    assert "mgnCcy" not in parsed.request
    assert list(parsed.response) == list(parse(EN).response)


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
    """A text below the path, and additional text in a heading, change the hash of the prose."""
    parsed = parse_page(damage(form, *(markdown if form == "markdown" else html)), "GET", PATH)["en"]
    assert parsed.prose != parse(EN, form).prose
    assert parsed.request == parse(EN, form).request


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("table", ["request", "response"])
def test_row_without_a_description(form: str, table: str) -> None:
    """An empty last cell is an empty description."""
    parsed = getattr(parse(EN.with_row(table, Row("extra", "", "No", "Array"), 1), form), table)["extra"]
    assert (parsed.type, parsed.text, parsed.values) == ("array", "", ())
