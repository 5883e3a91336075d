"""docs.lock.json of this repository, and the differences that a lock accepts."""

import json
from datetime import date

import pytest
from docs_watch.compare import Change, Place, Severity
from docs_watch.drift import Operation, open_differences
from docs_watch.lock import Lock
from docs_watch.spec import Spec

from tests.docs_watch.conftest import ROOT

TEXT = (ROOT / "spec" / "docs.lock.json").read_text("utf-8")
SPEC = Spec((ROOT / "spec" / "openapi.yaml").read_text("utf-8"))
LOCK = Lock(TEXT)


def test_lock_has_the_canonical_format() -> None:
    """The committed lock is byte for byte as the script writes it, one row a line."""
    assert LOCK.text() == TEXT
    assert max(map(len, TEXT.splitlines())) < 700


def test_every_accepted_difference_has_a_reason() -> None:
    """An accepted difference has a reason and locked languages, and the changelog a day and a reason of its review."""
    for entry in LOCK.known:
        assert len(entry["reason"]) > 20
        assert {*entry["languages"]} <= LOCK.operations[entry["operation"]].keys()
    assert date.fromisoformat(LOCK.changelog["reviewed"]) >= date(2026, 8, 22)
    assert len(LOCK.changelog["reason"]) > 20


@pytest.mark.parametrize("operation", [Operation(*each) for each in SPEC.operations()], ids=lambda each: each.id)
def test_spec_has_the_facts_of_the_locked_pages(operation: Operation) -> None:
    """Every fact of the locked pages is in the spec or accepted; that of this SDK is locked in both languages."""
    pages = LOCK.facts(operation.id)
    assert not any(open_differences(SPEC, LOCK, operation, pages).values())
    assert operation.id != "getMaxLoan" or pages.keys() == {"en", "zh"}


@pytest.mark.parametrize(
    ("entry", "accepted"),
    [
        ({"what": "response.side.values"}, True),
        ({"what": "response.*.values"}, True),
        ({"what": "response.*"}, False),
        ({"what": "response.side.values", "says": []}, True),
        ({"what": "response.side.values", "says": ["buy"]}, False),
        ({"what": "response.side.values", "spec": ["buy"]}, True),
        ({"what": "response.side.values", "spec": None}, False),
        ({"what": "response.side.values", "languages": ["en"]}, False),
        ({"what": "response.side.values", "operation": "getTime"}, False),
    ],
)
def test_what_an_entry_accepts(entry: dict[str, object], *, accepted: bool) -> None:
    """An entry accepts one place in the named languages, and only the values of page and spec that it names."""
    change = Change(Place("response", "side", "values"), ("buy",), (), Severity.BREAKING)
    lock = Lock(json.dumps({"known": [{"operation": "getMaxLoan", "languages": ["zh"], "reason": "why", **entry}]}))
    assert lock.accepts("getMaxLoan", "zh", change) is accepted
