"""Descriptions, names and values of a page never become code of the generated package."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tomllib
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import regenerate
from codegen import contract
from codegen.allowed_code import code_faults
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
TREE = ROOT / "generated" / "okx_maxloan_api"
SPEC = YAML(typ="safe").load(ROOT / "spec" / "openapi.yaml")
RUN = "open('ran', 'w')"
CASES = tomllib.loads(Path(__file__).with_name("unexpected.toml").read_text("utf-8"))
BLANK = "\u3000\u3000"
# A docstring without text is one line: its closing quotes are where the generator wraps, or adjacent to others.
TEXTS = [*zip(CASES["english"], cycle(CASES["chinese"]), strict=False), ("x" * 108, BLANK), ('It says "yes"', BLANK)]
# Wrapped docstrings are compared without white space and without characters that no source can contain.
PLAIN = {*"\x00\x07\x1b\x85\x0c"}


def bare(text: str) -> str:
    """Remove the characters that a docstring may lose."""
    return "".join(each for each in text if each not in PLAIN and not each.isspace())


def imported(tree: Path) -> dict[str, Any]:
    """Import every module of a generated tree in a process of its own, and return the content of contract.py."""
    script = """
import importlib, json, pathlib, sys
sys.path.insert(0, '.')
for path in sorted(pathlib.Path('okx_maxloan_api').rglob('*.py')):
    importlib.import_module('.'.join(path.with_suffix('').parts).removesuffix('.__init__'))
from okx_maxloan_api import contract as it
from okx_maxloan_api.api.account.get_max_loan import sync
from okx_maxloan_api.models.max_loan_row import MaxLoanRow
from okx_maxloan_api.open_questions import OPEN_QUESTIONS
print(json.dumps([it.GET_MAX_LOAN, it.ERRORS, OPEN_QUESTIONS, sync.__doc__, MaxLoanRow.__doc__]))
"""
    command = [sys.executable, "-I", "-c", script]
    done = subprocess.run(command, cwd=tree.parent, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    operation, errors, questions, operation_text, row_text = json.loads(done.stdout)
    return {"operation": operation, "errors": errors, "questions": questions, "docstrings": [operation_text, row_text]}


def spoilt(en: str, zh: str) -> dict[str, Any]:
    """Put two texts in every place that a page or a person may fill, and one where a name, default or value stands."""
    document: dict[str, Any] = json.loads(json.dumps(SPEC))  # without YAML's shared nodes
    operation = document["paths"]["/api/v5/account/max-loan"]["get"]
    row = document["components"]["schemas"]["MaxLoanRow"]
    texts = {"description": en, "x-description-zh": zh}
    operation |= texts | {"summary": en, "x-summary-zh": zh}
    closed = {"schema": {"type": "string", "enum": [en, "b"]}, "x-okx-values": {en: {}}}
    operation["parameters"] += [
        {"name": f"a {en}", "in": "query", "schema": {"type": "string", "default": en}},
        {"name": "later", "in": "query", **closed},
    ]
    for node in (*operation["parameters"], row, *row["properties"].values(), *document["servers"], document["info"]):
        node.update(texts)
    questions = operation["x-okx-open-questions"]
    outcomes = [outcome for each in questions for outcome in each["outcomes"]]
    values = (value for each in operation["parameters"] for value in each.get("x-okx-values", {}).values())
    listed = (*operation["x-okx-rules"], *operation["x-okx-examples"], *document["x-okx-errors"])
    for each in (*listed, *questions, *outcomes, *values):
        each.update({"en": en, "zh": zh})
    return document


@pytest.mark.parametrize(("en", "zh"), TEXTS)
def test_hostile_texts_are_not_executed(tmp_path: Path, en: str, zh: str) -> None:
    """Texts, names and values arrive unchanged in the contract and the docstrings, and importing executes none."""
    tree = regenerate.generate(spoilt(en, zh), tmp_path)
    generated = imported(tree)
    assert not list(tmp_path.rglob("ran"))
    *_, parameters, fields, rules, examples, texts_en, texts_zh, _, _ = generated["operation"]
    outcomes = [outcome for *_, outcomes, _, _ in generated["questions"] for outcome in outcomes]
    listed = (*parameters, *fields, *rules, *examples, *generated["questions"], *outcomes)
    for each in (*listed, *generated["errors"].values()):
        assert each[-2:] == [en, zh]
    assert [texts_en, texts_zh] == [en, zh]
    assert ([each[0] for each in parameters[-2:]], parameters[-1][6]) == ([f"a {en}", "later"], [[en, en, en, zh]])
    for text in generated["docstrings"]:
        assert bare(en) in bare(text)
        assert bare(zh) in bare(text)
    later = ast.parse((tree / "contract.py").read_text("utf-8"))
    new = next(each for each in later.body if isinstance(each, ast.ClassDef) and each.name == "ExtraParameters")
    assert ast.literal_eval(new.body[-1].value) == f"{en}\n{zh}"  # type: ignore[attr-defined]  # an expression


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        *((name, "", added) for name, texts in CASES["added"].items() for added in texts),
        *((name, old, new) for name, pairs in CASES["replaced"].items() for old, new in pairs),
    ],
)
def test_unexpected_code_is_rejected(tmp_path: Path, name: str, old: str, new: str) -> None:
    """A module with a statement, call, import, name or file that no template creates is rejected with its place."""
    committed = TREE / name
    code = committed.read_text("utf-8") if committed.exists() else ""
    assert old in code
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(code.replace(old, new, 1) if old else code + new, "utf-8")
    found = code_faults(tmp_path)
    assert found
    assert all(each.startswith(name) for each in found)


def test_the_committed_tree_is_allowed() -> None:
    """Nothing in the committed tree is rejected."""
    assert [each for each in code_faults(TREE) if "__pycache__" not in each] == []


def test_regenerate_rejects_unexpected_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the generator lets a text become code, regenerate stops with the code's place before it writes anything."""
    monkeypatch.setattr(contract, "source", lambda _: f"{RUN}\n")
    with pytest.raises(SystemExit, match=r"nothing was written\n(.|\n)*contract\.py:[0-9]+: unexpected Expr"):
        regenerate.generate(SPEC, tmp_path)
