"""changelog.py: the announcements that concern this SDK, the reasons, and the review date in the lock."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import check_docs
import pytest
from docs_watch.changelog import find_date, parse_changelog
from docs_watch.facts import PageParseError

from tests.docs_watch.conftest import REVIEWED
from tests.docs_watch.pages import FORMS, both, load

CASES = load("changelog")
# Date or heading, title, sentences; in our own words.
Log = list[tuple[str, str, str]]


def log(form: str, entries: Log) -> bytes:
    """Render a changelog; code is in backquotes."""
    if form == "markdown":
        return "\n\n".join(f"# {day}\n\n## {title}\n\n{text}" for day, title, text in entries).encode()
    pieces = []
    for day, title, text in entries:
        code = "".join(part if n % 2 == 0 else f"<code>{part}</code>" for n, part in enumerate(text.split("`")))
        pieces.append(f"<h1 id='{day}'>{day}</h1>\n<h2 id='{day}-x'>{title}</h2>\n<p>{code}</p>\n")
    return f"<!doctype html><html><body>{''.join(pieces)}</body></html>".encode()


def run(checkout: Path, data: bytes, *flags: str) -> int:
    """Run the script on a changelog."""
    page = checkout / "log_en.page"
    page.write_bytes(data)
    return check_docs.main(["--changelog", str(page), "--root", str(checkout), *flags])


def notices_of(checkout: Path, capsys: pytest.CaptureFixture[str], data: bytes) -> list[dict[str, Any]]:
    """Return the script's notices about a changelog."""
    capsys.readouterr()
    run(checkout, data, "--format", "json")
    notices: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["changelog"]
    return notices


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("text", "reason"), CASES["concerns"].items())
def test_what_concerns_us(
    checkout: Path, capsys: pytest.CaptureFixture[str], form: str, text: str, reason: str
) -> None:
    """An entry that names a part of this SDK is listed with its date, its title and the reason."""
    data = log(form, [("2026-09-30", "News of September", text), (REVIEWED, "Old news", text)])
    assert run(checkout, data) == 10
    (notice,) = notices_of(checkout, capsys, data)
    assert (notice["day"], notice["title"], notice["severity"]) == ("2026-09-30", "News of September", "wording")
    assert reason in notice["reasons"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", CASES["ignored"]["texts"])
def test_what_does_not_concern_us(checkout: Path, form: str, text: str) -> None:
    """An entry about other things is not listed, even if its words resemble our names."""
    assert run(checkout, log(form, [("2026-09-30", "News", text)])) == 0


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("text", "code"), CASES["exit_codes"].items())
def test_what_calls_itself_incompatible(checkout: Path, form: str, text: str, code: int) -> None:
    """An entry that announces an incompatible change ends with the exit code of a breaking change."""
    assert run(checkout, log(form, [("2026-09-30", "News", text)])) == code


@pytest.mark.parametrize(
    ("form", "text", "reason"),
    [
        ("markdown", "[It](https://www.okx.com/docs-v5/en/#a-loan) was changed.", "getMaxLoan"),
        ("html", "<a href='https://www.okx.com/docs-v5/en/#a-loan'>It</a> was changed.", "getMaxLoan"),
        ("markdown", "Parameter | Type | Description\n---|---|---\nside | String | Which", "side"),
        ("html", "<table><tr><th>Parameter</th></tr><tr><td>side</td></tr></table>", "side"),
    ],
)
def test_links_and_tables_are_read(
    checkout: Path, capsys: pytest.CaptureFixture[str], form: str, text: str, reason: str
) -> None:
    """A link to an operation's documentation counts as its name, and so does a name in a table cell of its own."""
    (notice,) = notices_of(checkout, capsys, log(form, [("2026-09-30", "News", text)]))
    assert notice["reasons"] == [reason]


@pytest.mark.parametrize("page", CASES["parts"].values(), ids=CASES["parts"])
def test_parts_of_an_entry(checkout: Path, capsys: pytest.CaptureFixture[str], page: str) -> None:
    """Headings below an entry's title belong to the entry, and their texts are read together."""
    notices = [(each["title"], each["severity"]) for each in notices_of(checkout, capsys, page.encode())]
    assert notices == [("A merge", "breaking"), ("Another", "wording")]


@pytest.mark.parametrize("form", FORMS)
def test_titles_of_days(checkout: Path, form: str) -> None:
    """What the title of a day says besides the day counts for each of its entries."""
    assert run(checkout, log(form, [("2026-09-30 Breaking changes", "News", "`instId`")])) == 12


@pytest.mark.parametrize(("text", "code"), CASES["dates"].items())
def test_dates_that_are_no_titles(checkout: Path, capsys: pytest.CaptureFixture[str], text: str, code: int) -> None:
    """A later date that stands by itself, but in no title, is refused: what follows would count as older."""
    assert run(checkout, text.encode()) == code
    assert ("the date 2026-09-30 of the changelog stands in no title" in capsys.readouterr().out) is (code == 20)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("heading", ["Upcoming Changes", "即将上线"])
