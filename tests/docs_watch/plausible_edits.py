"""Edits that OKX could make to a page, each with the acceptable exit codes.

`PYTHONPATH=scripts python -m tests.docs_watch.plausible_edits` prints the exit code of check_docs.py for every edit.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import check_docs
import pytest
from docs_watch.lock import Lock
from docs_watch.page import parse_page

from tests.docs_watch.conftest import KNOWN
from tests.docs_watch.pages import EN, FORMS, PATH, ZH, Page, Row, both

ROOT = Path(__file__).resolve().parents[2]
VALUES = frozenset({"isolated", "cross", "buy", "sell"})
Pair = tuple[str, str]
# Edit of the rendered text; the arguments are the format and the text of the file with both languages.
TextEdit = Callable[[str, str], str]


@dataclass(frozen=True)
class PlausibleEdit:
    """An edit; --write may put only `values` into the spec."""

    id: str
    codes: frozenset[int]
    page: Callable[[Page], Page] = lambda page: page
    text: TextEdit = lambda _form, text: text
    values: frozenset[str] = VALUES
    forms: tuple[str, ...] = FORMS

    def render(self, form: str) -> bytes:
        """Render the edited page in both languages."""
        before = both(form).decode()
        after = self.text(form, both(form, self.page(EN), self.page(ZH)).decode())
        assert after != before, f"{self.id} changes nothing in {form}"
        return after.encode()


def describe(table: str, name: str, texts: Pair) -> Callable[[Page], Page]:
    """Replace the description of a row; `texts` are the English and the Chinese form."""
    return lambda page: page.row(table, name, description=texts[page.language == "zh"])


def rename_row(table: str, name: str, new: str) -> Callable[[Page], Page]:
    """Rename a row."""
    return lambda page: page.row(table, name, name=new)


def add_row(
    table: str, name: str, texts: Pair, *, required: bool = False, kind: str = "String"
) -> Callable[[Page], Page]:
    """Add a row in the middle."""

    def change(page: Page) -> Page:
        yes_no = ("No", "否") if not required else ("Yes", "是")
        required_text = yes_no[page.language == "zh"] if table == "request" else ""
        return page.with_row(table, Row(name, texts[page.language == "zh"], required_text, kind), 2)

    return change


def replace_text(old: Pair, new: Pair, count: int = -1) -> TextEdit:
    """Replace a text of the English and of the Chinese page; "" replaces nothing."""

    def change(_form: str, text: str) -> str:
        for before, after in zip(old, new, strict=True):
            if before:
                assert before in text, before
                text = text.replace(before, after, count)
        return text

    return change


def by_form(markdown: tuple[str, str], html: tuple[str, str]) -> TextEdit:
    """Replace the first occurrence of a text, which differs between the formats."""

    def change(form: str, text: str) -> str:
        before, after = markdown if form == "markdown" else html
        assert before in text, before
        return text.replace(before, after, 1)

    return change


def keep_other(language: str) -> TextEdit:
    """Keep only one language's section."""

    def change(form: str, text: str) -> str:
        mark = "\n---\n\n# " if form == "markdown" else '\n<h3 id="'
        at = text.rindex(mark)
        return text[:at] if language == "zh" else text[at:]

    return change


SAME = frozenset({0})
WORDING = frozenset({10})
QUIET = frozenset({0, 10})
MORE = frozenset({11})
BREAKS = frozenset({12})
UNREAD = frozenset({20})
LOUD = frozenset({12, 20})
CAREFUL = frozenset({10, 20})

KIND = ("Kind of margin", "保证金种类")
SIDE = ("Which side the order takes", "买还是卖")
MANY = ("Several pairs with a comma between, e.g. `A-B,C-D`", "多个币对，逗号隔开，例如 `A-B,C-D`")


def kind(*texts: str) -> Callable[[Page], Page]:
    """Replace the values of mgnMode; one text for both languages, or one for each."""
    english, chinese = texts if len(texts) == 2 else (texts[0], texts[0])
    return describe("request", "mgnMode", (KIND[0] + english, KIND[1] + chinese))


