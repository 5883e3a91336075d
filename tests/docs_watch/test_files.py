"""files.py: pages from files and URLs, and files that are replaced together."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from docs_watch import files
from docs_watch.facts import PageParseError

REDIRECTS = {"/moved": "/page", "/loop": "/loop", "/away": "http://192.0.2.1/page"}


class Site(BaseHTTPRequestHandler):
    """A site with a page, a large page and redirects."""

    def do_GET(self) -> None:
        """Respond."""
        body = b"x" * 5000 if self.path == "/large" else b"# page"
        self.send_response(302 if self.path in REDIRECTS else 404 if self.path == "/missing" else 200)
        self.send_header("Location", REDIRECTS.get(self.path, ""))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's names
        """Log nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    """Serve on loopback."""
    with HTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_page_from_an_address(site: str) -> None:
    """A page is fetched, and a redirect followed."""
    assert files.load(f"{site}/page#part") == b"# page"
    assert files.load(f"{site}/moved") == b"# page"


@pytest.mark.parametrize(
    ("path", "message"),
    [("/missing", "HTTP 404"), ("/loop", "redirects"), ("/away", "over https only"), ("/large", "larger than")],
)
def test_address_that_gives_no_page(site: str, path: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error status, a redirect loop, a redirect away from https and a page above the size limit are reported."""
    monkeypatch.setattr(files, "LARGEST", 4096)
    with pytest.raises(PageParseError, match=message):
        files.load(site + path)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        *(
            (each, "over https only")
            for each in ("http://192.0.2.1/", "http://localhost.example/", "http://127.0.0.1.x/")
        ),
        *(
            (each, "cannot be read")
            for each in ("missing.md", ".", "a\0b", "https://\0/", "https://xn--/", "ftp://x/y")
        ),
        ("https://127.0.0.1:1/", "cannot be read"),
        ("large", "larger than"),
    ],
)
def test_source_that_cannot_be_read(source: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another machine over http, no file, a large one, a directory, an invalid URL and a closed port are reported."""
    monkeypatch.setattr(files, "LARGEST", 4)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "large").write_bytes(b"12345")
    with pytest.raises(PageParseError, match=message):
        files.load(source)


def test_files_are_replaced_with_their_modes(tmp_path: Path) -> None:
    """Files are replaced with their modes, new ones are created, or none if a later one fails; nothing else remains."""
    old, new, folder = (tmp_path / name for name in ("old", "new", "folder"))
    old.write_text("before")
    old.chmod(0o640)
    folder.mkdir()
    with pytest.raises(OSError, match="folder"):
        files.replace_atomically({new: "made", folder: "text"})
    assert sorted(tmp_path.iterdir()) == [folder, old]
    files.replace_atomically({old: "after\r\n", new: "made"})
    assert old.read_bytes() == b"after\r\n"
    assert old.stat().st_mode & 0o777 == 0o640
    assert sorted(tmp_path.iterdir()) == [folder, new, old]
