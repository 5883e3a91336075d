"""The whole update, from a changed page to a green `make test`, on a copy of the checkout.

`python -m tests.docs_watch.end_to_end_update [FOLDER]` runs it. The copy is left in the folder, if one is given.
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
# What is no part of the project, and what other tests put there for a moment.
LEFT = (".git", ".venv", ".*_cache", "__pycache__", ".hypothesis", ".schemathesis", "dist", "site", "mutants", ".new-*")
# Set in the copy, where the road is not walked once more.
WALKED = "OKX_ROAD_WALKED"
WORDS = {"en": ("No", "Yes"), "zh": ("否", "是")}
ITEMS = {"en": "\nMultiple, no more than {}", "zh": "\n支持多个（不超过{}个）"}
RATE = {"en": "Rate Limit: {} requests per {} seconds", "zh": "限速：{}次/{}s"}
GIT = ("git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")


def page(language: str) -> Page:
    """Write a page that says what the contract says, so that the road can be walked whatever OKX changes."""

    def about(name: str, values: tuple[Value, ...], items: int = 1) -> str:
        listed = f"\n{' '.join(f'`{each.value}`' for each in values)}" if values else ""
        return f"About {name}{ITEMS[language].format(items) if items > 1 else ''}{listed}"

    request = tuple(
        Row(each.name, about(each.name, each.values, each.max_items), WORDS[language][each.required])
        for each in GET_MAX_LOAN.parameters
    )
    response = tuple(Row(each.name, about(each.name, each.values)) for each in GET_MAX_LOAN.fields)
    rate = RATE[language].format(GET_MAX_LOAN.limit.requests, GET_MAX_LOAN.limit.period)
    sample = tuple(each.name for each in GET_MAX_LOAN.fields)
    anchor = GET_MAX_LOAN.docs_en.partition("#")[2]
    return PAGES[language].but(request=request, response=response, rate=rate, sample=sample, anchor=anchor)


def changed(old: Page) -> Page:
    """Make five changes: a parameter, a field, a value, the rate limit and the limit of items."""
    language, parameters = old.language, {each.name: each for each in GET_MAX_LOAN.parameters}
    new = old.with_row("request", Row("newThing", "What it is for", WORDS[language][False]))
    new = new.with_row("response", Row("newAmount", "How much of it"), 2)
    modes = " ".join(f"`{each.value}`" for each in parameters["mgnMode"].values)
    new = new.row("request", "mgnMode", about=f"Kind\n{modes} `newMode`")
    new = new.row("request", "instId", about=f"Pairs{ITEMS[language].format(parameters['instId'].max_items + 2)}")
    return new.but(rate=RATE[language].format(GET_MAX_LOAN.limit.requests + 10, GET_MAX_LOAN.limit.period))


def run(checkout: Path, *command: str | Path, code: int | None = 0, shown: bool = False, timeout: float = 120) -> str:
    """Run a command in the copy, with the copy's own packages; None for a code takes every one."""
    paths = os.pathsep.join([str(checkout), str(checkout / "generated")])
    done = subprocess.run(
        command,
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": paths, WALKED: "1"},
        stdout=None if shown else subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=timeout,
    )
    assert code in {None, done.returncode}, f"{command} ended with {done.returncode}\n{done.stdout or ''}"
    return done.stdout or ""


def prepare(checkout: Path) -> Path:
    """Copy the project, tag it, and let the lock have today's page; give the page as it is tomorrow."""
    copy(checkout)
    old = [page(language) for language in ("en", "zh")]
    # Beside the copy, which holds nothing but the project.
    pages = {name: checkout.parent / f"{name}.md" for name in ("today", "tomorrow")}
    pages["today"].write_bytes(both("markdown", *old))
    pages["tomorrow"].write_bytes(both("markdown", *map(changed, old)))
    run(checkout, sys.executable, "scripts/check_docs.py", "--write", pages["today"], code=None)
    lock_file = checkout / "spec" / "docs.lock.json"
    lock = json.loads(lock_file.read_text("utf-8"))
    del lock["unread"]  # all of it is read: the words of today's page are ours
    lock_file.write_text(json.dumps(lock), "utf-8")
    tag(checkout)
    return pages["tomorrow"]


def copy(checkout: Path) -> None:
    """Copy the project."""
    shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(*LEFT), dirs_exist_ok=True)


def tag(checkout: Path) -> None:
    """Commit the copy, as the version that it is."""
    version = tomllib.loads((checkout / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "before"], ["tag", f"v{version}"]):
        run(checkout, *GIT, *command)


def main(folder: Path) -> None:
    """Walk the road as CONTRIBUTING.md has it, and show what every command says."""
    checkout = folder / "checkout"
    tomorrow = prepare(checkout)
    python, make = sys.executable, ["make", "-o", ".venv/ready", f"BIN={Path(sys.executable).parent}"]
    run(checkout, python, "scripts/check_docs.py", tomorrow, code=11, shown=True)
    run(checkout, python, "scripts/check_docs.py", "--write", tomorrow, code=10, shown=True)
    for target in ("regenerate", "guide", "test"):
        run(checkout, *make, target, shown=True, timeout=3600)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        try:
            main(Path(*sys.argv[1:] or [temporary]).resolve())
        except AssertionError as error:
            sys.exit(f"road: {error}")
