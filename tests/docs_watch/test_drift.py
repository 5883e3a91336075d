"""Edits of a page, each reported at its place with its severity for a caller."""

from typing import Any

import pytest
from docs_watch.compare import allows
from docs_watch.drift import differences
from docs_watch.lock import Lock
from docs_watch.page import parse_page
from docs_watch.spec import Spec

from tests.docs_watch.conftest import HERE, LOAN, SPEC
from tests.docs_watch.pages import EN, FORMS, LANGUAGES, PAGES, PATH, RENDER, ZH, both, edit_page, edits

TEXT = (HERE / "openapi.yaml").read_text("utf-8")


def find_differences(lock: Lock, data: bytes) -> tuple[str, set[str]]:
    """Compare a page with the small spec; return the worst severity and the places."""
    titles = frozenset(facts.title for facts in lock.facts("getMaxLoan").values())
    rows = differences(SPEC, lock, LOAN, parse_page(data, "GET", PATH, titles))
    return rows[0].severity.name.lower() if rows else "", {str(row.place) for row in rows}


@pytest.mark.parametrize("languages", [("en",), ("zh",), LANGUAGES], ids="-".join)
@pytest.mark.parametrize(("form", "edit"), edits("drift", "drift"))
def test_edits(lock: Lock, form: str, edit: dict[str, Any], languages: tuple[str, ...]) -> None:
    """An edit of one language's page or of both, in either format, is reported at its place with its severity."""
    pages = [edit_page(PAGES[language], **edit) for language in languages]
    data = RENDER[form](*pages).encode() if len(pages) == 1 else both(form, *pages)
    assert find_differences(lock, data) == (edit.get("severity", ""), {*edit.get("places", ())})


def test_order_of_rows_is_no_drift(lock: Lock) -> None:
    """The page itself, and its parameters in another order, have no difference from lock and spec."""
    for pages in ([EN, ZH], [{**page, "request": page["request"][::-1]} for page in (EN, ZH)]):
        assert [find_differences(lock, both(form, *pages)) for form in FORMS] == [("", set())] * 2


def test_a_missing_permission_heading_is_no_drift(lock: Lock) -> None:
    """A permission that was locked stays when its heading disappears, and no difference is reported when it returns."""
    with_permission = edit_page(EN, permission="Permission: Read")
    for page in (with_permission, EN):
        lock.update("getMaxLoan", parse_page(RENDER["html"](page).encode(), "GET", PATH))
    for page in (EN, with_permission):
        assert find_differences(lock, RENDER["html"](page).encode()) == ("", set())


def test_late_translation_is_wording(lock: Lock) -> None:
    """A translation of a text that the other language already had is a change of wording."""
    zh = edit_page(ZH, response={"side": "买还是卖\n`buy` `sell`"}, request={"ccy": {"required": "条件必填"}})
    places = {"response.side.values", "response.side.text", "request.ccy.required"}
    assert find_differences(lock, both("markdown", EN, zh)) == ("wording", places)


def test_untranslated_row_is_not_removed(lock: Lock) -> None:
    """A parameter that only one language has is reported as untranslated, and not as removed."""
    pages = parse_page(both("markdown", EN, edit_page(ZH, drop=["request.mgnCcy"])), "GET", PATH)
    lock.update("getMaxLoan", pages)
    (row,) = differences(SPEC, lock, LOAN, pages)
    assert (str(row.place), row.severity.name, row.languages) == ("request.mgnCcy", "WORDING", ("zh",))


def test_edited_spec_differs_from_the_page(lock: Lock) -> None:
    """The page is compared with the spec as well as with the lock."""
    spec = Spec(TEXT.replace("requests: 20", "requests: 30").replace("maxItems: 5", "maxItems: 9"))
    rows = differences(spec, lock, LOAN, parse_page(both("html"), "GET", PATH))
    assert [(str(row.place), row.was, row.now) for row in rows] == [
        ("rate", ((30, 2),), ((20, 2),)),
        ("request.instId.limit", 9, 5),
    ]


def test_the_line_of_the_spec(lock: Lock) -> None:
    """A row names the line of the spec: that of the fact, or that where a new fact belongs."""
    lines = TEXT.splitlines()
    expected = {"rate": "x-okx-rate-limit", "request.instId.limit": "schema:", "request.mgnMode.values": "x-okx-values"}
    found_lines = SPEC.lines("GET", PATH)
    assert all(text in lines[found_lines[what] - 1] for what, text in expected.items())
    page = RENDER["html"](edit_page(EN, add=[{"table": "response", "name": "quota", "description": "Left"}]))
    (row,) = differences(SPEC, lock, LOAN, parse_page(page.encode(), "GET", PATH))
    assert lines[row.line - 1] == "      properties:"
    assert "instId: {type: string" in lines[row.line]


def test_compatible_rate_limits() -> None:
    """A new limit is an addition only if every client that observed the old limit observes the new one."""
    assert allows(((20, 2),), ((20, 1),))
    assert allows(((5, 2), (80, 3600)), ((5, 2),))
    assert not allows(((5, 2),), ((5, 2), (80, 3600)))
