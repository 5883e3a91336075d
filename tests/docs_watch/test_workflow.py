"""docs.yml: its permissions, commands and issue; release.yml: the specs that it rejects."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import check_docs
import pytest
from docs_watch.draft import MARK
from docs_watch.lock import Lock
from ruamel.yaml import YAML

from tests.docs_watch.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

TEXT = (ROOT / ".github" / "workflows" / "docs.yml").read_text("utf-8")
JOBS: dict[str, Any] = YAML(typ="safe").load(TEXT)["jobs"]
CHECK = JOBS["check"]["steps"][-1]["run"]
TELL = JOBS["tell"]["steps"][-1]["run"]
RELEASE: dict[str, Any] = YAML(typ="safe").load(ROOT / ".github" / "workflows" / "release.yml")["jobs"]
DRAFTS = next(each["run"] for each in RELEASE["build"]["steps"] if "draft" in each.get("run", ""))


def test_parsing_job_has_no_write_permission() -> None:
    """Parsing the pages and writing the issue are two jobs, each with only the permission that it needs."""
    assert JOBS["check"]["permissions"] == {"contents": "read"}
    assert JOBS["tell"]["permissions"] == {"issues": "write"}
    assert "uses" not in str(JOBS["tell"]["steps"])
    assert "${{" not in CHECK + TELL


def test_actions_are_pinned() -> None:
    """Every action is pinned to a full commit, with its version in a comment."""
    used = re.findall(r"uses: (.*)", TEXT)
    assert len(used) == 2
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each) for each in used)


def test_every_locked_operation_is_checked() -> None:
    """The arguments are valid for the script and name every locked operation in both languages."""
    arguments = CHECK.replace("\\\n", " ").partition("check_docs.py ")[2].partition(" > ")[0].split()
    options = check_docs.arguments(arguments)
    lock = Lock((ROOT / "spec" / "docs.lock.json").read_text("utf-8"))
    assert {*options.operation} == lock.operations.keys()
    assert options.language == ["en", "zh"]
    assert options.changelog == [f"https://www.okx.com/docs-v5/log_{language}/" for language in ("en", "zh")]
    assert all(page.startswith("https://") for page in options.pages)


@pytest.mark.skipif(not shutil.which("bash"), reason="the workflow runs in bash")
@pytest.mark.parametrize(("open_issue", "calls"), [("", ["list", "create"]), ("7", ["list", "edit"])])
def test_one_issue_is_opened_or_updated(tmp_path: Path, open_issue: str, calls: list[str]) -> None:
    """The open issue is updated, and created if there is none; the report is passed on unchanged."""
    report = "| `a` |\n$(touch bad) `touch bad` ${HOME}"
    fake = tmp_path / "gh"
    fake.write_text(f'#!/bin/sh\necho "$2 $3" >> calls\n[ "$2" = list ] && echo "{open_issue}"\ncp body.md "body-$2"\n')
    fake.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "CODE": "12", "REPORT": report, "RUN": "https://run"}
    command = [shutil.which("bash") or "bash", "-e", "-c", TELL]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=30)
    assert [line.split()[0] for line in (tmp_path / "calls").read_text().splitlines()] == calls
    assert (tmp_path / f"body-{calls[-1]}").read_text().startswith(report)
    assert not (tmp_path / "bad").exists()


@pytest.mark.skipif(not shutil.which("bash"), reason="the workflow runs in bash")
@pytest.mark.parametrize(("code", "exit_code"), [(0, 0), (11, 0), (20, 0), (1, 1)])
def test_code_and_report_are_passed_on(tmp_path: Path, code: int, exit_code: int) -> None:
    """The script's exit codes are results; any other code fails the job."""
    fake = tmp_path / "python"
    fake.write_text(f'#!/bin/sh\n[ "$1" = -c ] && echo random && exit\necho "| table |"\nexit {code}\n')
    fake.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "GITHUB_OUTPUT": str(tmp_path / "output")}
    command = [shutil.which("bash") or "bash", "-e", "-c", CHECK]
    assert subprocess.run(command, cwd=tmp_path, env=environment, check=False, timeout=30).returncode == exit_code
    if not exit_code:
        expected = f"code={code}\nreport<<end-random\n| table |\n\nend-random\n"
        assert (tmp_path / "output").read_text() == expected


@pytest.mark.skipif(not shutil.which("bash"), reason="the workflow runs in bash")
@pytest.mark.parametrize(("mark", "exit_code"), [("", 0), (f"      # {MARK}\n", 1)])
def test_drafts_are_not_released(tmp_path: Path, mark: str, exit_code: int) -> None:
    """A draft of --write in the spec stops a release, and the log names its line."""
    spec = tmp_path / "spec" / "openapi.yaml"
    spec.parent.mkdir()
    spec.write_text(f"info:\n{mark}      description: x\n", "utf-8")
    command = [shutil.which("bash") or "bash", "-e", "-c", DRAFTS]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == exit_code
    assert done.stdout.startswith("2:") == bool(exit_code)
