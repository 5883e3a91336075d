"""changelog.py: the announcements that concern this SDK, the reasons, and the review date in the lock."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from docs_watch.changelog import find_date

from tests.docs_watch.conftest import REVIEWED, Checkout
from tests.docs_watch.pages import FORMS, both, load

CASES = load("changelog")
Notices = Callable[[bytes], list[dict[str, Any]]]


def log(form: str, *entries: tuple[str, str, str]) -> bytes:
    """Render a changelog of dates or headings, titles and sentences in our own words; code is in backquotes."""
    if form == "markdown":
        return "\n\n".join(f"# {day}\n\n## {title}\n\n{text}" for day, title, text in entries).encode()
    pieces = []
    for day, title, text in entries:
        code = "".join(part if n % 2 == 0 else f"<code>{part}</code>" for n, part in enumerate(text.split("`")))
        pieces.append(f"<h1 id='{day}'>{day}</h1>\n<h2 id='{day}-x'>{title}</h2>\n<p>{code}</p>\n")
    return f"<!doctype html><html><body>{''.join(pieces)}</body></html>".encode()


def check(checkout: Checkout, data: bytes, *flags: str) -> int:
    """Run the script on a changelog, which it recognizes by the name of its file."""
    return checkout.check(data, flags=flags, name="log_en")


@pytest.fixture
def notices(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> Notices:
    """Return a function that returns the script's notices about a changelog."""

    def run(data: bytes) -> list[dict[str, Any]]:
        check(checkout, data, "--format", "json")
        found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["changelog"]
        return found

    return run


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("text", "expected"), CASES["entries"].items())
def test_entries(notices: Notices, form: str, text: str, expected: list[str]) -> None:
    """An entry that names a part of this SDK is listed with the reason, and says so if it calls itself incompatible."""
    found = notices(log(form, ("2026-09-30", "News", text), (REVIEWED, "Old news", text)))
    severity, reason = expected or ("", "")
    assert [(n["day"], n["title"], n["severity"]) for n in found] == [("2026-09-30", "News", severity)][: len(expected)]
    assert all(reason in each["reasons"] for each in found)


@pytest.mark.parametrize(("page", "expected"), CASES["listed"].items())
def test_parts_of_an_entry(notices: Notices, page: str, expected: list[str]) -> None:
    """The title of its day, headings below its own title, links, and cells of a table are parts of an entry."""
    assert [f"{n['title']} {n['severity']} {' '.join(n['reasons'])}" for n in notices(page.encode())] == expected


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("heading", ["Upcoming Changes", "即将上线"])
def test_announcements_without_a_day(checkout: Checkout, notices: Notices, form: str, heading: str) -> None:
    """An undated announcement is listed until it is reviewed, and again when its text changes."""
    old = (REVIEWED, "Old", "Nothing.")
    data = log(form, (heading, "Soon", "The field `side` will go."), old)
    assert [each["day"] for each in notices(data)] == ["upcoming"]
    assert check(checkout, data, "--reviewed", REVIEWED, "--reason", "side is optional for us") == 0
    assert check(checkout, data) == 0
    assert check(checkout, log(form, (heading, "Soon", "The field `side` will go in May."), old)) == 10


def test_review_changes_the_date(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    """--reviewed sets the date in the lock, with a reason; entries up to that date are no longer listed."""
    data = log("html", ("2026-10-02", "Third", "`instId`"), ("2026-10-01", "Second", "`instId`"))
    assert check(checkout, data, "--reviewed", "2026-10-01", "--reason", "the ids are not ours") == 10
    assert "changelog wording 2026-10-02  Third  (instId)" in capsys.readouterr().out
    review = {"reviewed": "2026-10-01", "reason": "the ids are not ours", "upcoming": []}
    assert checkout.lock.changelog == review
    assert checkout.check(flags=("--reviewed", "2026-10-02", "--reason", "nothing of it")) == 0
    assert check(checkout, data) == 0


def test_review_needs_a_reason_and_a_day_that_was(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    """A review without a reason, or with a future date, is a usage error."""
    tomorrow = (datetime.now(UTC).date() + timedelta(days=1)).isoformat()
    for flags in (("2026-10-01",), ("2026-10-01", "--reason", "ok"), (tomorrow, "--reason", "looking ahead")):
        with pytest.raises(SystemExit):
            checkout.check(flags=("--reviewed", *flags))
        assert "--reviewed" in capsys.readouterr().err


@pytest.mark.parametrize(("page", "reason"), [*CASES["refused"].items(), ("\udcff", "not UTF-8")])
def test_refused_changelog(checkout: Checkout, capsys: pytest.CaptureFixture[str], page: str, reason: str) -> None:
    """A page without a date, or with a later one in no title, below which all would count as older, is refused."""
    before = checkout.state()
    data = page.encode("utf-8", "surrogateescape")
    assert check(checkout, data, "--reviewed", "2026-10-01", "--reason", "whatever it says") == 20
    assert reason in capsys.readouterr().out
    assert checkout.state() == before


@pytest.mark.parametrize(
    "text",
    [
        "<h1>2026-10-01</h1><h1>x</h1>" + "<h2>y</h2>z" * 150_000,
        "<h1>2026-10-01</h1>z" * 10_000,
        "# 2026-10-01\n\n## x\n" + "### y\nz\n" * 150_000,
        "# Upcoming\n" + "## y\nz\n" * 10_000,
    ],
)
def test_hostile_changelogs_end(checkout: Checkout, text: str) -> None:
    """A changelog that is designed to slow the parser down ends soon."""
    start = time.process_time()
    check(checkout, text.encode())
    assert time.process_time() - start < 8


@pytest.mark.parametrize(("count", "size"), [(1, 140_000), (22, 100_000)])
def test_changelog_that_is_too_long(checkout: Checkout, count: int, size: int) -> None:
    """An entry, or a sum of unreviewed entries, above the size limit is an error until it is reviewed."""
    data = log("markdown", *[("2026-10-01", "An entry", "x " * (size // 2))] * count)
    assert check(checkout, data) == 20
    assert check(checkout, data, "--reviewed", "2026-10-01", "--reason", "nothing but x") == 0


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ("text", "changelog breaking 2026-09-30  公告  (instId)"),
        ("markdown", "- changelog breaking 2026-09-30 `公告`: `instId`"),
    ],
)
def test_changelog_beside_pages(checkout: Checkout, capsys: pytest.CaptureFixture[str], form: str, line: str) -> None:
    """The worse result of pages and changelog decides the exit code."""
    path = checkout.root / "announcements"
    path.write_bytes(log("html", ("2026年9月30日", "公告", "`instId` 有变动，属于不兼容变更。")))
    assert checkout.check(both("html"), flags=("--changelog", str(path), "--format", form)) == 12
    assert line in capsys.readouterr().out


@pytest.mark.parametrize(("title", "expected"), CASES["headings"].items())
def test_dates_of_headings(title: str, expected: dict[str, Any]) -> None:
    """A heading that begins with a date dates the text below it; one that mentions a date does not."""
    assert find_date(title) == (expected.get("day"), expected["remainder"])
