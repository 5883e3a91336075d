"""files.py: pages from files and URLs, and files that are replaced together."""

from pathlib import Path

import pytest
from docs_watch import files
from docs_watch.facts import PageParseError

from tests.support.raw import Behavior, RawServer, respond


def redirect(target: str) -> Behavior:
    """Redirect to a URL."""
    return respond(b"", 302, f"Location: {target}")


def test_page_from_an_address() -> None:
    """A page is fetched, and a redirect followed."""
    with RawServer(redirect("/page"), respond(b"# page")) as site:
        assert files.load(f"{site.url}/moved#part") == b"# page"
        assert [request.split()[1] for request in site.requests] == [b"/moved", b"/page"]


@pytest.mark.parametrize(
    ("behavior", "message"),
    [
        (respond(status=404), "HTTP 404"),
        (redirect("/loop"), "redirects"),
        (redirect("http://192.0.2.1/page"), "over https only"),
        (respond(b"x" * 5000), "larger than"),
    ],
)
def test_address_that_gives_no_page(behavior: Behavior, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error status, a redirect loop, a redirect away from https and a page above the size limit are reported."""
    monkeypatch.setattr(files, "LARGEST", 4096)
    with RawServer(behavior) as site, pytest.raises(PageParseError, match=message):
        files.load(site.url)


@pytest.mark.parametrize(
    ("message", "sources"),
    [
        ("over https only", ["http://192.0.2.1/", "http://localhost.example/", "http://127.0.0.1.x/"]),
        ("cannot be read", ["x.md", ".", "a\0b", "https://\0/", "https://xn--/", "ftp://x/y", "https://127.0.0.1:1/"]),
        ("larger than", ["large"]),
    ],
)
def test_source_that_cannot_be_read(
    message: str, sources: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another machine over http, no file, a large one, a directory, an invalid URL and a closed port are reported."""
    monkeypatch.setattr(files, "LARGEST", 4)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "large").write_bytes(b"12345")
    for source in sources:
        with pytest.raises(PageParseError, match=message):
            files.load(source)


def test_files_are_replaced_with_their_modes(tmp_path: Path) -> None:
    """Files are replaced with their modes, new ones are created, and nothing else remains."""
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("before")
    old.chmod(0o640)
    files.replace_atomically({old: "after\r\n", new: "made"})
    assert (old.read_bytes(), new.read_bytes()) == (b"after\r\n", b"made")
    assert old.stat().st_mode & 0o777 == 0o640
    assert sorted(tmp_path.iterdir()) == [new, old]