def side(*texts: str) -> Callable[[Page], Page]:
    """Replace the values of side; one text for both languages, or one for each."""
    english, chinese = texts if len(texts) == 2 else (texts[0], texts[0])
    return describe("response", "side", (SIDE[0] + english, SIDE[1] + chinese))


# Written before the checker was changed, to measure it.
ROWS_BEFORE = [
    # a language is lost
    PlausibleEdit("HTTP Requests in Chinese", UNREAD, text=replace_text(("", "HTTP 请求"), ("", "HTTP Requests"))),
    PlausibleEdit("HTTP Requests in English", UNREAD, text=replace_text(("HTTP Request", ""), ("HTTP Requests", ""))),
    PlausibleEdit("another word for HTTP Request", UNREAD, text=replace_text(("HTTP Request", ""), ("Endpoint", ""))),
    PlausibleEdit("another word for HTTP 请求", UNREAD, text=replace_text(("", "HTTP 请求"), ("", "请求地址"))),
    PlausibleEdit("the Chinese section is gone", UNREAD, text=keep_other("zh")),
    PlausibleEdit("the English section is gone", UNREAD, text=keep_other("en")),
    PlausibleEdit(
        "another path under a new Chinese title",
        LOUD,
        page=lambda p: p if p.language == "en" else p.with_parts(path="/api/v5/account/max-loans", title="新标题"),
    ),
    # rows
    PlausibleEdit("a name with a slash", UNREAD, add_row("request", "begin/end", ("When", "何时"))),
    PlausibleEdit(
        "a name with brackets", LOUD, add_row("request", "instIds[]", ("Pairs", "币对"), required=True, kind="Array")
    ),
    PlausibleEdit("a name with a remark", UNREAD, add_row("response", "ccy2 (new)", ("A coin", "币"))),
    PlausibleEdit("a name with a blank", UNREAD, add_row("response", "loan amount", ("How much", "多少"))),
    PlausibleEdit("a name in Chinese", UNREAD, add_row("request", "币种", ("A coin", "币"))),
    PlausibleEdit("a name that begins with a digit", UNREAD, add_row("response", "24hLoan", ("How much", "多少"))),
    PlausibleEdit("a footnote mark on a name", UNREAD, rename_row("request", "ccy", "ccy*")),
    PlausibleEdit("two names in one row", UNREAD, rename_row("request", "ccy", "ccy, mgnCcy2")),
    PlausibleEdit(
        "a row below the table",
        UNREAD,
        text=by_form(
            ("> Request Example", "note | String | No | Which\n\n> Request Example"),
            (
                "<blockquote>\n<p>Response Example",
                "<tr><td>note</td><td>String</td><td>No</td><td>Which</td></tr><blockquote>\n<p>Response Example",
            ),
        ),
    ),
    PlausibleEdit(
        "a second header",
        UNREAD,
        text=by_form(
            (
                "mgnCcy | String | Conditional",
                "Parameter | Type | Required | Description  \nmgnCcy | String | Conditional",
            ),
            (
                "<tr>\n<td>mgnCcy</td>",
                "<tr><th>Parameter</th><th>Type</th><th>Required</th><th>Description</th></tr>\n<tr>\n<td>mgnCcy</td>",
            ),
        ),
    ),
    PlausibleEdit(
        "a second delimiter",
        UNREAD,
        text=replace_text(
            ("mgnCcy | String | Conditional", ""), ("---|---|---|---  \nmgnCcy | String | Conditional", "")
        ),
        forms=("markdown",),
    ),
    PlausibleEdit(
        "a quoted line in a cell",
        CAREFUL,
        text=by_form(
            ("`isolated` `cross`  \n", "`isolated` `cross`  \n> For pairs only  \n"),
            ("<code>cross</code>", "<code>cross</code><br>&gt; For pairs only"),
        ),
    ),
    PlausibleEdit(
        "a quoted line below the last row",
        WORDING,
        text=by_form(
            ("`buy` `sell`", "`buy` `sell`  \n> Rows come in no order"),
            (
                "<code>sell</code></td>\n</tr>\n</tbody></table>",
                "<code>sell</code></td>\n</tr>\n</tbody></table><blockquote><p>Rows come in no order</p></blockquote>",
            ),
        ),
    ),
    PlausibleEdit(
        "a note below the response table",
        WORDING,
        text=by_form(
            ("`buy` `sell`", "`buy` `sell`  \n  \nRows come in no order."),
            (
                "<code>sell</code></td>\n</tr>\n</tbody></table>",
                "<code>sell</code></td>\n</tr>\n</tbody></table><p>Rows come in no order.</p>",
            ),
        ),
    ),
    PlausibleEdit("a field without a description", MORE, add_row("response", "details", ("", ""), kind="Array")),
    PlausibleEdit("a parameter without a description", MORE, add_row("request", "extra", ("", ""))),
    PlausibleEdit("a parameter struck through", BREAKS, rename_row("request", "mgnCcy", "~~mgnCcy~~")),
    PlausibleEdit("a field struck through", BREAKS, rename_row("response", "mgnCcy", "~~mgnCcy~~")),
    PlausibleEdit("a row that stands twice", UNREAD, add_row("response", "ccy", ("Coin", "币"))),
    # limits
    PlausibleEdit(
        "a limit that cannot be read",
        LOUD,
        describe("request", "instId", (f"{MANY[0]} (a handful of them)", f"{MANY[1]}（数量有限）")),
    ),
    PlausibleEdit("a limit that is gone", LOUD, describe("request", "instId", MANY)),
    PlausibleEdit(
        "the limit after the number",
        WORDING,
        describe("request", "instId", (f"{MANY[0]} (5 at most)", f"{MANY[1]}（上限为5个）")),
    ),
    PlausibleEdit(
        "a limit of letters beside the limit",
        CAREFUL,
        describe(
            "request",
            "instId",
            (f"{MANY[0]}, up to 20 characters each, no more than 5", f"{MANY[1]}，每个不超过20个字符，不超过5个"),
        ),
    ),
    # texts outside of tables
    PlausibleEdit(
        "a note below the path",
        WORDING,
        text=by_form(
            ("`GET /api/v5/account/max-loan`\n", "`GET /api/v5/account/max-loan`\n\nWill be retired in May.\n"),
            (
                "<code>GET /api/v5/account/max-loan</code></p>",
                "<code>GET /api/v5/account/max-loan</code></p><p>Will be retired in May.</p>",
            ),
        ),
    ),
    PlausibleEdit(
        "a remark in a heading",
        WORDING,
        text=replace_text(("Request Parameters", ""), ("Request Parameters (to be retired)", "")),
    ),
    PlausibleEdit(
        "a new heading with a text",
        WORDING,
        text=by_form(
            ("> Request Example", "#### Retirement\n\nIn May.\n\n> Request Example"),
            ("<blockquote>\n<p>Request Example", "<h4>Retirement</h4><p>In May.</p><blockquote>\n<p>Request Example"),
        ),
    ),
]
VALUES_BEFORE = [
    PlausibleEdit(
        "names in two sentences",
        WORDING,
        describe(
            "request",
            "ccy",
            (
                "The coin. Only applicable to `SPOT`. The default is the coin of `instId`.",
                "币。仅适用于`SPOT`。默认为 `instId` 的币。",
            ),
        ),
    ),
    PlausibleEdit(
        "a maximum and a default",
        MORE,
        add_row(
            "request",
            "limit",
            ("How many. The maximum is `300`. The default is `100`.", "数量，最大为`300`，不填默认返回`100`条"),
        ),
    ),
    PlausibleEdit(
        "a third value with a note after a comma",
        MORE,
        kind(
            "\n`isolated` `cross`\n`spot_isolated`, only for lead trading",
            "\n`isolated`：单独\n`cross`：共用\n`spot_isolated`，仅用于带单",
        ),
        values=VALUES | {"spot_isolated"},
    ),
    PlausibleEdit(
        "a third value with a note in brackets",
        MORE,
        kind(
            "\n`isolated` `cross`\n`spot_isolated` (only for lead trading)",
            "\n`isolated`：单独\n`cross`：共用\n`spot_isolated`（仅用于带单）",
        ),
        values=VALUES | {"spot_isolated"},
    ),
    PlausibleEdit(
        "every value with a note after a comma",
        WORDING,
        kind("\n`isolated`, one position\n`cross`, all of them", "\n`isolated`，一个仓位\n`cross`，所有仓位"),
    ),
    PlausibleEdit("values on the line of the description", QUIET, side(", `buy` `sell`", "，`buy` `sell`")),
    PlausibleEdit("values after a colon", QUIET, side(": `buy`, `sell`", "：`buy`、`sell`")),
    PlausibleEdit("values in brackets", QUIET, side(" (`buy` or `sell`)", "（`buy` 或 `sell`）")),
    PlausibleEdit("a label before the values", QUIET, side("\nValues: `buy`, `sell`", "\n取值：`buy`、`sell`")),
    PlausibleEdit("Chinese labels behind the values", QUIET, kind("\n`isolated`逐仓 `cross`全仓")),
    PlausibleEdit(
        "labels before the values",
        QUIET,
        kind("\nApart: `isolated`, together: `cross`", "\n逐仓：`isolated`，全仓：`cross`"),
    ),
    PlausibleEdit(
        "a line for each label and value",
        QUIET,
        kind("\nApart: `isolated`\nTogether: `cross`", "\n逐仓：`isolated`\n全仓：`cross`"),
    ),
    PlausibleEdit("values without back quotes", QUIET, kind("\nisolated / cross", "\nisolated / cross")),
    PlausibleEdit(
        "values in a sentence",
        QUIET,
        kind(", which is `isolated` or `cross` as you like", "，可以填 `isolated` 或 `cross` 任意一个"),
    ),
    PlausibleEdit(
        "values and dashes",
        QUIET,
        kind("\n`isolated` - apart\n`cross` - together", "\n`isolated` - 单独\n`cross` - 共用"),
    ),
    PlausibleEdit("values as a list with bullets", QUIET, kind("\n- `isolated`\n- `cross`")),
    PlausibleEdit("a value gone from its line", BREAKS, kind("\n`cross`", "\n`cross`：共用")),
    PlausibleEdit(
        "a value retired in a sentence",
        BREAKS,
        kind("\n`cross`\n`isolated` is no longer offered", "\n`cross`：共用\n不再提供 `isolated`"),
    ),
    PlausibleEdit(
        "a third value on the line of the description",
        MORE,
        kind(", `isolated` `cross` `portfolio`", "，`isolated` `cross` `portfolio`"),
        values=VALUES | {"portfolio"},
    ),
    PlausibleEdit(
        "where it applies",
        WORDING,
        describe("request", "ccy", ("The coin\nApplicable to `SPOT` `MARGIN`.", "币\n适用于`SPOT` `MARGIN`。")),
    ),
    PlausibleEdit(
        "where it applies, with commas",
        WORDING,
        describe(
            "request",
            "ccy",
            ("The coin, only for `SPOT`, `MARGIN` and `SWAP`.", "币，仅用于`SPOT`、`MARGIN`和`SWAP`。"),
        ),
    ),
    PlausibleEdit(
        "two parameters named",
        WORDING,
        describe(
            "request", "ccy", ("The coin\n`instId`, `ccy`: at least one is needed", "币\n`instId`、`ccy`：至少填一个")
        ),
    ),
    PlausibleEdit(
        "a default",
        WORDING,
        describe("request", "ccy", ("The coin\nDefault: `USDT`. Otherwise: `BTC`.", "币\n默认：`USDT`。否则：`BTC`。")),
    ),
    PlausibleEdit(
        "examples", WORDING, describe("request", "ccy", ("The coin, e.g. `BTC` `ETH`", "币，如 `BTC` `ETH`"))
    ),
    PlausibleEdit(
        "one value in a language, two in the other",
        BREAKS,
        describe("request", "ccy", ("The coin\n`BTC` `ETH`", "币\n`BTC`")),
    ),
    PlausibleEdit(
        "a first list of values",
        BREAKS,
        describe("request", "ccy", ("The coin\n`BTC` `ETH`", "币\n`BTC`：一\n`ETH`：二")),
    ),
    PlausibleEdit(
        "a new parameter whose languages disagree",
        MORE,
        add_row("request", "mode2", ("Mode\n`fast` `slow`", "方式\n`fast` `late`")),
    ),
]

