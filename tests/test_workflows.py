"""GitHub workflows: pinned tools, the checked pages, the issue about them, and rejected specs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import check_docs
import pytest
from docs_watch.draft import MARK
from docs_watch.lock import Lock
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = ROOT / ".github" / "workflows"
BASH = shutil.which("bash") or ""


def load_jobs(name: str) -> dict[str, Any]:
    """Load the jobs of a workflow."""
    jobs: dict[str, Any] = YAML(typ="safe").load(WORKFLOWS / name)["jobs"]
    return jobs


JOBS = load_jobs("docs.yml")
CHECK, TELL = (JOBS[job]["steps"][-1]["run"] for job in ("check", "tell"))
DRAFTS = next(each["run"] for each in load_jobs("release.yml")["build"]["steps"] if "draft" in each.get("run", ""))


def run(script: str, folder: Path, program: str, source: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a step in a folder, with a shell script in place of a program."""
    if not BASH:
        pytest.skip("the workflows run in bash")
    (folder / program).write_text(f"#!/bin/sh\n{source}")
    (folder / program).chmod(0o755)
    env = {"PATH": f"{folder}:{os.environ['PATH']}", **environment}
    command = [BASH, "-e", "-c", script]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=30)


def test_publishing_tools() -> None:
    """A release is made by tools of known content: pip requires a hash of each, and they are there."""
    assert "--require-hashes" in (WORKFLOWS / "release.yml").read_text("utf-8")
    assert "--hash=sha256:" in (WORKFLOWS.parent / "publishing-tools.txt").read_text("utf-8")


@pytest.mark.parametrize("workflow", sorted(WORKFLOWS.glob("*.yml")), ids=lambda path: path.name)
def test_actions_are_pinned(workflow: Path) -> None:
    """Every action is pinned to a full commit, with its version in a comment."""
    for line in workflow.read_text("utf-8").splitlines():
        _, is_use, action = line.partition("uses: ")
        if is_use and not action.startswith("./"):
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+)*", action), line


def test_parsing_job_has_no_write_permission() -> None:
    """Parsing the pages and writing the issue are two jobs, each with only the permission that it needs."""
    assert JOBS["check"]["permissions"] == {"contents": "read"}
    assert JOBS["tell"]["permissions"] == {"issues": "write"}
    assert "uses" not in str(JOBS["tell"]["steps"])
    assert "${{" not in CHECK + TELL


def test_every_locked_operation_is_checked() -> None:
    """The arguments are valid for the script and name every locked operation in both languages."""
    arguments = CHECK.replace("\\\n", " ").partition("check_docs.py ")[2].partition(" > ")[0].split()
    options = check_docs.arguments(arguments)
    lock = Lock((ROOT / "spec" / "docs.lock.json").read_text("utf-8"))
    assert {*options.operation} == lock.operations.keys()
    assert options.language == ["en", "zh"]
    assert options.changelog == [f"https://www.okx.com/docs-v5/log_{language}/" for language in ("en", "zh")]
    assert all(page.startswith("https://") for page in options.pages)


@pytest.mark.parametrize(("open_issue", "calls"), [("", ["list", "create"]), ("7", ["list", "edit"])])
def test_one_issue_is_opened_or_updated(tmp_path: Path, open_issue: str, calls: list[str]) -> None:
    """The open issue is updated, and created if there is none; the report is passed on unchanged."""
    report = "| `a` |\n$(touch bad) `touch bad` ${HOME}"
    fake = f'echo "$2 $3" >> calls\n[ "$2" = list ] && echo "{open_issue}"\ncp body.md "body-$2"\n'
    assert run(TELL, tmp_path, "gh", fake, CODE="12", REPORT=report, RUN="https://run").returncode == 0
    assert [line.split()[0] for line in (tmp_path / "calls").read_text().splitlines()] == calls
    assert (tmp_path / f"body-{calls[-1]}").read_text().startswith(report)
    assert not (tmp_path / "bad").exists()


@pytest.mark.parametrize(("code", "exit_code"), [(0, 0), (11, 0), (20, 0), (1, 1)])
def test_code_and_report_are_passed_on(tmp_path: Path, code: int, exit_code: int) -> None:
    """The script's exit codes are results; any other code fails the job."""
    fake = f'[ "$1" = -c ] && echo random && exit\necho "| table |"\nexit {code}\n'
    output = tmp_path / "output"
    assert run(CHECK, tmp_path, "python", fake, GITHUB_OUTPUT=str(output)).returncode == exit_code
    if not exit_code:
        assert output.read_text() == f"code={code}\nreport<<end-random\n| table |\n\nend-random\n"


@pytest.mark.parametrize(("mark", "exit_code"), [("", 0), (f"      # {MARK}\n", 1)])
def test_drafts_are_not_released(tmp_path: Path, mark: str, exit_code: int) -> None:
    """A draft of --write in the spec stops a release, and the log names its line."""
    (tmp_path / "spec").mkdir()
    (tmp_path / "spec" / "openapi.yaml").write_text(f"info:\n{mark}      description: x\n", "utf-8")
    done = run(DRAFTS, tmp_path, "unused", "")
    assert done.returncode == exit_code
    assert done.stdout.startswith("2:") == bool(exit_code)
