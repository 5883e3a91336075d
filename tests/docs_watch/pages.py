"""Documentation pages in our own words, in both formats and both languages, and edits of them; data/ has the texts."""

import html
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark.structures import ParameterSet

PATH = "/api/v5/account/max-loan"
FORMS = ("markdown", "html")
LANGUAGES = ("en", "zh")
TABLES = ("request", "response")


def load(name: str) -> dict[str, Any]:
    """Load the test cases of data/`name`.toml."""
    return tomllib.loads((Path(__file__).parent / "data" / f"{name}.toml").read_text("utf-8"))


Page = dict[str, Any]
DATA = load("pages")
PAGES: dict[str, Page] = {each: {**DATA["common"], **DATA[each], "language": each} for each in LANGUAGES}
EN, ZH = PAGES.values()


def edit_page(page: Page, **edit: Any) -> Page:
    """Return a copy of a page with an edit as data/*.toml describes it; of a list of texts, the one in its language."""

    def choose(texts: Mapping[str, Any]) -> dict[str, Any]:
        return {key: each[page["language"] == "zh"] if isinstance(each, list) else each for key, each in texts.items()}

    new = page | choose({key: each for key, each in edit.items() if key in page and key not in TABLES})
    for table in TABLES:
        rows = [dict(row) for row in page[table] if f"{table}.{row['name']}" not in edit.get("drop", ())]
        for row in rows:
            cells = edit.get(table, {}).get(row["name"], {})
            row.update(choose(cells if isinstance(cells, dict) else {"description": cells}))
        new[table] = rows
    for each in edit.get("add", ()):
        row = choose(each)
        new[row.pop("table")].insert(row.pop("at", 2), row)
    return new


def read_cells(page: Page, table: str) -> list[list[str]]:
    """Return the cells of a table, the header first."""
    columns = ["name", "type", *["required"] * (table == "request"), "description"]
    rows = [{"type": "String", "required": "", **row} for row in page[table]]
    return [[row[each] for each in columns] for row in (page["words"], *rows)]


def read_headings(page: Page) -> list[str]:
    """Return the headings above method and path."""
    return [*filter(None, (page["rate"], page["per"], page["permission"], page["words"]["http"]))]


def example_response(page: Page) -> str:
    """Return an example response."""
    row = dict.fromkeys(page["sample"].split(), page["value"])
    return json.dumps({"code": "0", "msg": "", "data": [row]}, indent=2)


def markdown_table(rows: list[list[str]], *, bold: bool) -> str:
    """Render as the Markdown pages do: a line break has no pipe, and two blanks end each line."""
    header = [f"**{each}**" if bold else each for each in rows[0]]
    lines = [" | ".join(header), "|".join(["---"] * len(header))]
    lines += [" | ".join(row).replace("\n", "  \n") for row in rows[1:]]
    return "  \n".join(lines) + "  \n  "


def markdown(page: Page) -> str:
    """Render the Markdown page."""
    words, path = page["words"], f"{page['method']} {page['path']}"
    requests = "".join(f"    {path.replace(' ', '  ')}?{query}\n" for query in page["queries"].split())
    response = "".join(f"    {line}\n" for line in example_response(page).splitlines())
    parts = [
        f"# {page['title']}",
        page["prose"],
        *(f"#### {each}" for each in read_headings(page)),
        f"`{path}`",
        f"> {words['request_example']}\n    \n    \n    # what is asked\n{requests}    \n",
        f"#### {words['request']}",
        markdown_table(read_cells(page, "request"), bold=False) if page["request"] else words["none"],
        f"> {words['response_example']}\n    \n    \n{response}    ",
        f"#### {words['response']}",
        markdown_table(read_cells(page, "response"), bold=True).rstrip(),
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
    words, path = page["words"], f"{page['method']} {page['path']}"
    requests = "\n".join(html.escape(f"{path}?{query}") for query in page["queries"].split())
    parts = [
        f"<h3 id='{page['anchor']}'>{page['title']}</h3>",
        f"\n<p>{page['prose']}</p>\n" if page["prose"] else "",
        *(f"<h4 id='part-{number}'>{each}</h4>" for number, each in enumerate(read_headings(page))),
        f"\n<p><code>{path}</code></p>\n",
        html_example(words["request_example"], requests),
        f"<h4 id='part-5'>{words['request']}</h4>\n",
        html_table(read_cells(page, "request")) if page["request"] else f"<p>{words['none']}</p>\n",
        html_example(words["response_example"], html.escape(example_response(page), quote=False)),
        f"<h4 id='part-6'>{words['response']}</h4>\n",
        html_table(read_cells(page, "response")),
    ]
    return "".join(parts)


RENDER = {"markdown": markdown, "html": to_html}


def both(form: str, en: Page = EN, zh: Page = ZH) -> bytes:
    """Render both languages into one file, as OKX publishes them."""
    render = RENDER[form]
    if form == "html":
        return f"{render(en)}\n{render(zh)}".encode()
    front = f"---\nexchange: okx\nanchor_id: {en['anchor']}\nupdated_at: 2026-08-22 19:14:22\n---\n\n"
    return f"{front}{render(en)}\n\n---\n\n{render(zh)}".encode()


def edited(form: str, **edit: Any) -> bytes:
    """Render the edited page in both languages."""
    text = both(form, edit_page(EN, **edit), edit_page(ZH, **edit)).decode()
    for old, new in (edit.get("text", {}) | edit.get(form, {})).items():
        assert old in text, old
        text = text.replace(old, new, 1)
    assert text != both(form).decode(), "the edit changes nothing"
    return text.encode()


def edits(name: str, *sections: str) -> list[ParameterSet]:
    """List the edits of data/`name`.toml, each with the forms that it is about."""
    tables = [edit for section in sections for edit in load(name)[section]]
    return [
        pytest.param(form, edit, id=f"{edit['id']}-{form}")
        for edit in tables
        for form in FORMS
        if form in edit or not edit.keys() & {*FORMS}
    ]