def test_announcements_without_a_day(
    checkout: Path, capsys: pytest.CaptureFixture[str], form: str, heading: str
) -> None:
    """An undated announcement is listed until it is reviewed, and again when its text changes."""
    old = (REVIEWED, "Old", "Nothing.")
    data = log(form, [(heading, "Soon", "The field `side` will go."), old])
    assert [each["day"] for each in notices_of(checkout, capsys, data)] == ["upcoming"]
    assert run(checkout, data, "--reviewed", REVIEWED, "--reason", "side is optional for us") == 0
    assert run(checkout, data) == 0
    assert run(checkout, log(form, [(heading, "Soon", "The field `side` will go in May."), old])) == 10


def test_review_changes_the_date(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--reviewed sets the date in the lock, with a reason; entries up to that date are no longer listed."""
    data = log("html", [("2026-10-02", "Third", "`instId`"), ("2026-10-01", "Second", "`instId`")])
    assert run(checkout, data, "--reviewed", "2026-10-01", "--reason", "the ids are not ours") == 10
    assert "changelog wording 2026-10-02  Third  (instId)" in capsys.readouterr().out
    lock = json.loads((checkout / "spec" / "docs.lock.json").read_text("utf-8"))
    assert lock["changelog"] == {"reviewed": "2026-10-01", "reason": "the ids are not ours", "upcoming": []}
    assert check_docs.main(["--reviewed", "2026-10-02", "--reason", "nothing of it", "--root", str(checkout)]) == 0
    assert run(checkout, data) == 0


def test_review_needs_a_reason_and_a_day_that_was(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A review without a reason, or with a future date, is a usage error."""
    tomorrow = (datetime.now(UTC).date() + timedelta(days=1)).isoformat()
    for flags in (("2026-10-01",), ("2026-10-01", "--reason", "ok"), (tomorrow, "--reason", "looking ahead")):
        with pytest.raises(SystemExit):
            check_docs.main(["--reviewed", *flags, "--root", str(checkout)])
    assert "--reason" in capsys.readouterr().err


@pytest.mark.parametrize("data", [b"", b"# No date\n\ntext", b"<h1>503 Service ServiceUnavailableError</h1>", b"\xff"])
def test_changelog_that_is_not_understood(checkout: Path, data: bytes) -> None:
    """A page without a dated entry is no changelog, and changes no date."""
    before = (checkout / "spec" / "docs.lock.json").read_bytes()
    assert run(checkout, data, "--reviewed", "2026-10-01", "--reason", "whatever it says") == 20
    assert (checkout / "spec" / "docs.lock.json").read_bytes() == before
    with pytest.raises(PageParseError):
        parse_changelog(data)


@pytest.mark.parametrize(
    "text",
    [
        "<h1>2026-10-01</h1><h1>x</h1>" + "<h2>y</h2>z" * 300_000,
        "<h1>2026-10-01</h1>z" * 50_000,
        "# 2026-10-01\n\n## x\n" + "### y\nz\n" * 300_000,
        "# Upcoming\n" + "## y\nz\n" * 20_000,
    ],
)
def test_hostile_changelogs_end(checkout: Path, text: str) -> None:
    """A changelog that is designed to slow the parser down ends soon."""
    start = time.perf_counter()
    run(checkout, text.encode())
    assert time.perf_counter() - start < 30


@pytest.mark.parametrize("size", [140_000, 100_000])
def test_changelog_that_is_too_long(checkout: Path, size: int) -> None:
    """An entry, or a sum of unreviewed entries, above the size limit is an error until it is reviewed."""
    entries = [("2026-10-01", f"Entry {number}", "x " * (size // 2)) for number in range(1 if size > 2**17 else 22)]
    assert run(checkout, log("markdown", entries)) == 20
    assert run(checkout, log("markdown", entries), "--reviewed", "2026-10-01", "--reason", "nothing but x") == 0


def test_changelog_beside_pages(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A changelog is recognized by its file name, and the worse result of pages and changelog decides the exit code."""
    (checkout / "page.html").write_bytes(both("html"))
    (checkout / "log_zh.html").write_bytes(
        log("html", [("2026年9月30日", "公告", "`instId` 有变动，属于不兼容变更。")])
    )
    pages = [str(checkout / name) for name in ("page.html", "log_zh.html")]
    assert check_docs.main([*pages, "--root", str(checkout)]) == 12
    assert "changelog breaking 2026-09-30  公告  (instId)" in capsys.readouterr().out
    assert check_docs.main([*pages, "--root", str(checkout), "--format", "markdown"]) == 12
    assert "- changelog breaking 2026-09-30 `公告`: `instId`" in capsys.readouterr().out


@pytest.mark.parametrize(("title", "expected"), CASES["headings"].items())
def test_dates_of_headings(title: str, expected: dict[str, Any]) -> None:
    """A heading that begins with a date dates the text below it; one that mentions a date does not."""
    assert find_date(title) == (expected.get("day"), expected["remainder"])
