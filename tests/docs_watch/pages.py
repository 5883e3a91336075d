"""Documentation pages in our own words, in both formats and both languages, with the irregularities of real pages."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

PATH = "/api/v5/account/max-loan"
FORMS = ("markdown", "html")
LANGUAGES = ("en", "zh")


@dataclass(frozen=True)
class Row:
    """A row of a table; a newline in a description is a line break on the page."""

    name: str
    description: str
    required: str = ""
    type: str = "String"


@dataclass(frozen=True)
class Page:
    """One operation in one language."""

    language: str
    title: str
    rate: str
    per: str
    request: tuple[Row, ...]
    response: tuple[Row, ...]
    permission: str = ""
    method: str = "GET"
    path: str = PATH
    prose: str = ""
    queries: tuple[str, ...] = ("instId=BTC-USDT&mgnMode=cross", "ccy=USDT&mgnMode=cross")
    sample: tuple[str, ...] = ("instId", "mgnMode", "mgnCcy", "maxLoan", "ccy", "side")
    value: str = ""
    anchor: str = "a-loan"
    words: dict[str, str] = field(default_factory=dict)

    def with_parts(self, **changes: Any) -> Page:
        """Return a copy with changed parts."""
        return replace(self, **changes)

    def row(self, table: str, name: str, /, **changes: str) -> Page:
        """Return a copy with a changed row."""
        rows = tuple(replace(each, **changes) if each.name == name else each for each in getattr(self, table))
        assert rows != getattr(self, table), f"no change in {table}.{name}"
        return self.with_parts(**{table: rows})

    def without(self, table: str, name: str) -> Page:
        """Return a copy without a row."""
        return self.with_parts(**{table: tuple(each for each in getattr(self, table) if each.name != name)})

    def with_row(self, table: str, row: Row, at: int | None = None) -> Page:
        """Return a copy with another row, last unless `at` is given."""
        rows = list(getattr(self, table))
        rows.insert(len(rows) if at is None else at, row)
        return self.with_parts(**{table: tuple(rows)})


EN = Page(
    language="en",
    title="How much can be borrowed",
    rate="Rate Limit: 20 requests per 2 seconds",
    per="Rate limit rule: User ID",
    request=(
        Row("mgnMode", "Kind of margin\n`isolated` `cross`", "Yes"),
        Row("instId", "One pair, or multiple pairs (no more than 5) with commas, e.g. `A-B,C-D`", "Conditional"),
        Row("ccy", "The coin to be borrowed\nFor `Spot mode` only", "Conditional"),
        Row("mgnCcy", "The coin that is put up, for `isolated` and `cross` in `Futures mode`", "Conditional"),
        Row("tradeQuoteCcy", "The coin that a spot trade is paid in.\nUnless given, that of `instId`.", "No"),
    ),
    response=(
        Row("instId", "The pair"),
        Row("mgnMode", "Kind of margin"),
        Row("mgnCcy", "The coin put up"),
        Row("maxLoan", "The largest loan"),
        Row("ccy", "The coin of the loan"),
        Row("side", "Which side the order takes\n`buy` `sell`"),
    ),
    words={
        "http": "HTTP Request", "request": "Request Parameters", "response": "Response Parameters",
        "request_example": "Request Example", "response_example": "Response Example",
        "name": "Parameter", "type": "Type", "required": "Required", "description": "Description", "none": "none",
    },
)  # fmt: skip
ZH = Page(
    language="zh",
    title="能借多少",
    rate="限速：20 次/2s",
    per="限速规则：User ID",
    request=(
        Row("mgnMode", "保证金种类\n`isolated`：单独\n`cross`：共用", "是"),
        Row("instId", "币对，例如 `A-B`\n可以一次查多个（不超过5个），逗号隔开", "可选"),
        Row("ccy", "要借的币\n只在`现货模式`可用", "可选"),
        Row("mgnCcy", "押的币，`合约模式`可用", "可选"),
        Row("tradeQuoteCcy", "现货付款的币。\n不填就用 `instId` 的。", "否"),
    ),
    response=(
        Row("instId", "币对"),
        Row("mgnMode", "保证金种类"),
        Row("mgnCcy", "押的币"),
        Row("maxLoan", "最多能借"),
        Row("ccy", "借的币"),
        Row("side", "买还是卖"),
    ),
    words={
        "http": "HTTP 请求", "request": "请求参数", "response": "返回参数",
        "request_example": "请求示例", "response_example": "返回结果",
        "name": "参数名", "type": "类型", "required": "是否必须", "description": "描述", "none": "无",
    },
)  # fmt: skip
PAGES = {"en": EN, "zh": ZH}


def table(page: Page, name: str) -> list[list[str]]:
    """Return the rows of a table, the header first."""
    columns = ["name", "type", "required", "description"] if name == "request" else ["name", "type", "description"]
    header = [page.words[each] for each in columns]
    return [header, *([getattr(row, each) for each in columns] for row in getattr(page, name))]


def markdown_table(rows: list[list[str]], *, bold: bool) -> str:
    """Render as the Markdown pages do: a line break has no pipe, and two blanks end each line."""
    header = [f"**{each}**" if bold else each for each in rows[0]]
    lines = [" | ".join(header), "|".join(["---"] * len(header))]
    lines += [" | ".join(row).replace("\n", "  \n") for row in rows[1:]]
    return "  \n".join(lines) + "  \n  "


def example_response(page: Page) -> str:
    """Return the example response."""
    return json.dumps({"code": "0", "msg": "", "data": [dict.fromkeys(page.sample, page.value)]}, indent=2)


def markdown(page: Page) -> str:
    """Render the Markdown page."""
    words = page.words
    headings = [page.rate, page.per, page.permission, words["http"]]
    request_lines = "\n".join(f"    {page.method}  {page.path}?{query}" for query in page.queries)
    response_body = example_response(page)
    return "\n\n".join(
        [
            f"# {page.title}",
            *filter(None, [page.prose]),
            *(f"#### {each}" for each in headings if each),
            f"`{page.method} {page.path}`",
            f"> {words['request_example']}\n    \n    \n    # what is asked\n{request_lines}\n    \n",
            f"#### {words['request']}",
            markdown_table(table(page, "request"), bold=False) if page.request else words["none"],
            f"> {words['response_example']}\n    \n    \n"
            + "\n".join(f"    {line}" for line in response_body.splitlines())
            + "\n    ",
            f"#### {words['response']}",
            markdown_table(table(page, "response"), bold=True).rstrip(),
        ]
    )


def cell(text: str) -> str:
    """Escape a cell of HTML."""
    text = html.escape(text, quote=False).replace("\n", "<br>")
    text = re.sub(r"~~(.*?)~~", r"<del>\1</del>", text)
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", text)


def html_table(rows: list[list[str]]) -> str:
    """Render as the HTML pages do."""
    head = "".join(f'<th style="text-align: left"><strong>{each}</strong></th>\n' for each in rows[0])
    body = "".join(f"<tr>\n{''.join(f'<td>{cell(each)}</td>{chr(10)}' for each in row)}</tr>\n" for row in rows[1:])
    return f"<table><thead>\n<tr>\n{head}</tr>\n</thead><tbody>\n{body}</tbody></table>\n"


def to_html(page: Page) -> str:
    """Render the HTML page, with a copy button in the code."""
    words = page.words
    headings = [page.rate, page.per, page.permission, words["http"]]
    parts = "".join(f"<h4 id='part-{number}'>{each}</h4>" for number, each in enumerate(headings) if each)
    request_lines = "\n".join(html.escape(f"{page.method} {page.path}?{query}") for query in page.queries)
    response_body = html.escape(example_response(page), quote=False)
    code = '<div class="highlight"><button title="Copy to clipboard">Copy</button><pre><code>{}\n</code></pre></div>'
    return "".join(
        [
            f'<h3 id="{page.anchor}">{page.title}</h3>',
            f"\n<p>{page.prose}</p>\n" if page.prose else "",
            parts,
            f"\n<p><code>{page.method} {page.path}</code></p>\n",
            f"<blockquote>\n<p>{words['request_example']}</p>\n</blockquote>\n{code.format(request_lines)}",
            f"<h4 id='part-5'>{words['request']}</h4>\n",
            html_table(table(page, "request")) if page.request else f"<p>{words['none']}</p>\n",
            f"<blockquote>\n<p>{words['response_example']}</p>\n</blockquote>\n{code.format(response_body)}",
            f"<h4 id='part-6'>{words['response']}</h4>\n",
            html_table(table(page, "response")),
        ]
    )


RENDER = {"markdown": markdown, "html": to_html}


def both(form: str, en: Page = EN, zh: Page = ZH) -> bytes:
    """Render both languages into one file, as OKX publishes them."""
    render = RENDER[form]
    if form == "html":
        return f"{render(en)}\n{render(zh)}".encode()
    front = f"---\nexchange: okx\nanchor_id: {en.anchor}\nupdated_at: 2026-08-22 19:14:22\n---\n\n"
    return f"{front}{render(en)}\n\n---\n\n{render(zh)}".encode()
