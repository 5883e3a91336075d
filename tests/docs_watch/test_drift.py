"""Edits of a page, each reported at its place with its severity for a caller."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from docs_watch.compare import Severity, allows
from docs_watch.drift import differences
from docs_watch.lock import Lock
from docs_watch.page import parse_page
from docs_watch.spec import Spec

from tests.docs_watch.conftest import HERE, LOAN
from tests.docs_watch.page_edits import SEEDED, Edit
from tests.docs_watch.pages import EN, FORMS, LANGUAGES, PAGES, PATH, RENDER, ZH, Row, both

if TYPE_CHECKING:
    from pathlib import Path

TEXT = (HERE / "openapi.yaml").read_text("utf-8")
SPEC = Spec(TEXT)


def find_differences(lock: Lock, data: bytes) -> tuple[Severity | None, dict[str, tuple[str, ...]]]:
    """Compare a page with the small spec."""
    titles = frozenset(facts.title for facts in lock.facts("getMaxLoan").values())
    rows = differences(SPEC, lock, LOAN, parse_page(data, "GET", PATH, titles))
    return max((row.severity for row in rows), default=None), {str(row.place): row.languages for row in rows}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("edit", SEEDED, ids=lambda edit: edit.id)
def test_seeded_edits(lock: Lock, form: str, language: str, edit: Edit) -> None:
    """An edit of one language's page, in either format, is reported at its place with its severity."""
    severity, places = find_differences(lock, RENDER[form](edit.apply(PAGES[language])).encode())
    assert set(places) == edit.places
    assert severity == edit.severity


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("edit", SEEDED, ids=lambda edit: edit.id)
def test_seeded_edits_of_both_languages(lock: Lock, form: str, edit: Edit) -> None:
    """An edit of both languages has the same severity and one row, unless it concerns their texts."""
    severity, places = find_differences(lock, both(form, edit.apply(EN), edit.apply(ZH)))
    assert severity == edit.severity
    assert set(places) == edit.places


def test_number_of_edits() -> None:
    """The list has forty edits that matter, of every severity."""
    assert len({edit.id for edit in SEEDED if edit.severity}) >= 40
    assert {edit.severity for edit in SEEDED} == {None, *Severity}


def test_a_missing_permission_heading_is_no_drift(lock: Lock) -> None:
    """A permission that was locked stays when its heading disappears, and no difference is reported when it returns."""
    with_permission = EN.with_parts(permission="Permission: Read")
    lock.update("getMaxLoan", parse_page(RENDER["html"](with_permission).encode(), "GET", PATH))
    lock.update("getMaxLoan", parse_page(RENDER["html"](EN).encode(), "GET", PATH))
    for page in (EN, with_permission):
        assert find_differences(lock, RENDER["html"](page).encode()) == (None, {})


def test_late_translation_is_wording(lock: Lock) -> None:
    """A translation of a text that the other language already had is a change of wording."""
    zh = ZH.row("response", "side", description="买还是卖\n`buy` `sell`").row("request", "ccy", required="条件必填")
    severity, places = find_differences(lock, both("markdown", EN, zh))
    assert severity is Severity.WORDING
    assert set(places) == {"response.side.values", "response.side.text", "request.ccy.required"}


def test_untranslated_row_is_not_removed(checkout: Path, lock: Lock) -> None:
    """A parameter that only one language has is reported as untranslated, and not as removed."""
    pages = parse_page(both("markdown", EN, ZH.without("request", "mgnCcy")), "GET", PATH)
    lock.update("getMaxLoan", pages)
    spec = Spec((checkout / "spec" / "openapi.yaml").read_text("utf-8"))
    (row,) = differences(spec, lock, LOAN, pages)
    assert (str(row.place), row.severity, row.languages) == ("request.mgnCcy", Severity.WORDING, ("zh",))


def test_edited_spec_differs_from_the_page(lock: Lock) -> None:
    """The page is compared with the spec as well as with the lock."""
    spec = Spec(TEXT.replace("requests: 20", "requests: 30").replace("maxItems: 5", "maxItems: 9"))
    rows = differences(spec, lock, LOAN, parse_page(both("html"), "GET", PATH))
    assert [(str(row.place), row.was, row.now) for row in rows] == [
        ("rate", ((30, 2),), ((20, 2),)),
        ("request.instId.limit", 9, 5),
    ]


def test_the_line_of_the_spec() -> None:
    """A row names the line of the spec: that of the fact, or that where a new fact belongs."""
    lines = TEXT.splitlines()
    expected = {"rate": "x-okx-rate-limit", "request.instId.limit": "schema:", "request.mgnMode.values": "x-okx-values"}
    found_lines = SPEC.lines("GET", PATH)
    assert all(text in lines[found_lines[what] - 1] for what, text in expected.items())
    lock = Lock()
    pages = parse_page(RENDER["html"](EN.with_row("response", Row("quota", "Left"))).encode(), "GET", PATH)
    (row,) = [row for row in differences(SPEC, lock, LOAN, pages) if str(row.place) == "response.quota"]
    assert lines[row.line - 1] == "      properties:"
    assert (
        lines[row.line]
        == "        instId: {type: string, default: '', description: The pair., x-description-zh: 币对。}"
    )


@pytest.mark.parametrize(
    ("old", "new", "fits"),
    [
        (((20, 2),), ((20, 2),), True),
        (((20, 2),), ((40, 4),), True),
        (((20, 2),), ((10, 1),), False),
        (((20, 2),), ((30, 3),), False),
        (((20, 2),), ((20, 1),), True),
        (((5, 2), (80, 3600)), ((5, 2),), True),
        (((5, 2),), ((5, 2), (80, 3600)), False),
    ],
)
def test_compatible_rate_limits(
    old: tuple[tuple[int, int], ...], new: tuple[tuple[int, int], ...], *, fits: bool
) -> None:
    """A new limit is an addition only if every client that observed the old limit observes the new one."""
    assert allows(old, new) is fits