FIRST_ROW = ("mgnMode | String | Yes", "<td>mgnMode</td>\n<td>String</td>\n<td>Yes</td>")


def first_row(markdown: str, html: str) -> TextEdit:
    """Replace the name, the type and the required flag of the first English parameter."""
    return by_form((FIRST_ROW[0], markdown), (FIRST_ROW[1], html))


def everywhere(**changes: str | tuple[str, ...]) -> Callable[[Page], Page]:
    """Change a part of both pages in the same way."""
    return lambda page: page.with_parts(**changes)


def english(change: Callable[[Page], Page]) -> Callable[[Page], Page]:
    """Change the English page only."""
    return lambda page: change(page) if page.language == "en" else page


def chinese(change: Callable[[Page], Page]) -> Callable[[Page], Page]:
    """Change the Chinese page only."""
    return lambda page: change(page) if page.language == "zh" else page


def headed(rate: Pair | None = None, per: Pair | None = None) -> Callable[[Page], Page]:
    """Change the headings of the rate limit."""

    def change(page: Page) -> Page:
        which = page.language == "zh"
        return page.with_parts(rate=rate[which] if rate else page.rate, per=per[which] if per else page.per)

    return change


REQUEST_EXAMPLE = "<blockquote>\n<p>Request Example"
SECOND = (
    "Parameter | Type | Required | Description\n---|---|---|---\nmode | String | No | Which",
    (
        "<table><tr><th>Parameter</th><th>Type</th><th>Required</th><th>Description</th></tr>"
        "<tr><td>mode</td><td>String</td><td>No</td><td>Which</td></tr></table>"
    ),
)
# Written after the checker was changed, and before the first run with it.
LAYOUT_AFTER = [
    PlausibleEdit(
        "a bold name",
        SAME,
        text=first_row(
            "**mgnMode** | String | Yes", "<td><strong>mgnMode</strong></td>\n<td>String</td>\n<td>Yes</td>"
        ),
    ),
    PlausibleEdit(
        "a name in back quotes",
        SAME,
        text=first_row("`mgnMode` | String | Yes", "<td><code>mgnMode</code></td>\n<td>String</td>\n<td>Yes</td>"),
    ),
    PlausibleEdit(
        "hard blanks around a cell",
        SAME,
        text=first_row(
            "mgnMode |\u00a0String\u00a0| Yes", "<td>mgnMode</td>\n<td>\u00a0String\u00a0</td>\n<td>Yes</td>"
        ),
    ),
    PlausibleEdit(
        "a word for required that is not known",
        UNREAD,
        text=first_row("mgnMode | String | Mandatory", "<td>mgnMode</td>\n<td>String</td>\n<td>Mandatory</td>"),
    ),
    PlausibleEdit(
        "required with a condition",
        UNREAD,
        text=first_row(
            "mgnMode | String | Yes (if cross)", "<td>mgnMode</td>\n<td>String</td>\n<td>Yes (if cross)</td>"
        ),
    ),
    PlausibleEdit(
        "an empty required flag",
        UNREAD,
        text=first_row("mgnMode | String | ", "<td>mgnMode</td>\n<td>String</td>\n<td></td>"),
    ),
    PlausibleEdit(
        "an empty type", UNREAD, text=first_row("mgnMode | | Yes", "<td>mgnMode</td>\n<td></td>\n<td>Yes</td>")
    ),
    PlausibleEdit(
        "a type that offers two",
        BREAKS,
        text=first_row("mgnMode | String or Array | Yes", "<td>mgnMode</td>\n<td>String or Array</td>\n<td>Yes</td>"),
    ),
    PlausibleEdit(
        "a column more",
        UNREAD,
        text=by_form(
            ("Parameter | Type | Required | Description", "Parameter | Type | Required | Default | Description"),
            ("<strong>Required</strong></th>", "<strong>Required</strong></th><th>Default</th>"),
        ),
    ),
    PlausibleEdit(
        "another word for the parameters",
        UNREAD,
        text=replace_text(("Request Parameters", ""), ("Query Parameters", "")),
    ),
    PlausibleEdit("another word for the fields", UNREAD, text=replace_text(("", "返回参数"), ("", "返回字段说明"))),
    PlausibleEdit(
        "headings in lower case", SAME, text=replace_text(("Request Parameters", ""), ("Request parameters", ""))
    ),
    PlausibleEdit(
        "a colon behind a heading",
        SAME,
        text=replace_text(("Request Parameters", "请求参数"), ("Request Parameters:", "请求参数：")),
    ),
    PlausibleEdit(
        "English headings on the Chinese page",
        UNREAD,
        page=lambda p: p if p.language == "en" else p.with_parts(words=EN.words, rate=EN.rate, per=EN.per),
    ),
    PlausibleEdit(
        "the English page twice", UNREAD, page=lambda p: p if p.language == "en" else EN.with_parts(title="Again")
    ),
    PlausibleEdit(
        "no response table",
        UNREAD,
        text=by_form(
            ("#### Response Parameters", "#### Response Parameters\n\nnone\n\n#### Fields"),
            ("Response Parameters</h4>", "Response Parameters</h4><p>none</p><h4>Fields</h4>"),
        ),
    ),
    PlausibleEdit(
        "a second table of parameters",
        UNREAD,
        text=by_form(
            ("> Request Example", f"#### Request Parameters\n\n{SECOND[0]}\n\n> Request Example"),
            (REQUEST_EXAMPLE, f"<h4>Request Parameters</h4>{SECOND[1]}{REQUEST_EXAMPLE}"),
        ),
    ),
    PlausibleEdit(
        "a row over two columns",
        UNREAD,
        text=first_row("mgnMode | String", "<td colspan='2'>mgnMode</td>\n<td>Yes</td>"),
    ),
    PlausibleEdit(
        "a type on two lines",
        UNREAD,
        text=by_form(("instId | String | Conditional", "instId | Array of  \nstrings | Conditional"), ("", "")),
        forms=("markdown",),
    ),
    PlausibleEdit(
        "a remark in brackets behind a struck name", UNREAD, rename_row("request", "mgnCcy", "~~mgnCcy~~ (retired)")
    ),
    PlausibleEdit("a name that says it is retired", UNREAD, rename_row("response", "mgnCcy", "mgnCcy (deprecated)")),
    PlausibleEdit("another capital letter in a name", BREAKS, rename_row("request", "mgnMode", "mgnmode")),
    PlausibleEdit("a parameter nested below another", BREAKS, lambda p: p.row("request", "ccy", name="> ccy")),
    PlausibleEdit(
        "a nested parameter more",
        MORE,
        lambda p: p.with_row("request", Row("> deep", "What", {"en": "No", "zh": "否"}[p.language])),
    ),
    PlausibleEdit("another version of the path", BREAKS, everywhere(path="/api/v6/account/max-loan")),
    PlausibleEdit("a slash behind the path", LOUD, everywhere(path="/api/v5/account/max-loan/")),
    PlausibleEdit("another method", BREAKS, everywhere(method="POST")),
    PlausibleEdit("another title", WORDING, lambda p: p.with_parts(title=p.title + "?")),
    PlausibleEdit(
        "a notice", WORDING, lambda p: p.with_parts(prose={"en": "This goes in May.", "zh": "五月下线。"}[p.language])
    ),
    PlausibleEdit(
        "a rate limit in other words", UNREAD, headed(rate=("Rate Limit: 20 requests / 2 seconds", "限速：2秒20次以内"))
    ),
    PlausibleEdit(
        "a rate limit with a remark",
        UNREAD,
        headed(rate=("Rate Limit: 20 requests per 2 seconds (VIP: 40)", "限速：20次/2s（VIP：40次）")),
    ),
    PlausibleEdit(
        "half the rate, half the time", BREAKS, headed(rate=("Rate Limit: 10 requests per second", "限速：10次/s"))
    ),
    PlausibleEdit("a higher rate", MORE, headed(rate=("Rate Limit: 60 requests per 2 seconds", "限速：60次/2s"))),
    PlausibleEdit(
        "counted by address as well", MORE, headed(per=("Rate limit rule: User ID + IP", "限速规则：User ID + IP"))
    ),
    PlausibleEdit("counted by something new", LOUD, headed(per=("Rate limit rule: Sub-account", "限速规则：子账户"))),
    PlausibleEdit(
        "no rule of the rate limit", UNREAD, text=replace_text(("Rate limit rule: User ID", ""), ("Note", ""))
    ),
    PlausibleEdit("a field in the example only", MORE, everywhere(sample=(*EN.sample, "quota"))),
    PlausibleEdit("another example of a request", WORDING, everywhere(queries=("ccy=BTC&mgnMode=cross",))),
    PlausibleEdit("other amounts in the example", WORDING, everywhere(value="1")),
]
VALUES_AFTER = [
    PlausibleEdit("values in capitals", BREAKS, kind("\n`Isolated` `Cross`"), values=VALUES | {"Isolated", "Cross"}),
    PlausibleEdit(
        "a new parameter with numbers for values",
        MORE,
        add_row("request", "flag", ("Whether\n`0`: off\n`1`: on", "是否\n`0`：否\n`1`：是")),
        values=VALUES | {"0", "1"},
    ),
    PlausibleEdit(
        "a third value behind and",
        MORE,
        kind("\n`isolated`, `cross` and `portfolio`", "\n`isolated`、`cross` 和 `portfolio`"),
        values=VALUES | {"portfolio"},
    ),
    PlausibleEdit(
        "a third value behind a slash", MORE, kind("\n`isolated`/`cross`/`portfolio`"), values=VALUES | {"portfolio"}
    ),
    PlausibleEdit(
        "a third value behind a colon",
        MORE,
        kind(": `isolated`, `cross`, `portfolio`", "：`isolated`、`cross`、`portfolio`"),
        values=VALUES | {"portfolio"},
    ),
    PlausibleEdit(
        "a third value on a line of names",
        MORE,
        kind(
            "\n`isolated`: one; `cross`: all; `portfolio`: other",
            "\n`isolated`：单独；`cross`：共用；`portfolio`：其他",
        ),
        values=VALUES | {"portfolio"},
    ),
    PlausibleEdit(
        "values with remarks in brackets",
        QUIET,
        kind("\n`isolated` (one) `cross` (all)", "\n`isolated`（单独）、`cross`（共用）"),
    ),
    PlausibleEdit(
        "values behind a label of their own",
        QUIET,
        kind("\nOptions: `isolated` (one), `cross` (all)", "\n可选值：`isolated`（单独）、`cross`（共用）"),
    ),
    PlausibleEdit(
        "values and a default",
        QUIET,
        kind("\n`isolated` `cross`\nThe default is `cross`.", "\n`isolated`：单独\n`cross`：共用\n默认为`cross`。"),
    ),
    PlausibleEdit(
        "values and a default on a line",
        QUIET,
        kind("\n`isolated` `cross`. Default `cross`.", "\n`isolated` `cross`，默认`cross`"),
    ),
    PlausibleEdit(
        "values and where they do not apply",
        QUIET,
        kind(
            "\n`isolated` `cross`\nNot applicable to `portfolio`, `spot`",
            "\n`isolated`：单独\n`cross`：共用\n不适用于`portfolio`、`spot`",
        ),
    ),
    PlausibleEdit("values as examples", QUIET, kind(", e.g. `isolated`, `cross`", "，如 `isolated`、`cross`")),
    PlausibleEdit("values in a supported list", QUIET, side("\nSupported: `buy`, `sell`.", "\n支持：`buy`、`sell`。")),
    PlausibleEdit(
        "a third value in Chinese only", MORE, chinese(kind("\n`isolated`：单独\n`cross`：共用\n`portfolio`：组合"))
    ),
    PlausibleEdit("a value gone in English only", BREAKS, english(kind("\n`cross`"))),
    PlausibleEdit("a third side", MORE, side("\n`buy` `sell` `net`"), values=VALUES | {"net"}),
    PlausibleEdit(
        "a side with a note",
        MORE,
        side("\n`buy` `sell`\n`net`, in one amount", "\n`buy` `sell`\n`net`，合并"),
        values=VALUES | {"net"},
    ),
    PlausibleEdit(
        "a condition between parameters",
        WORDING,
        describe(
            "request",
            "ccy",
            ("The coin. When `instId` is given, `ccy` is ignored.", "币。填写 `instId` 时忽略 `ccy`。"),
        ),
    ),
    PlausibleEdit(
        "two units",
        WORDING,
        describe("response", "maxLoan", ("The largest loan, in `BTC` or `USDT`", "最多能借，单位为 `BTC` 或 `USDT`")),
    ),
    PlausibleEdit(
        "two modes in a sentence",
        WORDING,
        describe(
            "request",
            "mgnCcy",
            ("The coin put up. Use it in `futures` and `multi` mode.", "押的币。在 `futures` 与 `multi` 模式使用。"),
        ),
    ),
    PlausibleEdit(
        "an answer for two values",
        WORDING,
        describe(
            "response",
            "mgnCcy",
            ("The coin put up; `none` for `cross`, `all` otherwise", "押的币；`cross` 时为 `none`，否则为 `all`"),
        ),
    ),
    PlausibleEdit(
        "a link in a description",
        QUIET,
        describe(
            "request",
            "ccy",
            ("The coin to be borrowed, see there\nFor `Spot mode` only", "要借的币，参见说明\n只在`现货模式`可用"),
        ),
    ),
    PlausibleEdit(
        "an unescaped pipe in a description",
        WORDING,
        describe("request", "ccy", ("The coin | to be borrowed", "要借的币 | 种")),
    ),
    PlausibleEdit(
        "a higher limit",
        MORE,
        describe("request", "instId", ("Multiple pairs (no more than 10) with commas", "多个（不超过10个），逗号隔开")),
    ),
    PlausibleEdit(
        "a lower limit",
        BREAKS,
        describe("request", "instId", ("Multiple pairs (no more than 3) with commas", "多个（不超过3个），逗号隔开")),
    ),
    PlausibleEdit(
        "the same limit as a maximum",
        WORDING,
        describe(
            "request", "instId", ("Multiple pairs with commas, a maximum of 5 instruments", "多个，逗号隔开，最多5个")
        ),
    ),
    PlausibleEdit(
        "the same limit as a word",
        WORDING,
        describe("request", "instId", ("Multiple pairs with commas, up to five", "多个，逗号隔开，最多五个")),
    ),
    PlausibleEdit(
        "the limit and another one",
        CAREFUL,
        describe(
            "request",
            "instId",
            (
                "Multiple pairs with commas, no more than 5 per request, 100 per minute",
                "多个，逗号隔开，每次不超过5个，每分钟100次",
            ),
        ),
    ),
    PlausibleEdit(
        "a limit where none was",
        BREAKS,
        describe("request", "ccy", ("Coins, multiple (no more than 20)", "币，多个（不超过20个）")),
    ),
]
EDITS = [*ROWS_BEFORE, *VALUES_BEFORE, *LAYOUT_AFTER, *VALUES_AFTER]
IN_FORMS = [pytest.param(edit, form, id=f"{edit.id}-{form}") for edit in EDITS for form in edit.forms]
OF_VALUES = [each for each in IN_FORMS if each.values[0] in (*VALUES_BEFORE, *VALUES_AFTER)]


