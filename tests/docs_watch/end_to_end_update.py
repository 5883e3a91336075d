"""End-to-end update on a copy of the checkout, from a changed page to a green `make test`.

`python -m tests.docs_watch.end_to_end_update [FOLDER]` runs it. If a folder is given, the copy stays there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from okx_maxloan_api.contract import GET_MAX_LOAN

from tests.docs_watch.pages import PAGES, Page, Row, both

if TYPE_CHECKING:
    from okx_maxloan_api.contract import Value

ROOT = Path(__file__).resolve().parents[2]
# Files outside the project, and temporary files of other tests.
EXCLUDED = shutil.ignore_patterns(
    ".git", ".venv", ".*_cache", "__pycache__", ".hypothesis", ".schemathesis", "dist", "site", "mutants", ".new-*"
)
# Set in the copy, so that its tests do not start another update.
NESTED_RUN = "OKX_NESTED_UPDATE"
YES_NO = {"en": ("No", "Yes"), "zh": ("否", "是")}
ITEMS = {"en": "\nMultiple, no more than {}", "zh": "\n支持多个（不超过{}个）"}
RATE = {"en": "Rate Limit: {} requests per {} seconds", "zh": "限速：{}次/{}s"}
GIT = ("git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")


def page(language: str) -> Page:
    """Build a page that matches the contract, so that the test is independent of OKX's current page."""

    def description(name: str, values: tuple[Value, ...], items: int = 1) -> str:
        listed = f"\n{' '.join(f'`{each.value}`' for each in values)}" if values else ""
        return f"About {name}{ITEMS[language].format(items) if items > 1 else ''}{listed}"

    request = tuple(
        Row(each.name, description(each.name, each.values, each.max_items), YES_NO[language][each.required])
        for each in GET_MAX_LOAN.parameters
    )
    response = tuple(Row(each.name, description(each.name, each.values)) for each in GET_MAX_LOAN.fields)
    rate = RATE[language].format(GET_MAX_LOAN.limit.requests, GET_MAX_LOAN.limit.period)
    sample = " ".join(each.name for each in GET_MAX_LOAN.fields)
    anchor = GET_MAX_LOAN.docs_en.partition("#")[2]
    return PAGES[language].with_parts(request=request, response=response, rate=rate, sample=sample, anchor=anchor)


def apply_changes(old: Page) -> Page:
    """Make five changes: a parameter, a field, a value, the rate limit and the limit of items."""
    language, parameters = old.language, {each.name: each for each in GET_MAX_LOAN.parameters}
    new = old.with_row("request", Row("newThing", "What it is for", YES_NO[language][False]))
    new = new.with_row("response", Row("newAmount", "How much of it"), 2)
    modes = " ".join(f"`{each.value}`" for each in parameters["mgnMode"].values)
    new = new.row("request", "mgnMode", description=f"Kind\n{modes} `newMode`")
    new = new.row("request", "instId", description=f"Pairs{ITEMS[language].format(parameters['instId'].max_items + 2)}")
    return new.with_parts(rate=RATE[language].format(GET_MAX_LOAN.limit.requests + 10, GET_MAX_LOAN.limit.period))


def run(
    checkout: Path, *command: str | Path, code: int | None = 0, show_output: bool = False, timeout: float = 120
) -> str:
    """Run a command in the copy with the copy's own packages; `code=None` accepts every exit code."""
    paths = os.pathsep.join([str(checkout), str(checkout / "generated")])
    done = subprocess.run(
        command,
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": paths, NESTED_RUN: "1"},
        stdout=None if show_output else subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=timeout,
    )
    assert code in {None, done.returncode}, f"{command} ended with {done.returncode}\n{done.stdout or ''}"
    return done.stdout or ""


def prepare(checkout: Path) -> Path:
    """Copy and tag the project, lock today's page there, and return the path of tomorrow's page."""
    copy(checkout)
    old = [page(language) for language in ("en", "zh")]
    # Outside the copy, which contains only the project.
    pages = {name: checkout.parent / f"{name}.md" for name in ("today", "tomorrow")}
    pages["today"].write_bytes(both("markdown", *old))
    pages["tomorrow"].write_bytes(both("markdown", *map(apply_changes, old)))
    run(checkout, sys.executable, "scripts/check_docs.py", "--write", pages["today"], code=None)
    lock_file = checkout / "spec" / "docs.lock.json"
    lock = json.loads(lock_file.read_text("utf-8"))
    del lock["unread"]  # Nothing is left to read: today's page has our own texts.
    lock_file.write_text(json.dumps(lock), "utf-8")
    tag(checkout)
    return pages["tomorrow"]


def copy(checkout: Path) -> None:
    """Copy the project."""
    shutil.copytree(ROOT, checkout, ignore=EXCLUDED, dirs_exist_ok=True)


def tag(checkout: Path) -> None:
    """Commit and tag the copy as the current version."""
    version = tomllib.loads((checkout / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "before"], ["tag", f"v{version}"]):
        run(checkout, *GIT, *command)


def write_guide(checkout: Path) -> None:
    """Write the tables of the READMEs and the guide anew, as `make guide` does."""
    pages = [str(path.relative_to(checkout)) for path in (checkout / "docs").glob("*/*.md")]
    command = (sys.executable, "-m", "cogapp", "-r", "-I", "scripts", "-I", "generated", "-I", ".")
    run(checkout, *command, "README.md", "README.zh.md", *pages)


def main(folder: Path) -> None:
    """Follow the steps of CONTRIBUTING.md and show the output of every command."""
    checkout = folder / "checkout"
    tomorrow = prepare(checkout)
    python, make = sys.executable, ["make", "-o", ".venv/ready", f"BIN={Path(sys.executable).parent}"]
    run(checkout, python, "scripts/check_docs.py", tomorrow, code=11, show_output=True)
    run(checkout, python, "scripts/check_docs.py", "--write", tomorrow, code=10, show_output=True)
    for target in ("regenerate", "guide", "test"):
        run(checkout, *make, target, show_output=True, timeout=3600)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        try:
            main(Path(*sys.argv[1:] or [temporary]).resolve())
        except AssertionError as error:
            sys.exit(f"update: {error}")
