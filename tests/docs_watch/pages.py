"""Documentation pages in our own words, in both formats and both languages; data/pages.toml has their texts."""

from __future__ import annotations

import html
import json
import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

PATH = "/api/v5/account/max-loan"
FORMS = ("markdown", "html")
LANGUAGES = ("en", "zh")


def load(name: str) -> dict[str, Any]:
    """Load the test cases of data/`name`.toml."""
    return tomllib.loads((Path(__file__).parent / "data" / f"{name}.toml").read_text("utf-8"))


@dataclass(frozen=True)
class Row:
    """A row of a table; a newline in a description is a line break on the page."""

    name: str
    description: str
    required: str = ""
    type: str = "String"


@dataclass(frozen=True)
class Page:
    """One operation in one language; `queries` and `sample` are lists of words."""

    language: str
    title: str
    rate: str
    per: str
    request: tuple[Row, ...]
    response: tuple[Row, ...]
    words: dict[str, str]
    permission: str = ""
    method: str = "GET"
    path: str = PATH
    prose: str = ""
    queries: str = "instId=BTC-USDT&mgnMode=cross ccy=USDT&mgnMode=cross"
    sample: str = "instId mgnMode mgnCcy maxLoan ccy side"
    value: str = ""
    anchor: str = "a-loan"

    def with_parts(self, **changes: Any) -> Page:
        """Return a copy with changed parts."""
        return replace(self, **changes)

    def row(self, table: str, name: str, /, **changes: str) -> Page:
        """Return a copy with a changed row."""
        rows = tuple(replace(each, **changes) if each.name == name else each for each in getattr(self, table))
        return self.with_parts(**{table: rows})

    def without(self, table: str, name: str) -> Page:
        """Return a copy without a row."""
        return self.with_parts(**{table: tuple(each for each in getattr(self, table) if each.name != name)})

    def with_row(self, table: str, row: Row, at: int | None = None) -> Page:
        """Return a copy with another row, last unless `at` is given."""
        rows = list(getattr(self, table))
        rows.insert(len(rows) if at is None else at, row)
        return self.with_parts(**{table: tuple(rows)})

    @property
    def headings(self) -> list[str]:
        """The headings above method and path."""
        return [each for each in (self.rate, self.per, self.permission, self.words["http"]) if each]

    @property
    def example_response(self) -> str:
        """An example response."""
        return json.dumps({"code": "0", "msg": "", "data": [dict.fromkeys(self.sample.split(), self.value)]}, indent=2)

    def cells(self, table: str) -> list[list[str]]:
        """Return the cells of a table, the header first."""
        columns = ["name", "type", *["required"] * (table == "request"), "description"]
        rows = [[getattr(row, each) for each in columns] for row in getattr(self, table)]
        return [[self.words[each] for each in columns], *rows]


def load_page(language: str) -> Page:
    """Load the page of a language."""
    data = load("pages")[language]
    tables = {table: tuple(Row(**row) for row in data[table]) for table in ("request", "response")}
    return Page(**{**data, **tables}, language=language)


PAGES = {language: load_page(language) for language in LANGUAGES}
EN, ZH = PAGES.values()


def markdown_table(rows: list[list[str]], *, bold: bool) -> str:
    """Render as the Markdown pages do: a line break has no pipe, and two blanks end each line."""
    header = [f"**{each}**" if bold else each for each in rows[0]]
    lines = [" | ".join(header), "|".join(["---"] * len(header))]
    lines += [" | ".join(row).replace("\n", "  \n") for row in rows[1:]]
    return "  \n".join(lines) + "  \n  "


def markdown(page: Page) -> str:
    """Render the Markdown page."""
    words = page.words
    requests = "".join(f"    {page.method}  {page.path}?{query}\n" for query in page.queries.split())
    response = "".join(f"    {line}\n" for line in page.example_response.splitlines())
    parts = [
        f"# {page.title}",
        page.prose,
        *(f"#### {each}" for each in page.headings),
        f"`{page.method} {page.path}`",
        f"> {words['request_example']}\n    \n    \n    # what is asked\n{requests}    \n",
        f"#### {words['request']}",
        markdown_table(page.cells("request"), bold=False) if page.request else words["none"],
        f"> {words['response_example']}\n    \n    \n{response}    ",
        f"#### {words['response']}",
        markdown_table(page.cells("response"), bold=True).rstrip(),
    ]
    return "\n\n".join(filter(None, parts))


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


def html_example(label: str, code: str) -> str:
    """Render an example with its label and a copy button in the code."""
    button = '<button title="Copy to clipboard">Copy</button>'
    listing = f'<div class="highlight">{button}<pre><code>{code}\n</code></pre></div>'
    return f"<blockquote>\n<p>{label}</p>\n</blockquote>\n{listing}"


def to_html(page: Page) -> str:
    """Render the HTML page."""
    words = page.words
    requests = "\n".join(html.escape(f"{page.method} {page.path}?{query}") for query in page.queries.split())
    parts = [
        f'<h3 id="{page.anchor}">{page.title}</h3>',
        f"\n<p>{page.prose}</p>\n" if page.prose else "",
        *(f"<h4 id='part-{number}'>{each}</h4>" for number, each in enumerate(page.headings)),
        f"\n<p><code>{page.method} {page.path}</code></p>\n",
        html_example(words["request_example"], requests),
        f"<h4 id='part-5'>{words['request']}</h4>\n",
        html_table(page.cells("request")) if page.request else f"<p>{words['none']}</p>\n",
        html_example(words["response_example"], html.escape(page.example_response, quote=False)),
        f"<h4 id='part-6'>{words['response']}</h4>\n",
        html_table(page.cells("response")),
    ]
    return "".join(parts)


RENDER = {"markdown": markdown, "html": to_html}


def both(form: str, en: Page = EN, zh: Page = ZH) -> bytes:
    """Render both languages into one file, as OKX publishes them."""
    render = RENDER[form]
    if form == "html":
        return f"{render(en)}\n{render(zh)}".encode()
    front = f"---\nexchange: okx\nanchor_id: {en.anchor}\nupdated_at: 2026-08-22 19:14:22\n---\n\n"
    return f"{front}{render(en)}\n\n---\n\n{render(zh)}".encode()
