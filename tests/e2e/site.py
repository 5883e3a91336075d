"""The guide's site in headless Chromium: `make docs-test`, separate from `make test`, which needs no browser."""

import functools
import os
import shutil
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from okx_maxloan_api.contract import GET_MAX_LOAN, OPERATIONS
from playwright.sync_api import Browser, Page, Route, sync_playwright

SITE = Path(__file__).resolve().parent.parent.parent / "site"
NAMES = ("chromium", "chromium-browser", "google-chrome")
# As root it runs without a sandbox, as in a container; the others disable its own network requests.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]
MISSING = (
    "no Chromium; install it (Debian: apt-get install chromium, elsewhere: .venv/bin/playwright install chromium),"
    " or name it in the variable CHROMIUM"
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Serve the site on loopback."""
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(SITE))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium: the configured one, the system's, or playwright's own."""
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        executable = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
        if executable is None and not Path(own).exists():
            pytest.fail(MISSING)
        with playwright.chromium.launch(executable_path=executable or own, args=FLAGS) as browser:
            yield browser


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """Open a page, which must log no error and load nothing from another host."""
    errors: list[str] = []

    def load(route: Route) -> None:
        if route.request.url.startswith(url):
            route.continue_()
        else:
            errors.append(f"asks for {route.request.url}")
            route.abort()

    with browser.new_page() as page:
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.route("**/*", load)
        yield page
        assert errors == []


@pytest.mark.parametrize(("lang", "heading", "link"), [("en", "Parameters", "English"), ("zh", "参数", "中文")])
def test_guide(page: Page, url: str, lang: str, heading: str, link: str) -> None:
    """The table of parameters has a row for each, and the language can be switched in both directions."""
    page.goto(f"{url}/{lang}/python/")
    assert page.locator("html").get_attribute("lang") == lang
    assert heading in (page.locator("h2").first.text_content() or "")
    table = page.locator("table", has=page.get_by_text("mgnMode", exact=True)).first
    assert table.locator("tbody tr").count() == len(GET_MAX_LOAN.parameters)
    for name in ("English", "中文", link):
        page.locator("[aria-label='Select language'], [aria-label='选择当前语言']").first.hover()
        page.get_by_role("link", name=name, exact=True).first.click()
        page.wait_for_load_state()
    assert f"/{lang}/" in page.url


@pytest.mark.parametrize(
    ("lang", "limit", "rule"), [("en", "Rate limit", "Pass at least one"), ("zh", "限速", "至少传一个")]
)
def test_openapi(page: Page, url: str, lang: str, limit: str, rule: str) -> None:
    """The viewer lists every operation, and shows its limit and rules in the language of the site."""
    page.goto(f"{url}/{lang}/openapi/")
    viewer = page.frame_locator("iframe").first
    viewer.locator(".opblock").first.wait_for()
    assert viewer.locator(".opblock").count() == len(OPERATIONS)
    block = viewer.locator(".opblock", has_text=GET_MAX_LOAN.path)
    block.locator(".opblock-summary-control").click()
    text = block.locator(".opblock-description").inner_text()
    assert limit in text
    assert rule in text


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_reference(page: Page, url: str, lang: str) -> None:
    """The API page documents the clients, with every parameter of their main call."""
    page.goto(f"{url}/{lang}/api/")
    assert page.locator("[id='okx_maxloan_sdk.MaxLoanClient.get_max_loan']").count() == 1
    assert page.locator("[id='okx_maxloan_sdk.AsyncMaxLoanClient.get_max_loan']").count() == 1
