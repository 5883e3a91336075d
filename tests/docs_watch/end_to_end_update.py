"""End-to-end update on a copy of the checkout, from a changed page to a green `make test`.

`python -m tests.docs_watch.end_to_end_update [FOLDER]` runs it. If a folder is given, the copy stays there.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from api_change import version
from okx_maxloan_api.contract import GET_MAX_LOAN

from tests.docs_watch.pages import EN, ZH, both, edit_page

ROOT = Path(__file__).resolve().parents[2]
# Files outside the project, and temporary files of other tests.
EXCLUDED = shutil.ignore_patterns(
    ".git", ".venv", ".*_cache", "__pycache__", ".hypothesis", ".schemathesis", "dist", "site", "mutants", ".new-*"
)
# Set in the copy, so that its tests do not start another update.
NESTED_RUN = "OKX_NESTED_UPDATE"
YES, NO = ["Yes", "是"], ["No", "否"]
ITEMS = ("Multiple, no more than {}", "支持多个（不超过{}个）")
RATE = ("Rate Limit: {} requests per {} seconds", "限速：{}次/{}s")
GIT = ("git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")


def describe(name: str, values: Iterable[str], items: int = 1) -> list[str]:
    """Describe a parameter or a field in both languages, with its values and its limit of items."""
    listed = " ".join(f"`{each}`" for each in values)
    return ["\n".join([f"About {name}", *([text.format(items)] if items > 1 else []), listed]) for text in ITEMS]


def build_pages() -> tuple[bytes, bytes]:
    """Build a page that matches the contract, independent of OKX's, and one with five changes.

    They are a parameter, a field, a value, the rate limit and the limit of items.
    """
    limit, parameters = GET_MAX_LOAN.limit, {each.name: each for each in GET_MAX_LOAN.parameters}
    values = {name: [value.value for value in each.values] for name, each in parameters.items()}
    rows: list[dict[str, Any]] = []
    for number, (name, each) in enumerate(parameters.items()):
        cells = {"description": describe(name, values[name], each.max_items), "required": YES if each.required else NO}
        rows.append({"table": "request", "name": name, "at": number, **cells})
    for number, field in enumerate(GET_MAX_LOAN.fields):
        description = describe(field.name, [value.value for value in field.values])
        rows.append({"table": "response", "name": field.name, "at": number, "description": description})
    today: dict[str, Any] = {
        "add": rows,
        "rate": [text.format(limit.requests, limit.period) for text in RATE],
        "sample": " ".join(each.name for each in GET_MAX_LOAN.fields),
        "anchor": GET_MAX_LOAN.docs_en.partition("#")[2],
    }
    tomorrow: dict[str, Any] = {
        "add": [
            {"table": "request", "name": "newThing", "description": "What it is for", "required": NO, "at": 9},
            {"table": "response", "name": "newAmount", "description": "How much of it"},
        ],
        "request": {
            "mgnMode": describe("mode", [*values["mgnMode"], "newMode"]),
            "instId": describe("pairs", [], parameters["instId"].max_items + 2),
        },
        "rate": [text.format(limit.requests + 10, limit.period) for text in RATE],
    }
    old = [edit_page({**page, "request": [], "response": []}, **today) for page in (EN, ZH)]
    return both("markdown", *old), both("markdown", *(edit_page(page, **tomorrow) for page in old))


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
    shutil.copytree(ROOT, checkout, ignore=EXCLUDED, dirs_exist_ok=True)
    # Outside the copy, which contains only the project.
    today, tomorrow = (checkout.parent / f"{name}.md" for name in ("today", "tomorrow"))
    for path, page in zip((today, tomorrow), build_pages(), strict=True):
        path.write_bytes(page)
    run(checkout, sys.executable, "scripts/check_docs.py", "--write", today, code=None)
    lock_file = checkout / "spec" / "docs.lock.json"
    lock = json.loads(lock_file.read_text("utf-8"))
    del lock["unread"]  # Nothing is left to read: today's page has our own texts.
    lock_file.write_text(json.dumps(lock), "utf-8")
    commit(checkout, f"v{version(checkout)}")
    return tomorrow


def commit(checkout: Path, tag: str) -> None:
    """Make a tagged repository of a folder, without the user's configuration."""
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "before"], ["tag", tag]):
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
