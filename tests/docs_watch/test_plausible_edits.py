"""Exit codes of plausible edits of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import check_docs
import pytest

from tests.docs_watch.plausible_edits import IN_FORMS, PlausibleEdit

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("edit", "form"), IN_FORMS)
def test_exit_code(checkout: Path, edit: PlausibleEdit, form: str) -> None:
    """A page with the edit, in both languages, ends with an acceptable exit code."""
    page = checkout / "page"
    page.write_bytes(edit.render(form))
    assert check_docs.main([str(page), "--root", str(checkout)]) in edit.codes
