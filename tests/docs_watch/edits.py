"""Edits of a page as the tables of data/*.toml describe them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.docs_watch.pages import EN, FORMS, ZH, Page, Row, both, load

if TYPE_CHECKING:
    from _pytest.mark.structures import ParameterSet


def edit_page(page: Page, edit: dict[str, Any]) -> Page:
    """Edit a page in its language."""

    def choose(texts: dict[str, Any]) -> dict[str, Any]:
        return {key: each[page.language == "zh"] if isinstance(each, list) else each for key, each in texts.items()}

    page = page.with_parts(**choose(edit.get("page", {})))
    for table in ("request", "response"):
        for name, cells in edit.get(table, {}).items():
            page = page.row(table, name, **choose(cells if isinstance(cells, dict) else {"description": cells}))
    for place in edit.get("drop", ()):
        page = page.without(*place.split("."))
    for each in edit.get("add", ()):
        row = choose(each)
        page = page.with_row(row.pop("table"), at=row.pop("at", 2), row=Row(**row))
    return page


def edited(form: str, **edit: Any) -> bytes:
    """Render the edited page in both languages."""
    text = both(form, edit_page(EN, edit), edit_page(ZH, edit)).decode()
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