def prepare(folder: Path) -> Path:
    """Create a checkout whose lock contains the unedited pages."""
    spec = folder / "spec"
    spec.mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("openapi.yaml"), spec)
    shutil.copy(ROOT / "spec" / "extensions.schema.json", spec)
    lock = Lock(json.dumps({"known": KNOWN}))
    lock.update("getMaxLoan", parse_page(both("markdown"), "GET", PATH))
    (spec / "docs.lock.json").write_text(lock.text(), "utf-8")
    return folder


def main() -> None:
    """Print every edit with its acceptable exit codes and the actual one."""
    report: list[str] = []
    passed = total = 0
    for edit in EDITS:
        for form in edit.forms:
            with tempfile.TemporaryDirectory() as temporary:
                checkout = prepare(Path(temporary) / "checkout")
                page = checkout / "page"
                page.write_bytes(edit.render(form))
                with contextlib.redirect_stdout(io.StringIO()):
                    code = check_docs.main([str(page), "--root", str(checkout)])
                total += 1
                passed += code in edit.codes
                report.append(
                    f"{'ok ' if code in edit.codes else 'BAD'} {code:3} {sorted(edit.codes)} {form:8} {edit.id}"
                )
    sys.stdout.write("\n".join([*report, f"{passed} of {total}\n"]))


if __name__ == "__main__":
    main()
