"""Descriptions, names and values of a page never become code of the generated package."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import regenerate
from codegen import contract
from codegen.allowed_code import code_faults
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
RUN = "open('ran', 'w')"
# Each ends a literal in a form that a template may use, or becomes code through an escape or a format.
ENGLISH = [
    f'Ends here."""\n{RUN}\n"""',
    f"Ends here.'''\n{RUN}\n'''",
    f'Ends here."\n{RUN}\nx = "',
    f'Says "it"; {{{RUN}}} {{{{{RUN}}}}} {{0}} %s %(x)s',
    f'\\""";{RUN};"""',
    "A path C:\\N{BULLET}\\U0001\\x\\777 and a last \\",
    'It says "yes"',
    "\\",
    f"{{% set x = 1 %}}{{{{ {RUN} }}}}{{# #}}",
    "nul \x00 bell \x07 escape \x1b line \u2028 paragraph \u2029 next \x85 feed \x0c return \r tab \t",
]
CHINESE = [
    f'到此为止。"""\n{RUN}\n"""',
    f"到此为止。'''\n{RUN}\n'''",
    f'他说“好”\\"""\n{RUN}\n"""',
    "路径 C:\\N{BULLET}\\U0001，结尾是反斜杠 \\",
    '结尾是引号"',
    "长" * 110,
]
BLANK = "\u3000\u3000"
# A docstring without text is one line: its closing quotes are where the generator wraps, or adjacent to others.
TEXTS = [*zip(ENGLISH, cycle(CHINESE), strict=False), ("x" * 108, BLANK), ('It says "yes"', BLANK)]
# Wrapped docstrings are compared without white space and without characters that no source can contain.
PLAIN = {*"\x00\x07\x1b\x85\x0c"}


def spec() -> dict[str, Any]:
    """Load the spec without YAML's shared nodes."""
    read: dict[str, Any] = YAML(typ="safe").load(ROOT / "spec" / "openapi.yaml")
    copied: dict[str, Any] = json.loads(json.dumps(read))
    return copied


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


def spoil(document: dict[str, Any], en: str, zh: str) -> None:
    """Put two texts in every place that a page or a person may fill."""
    operation, row = (
        document["paths"]["/api/v5/account/max-loan"]["get"],
        document["components"]["schemas"]["MaxLoanRow"],
    )
    texts = {"description": en, "x-description-zh": zh}
    operation |= texts | {"summary": en, "x-summary-zh": zh}
    operation["parameters"].append({"name": "later", "in": "query", "schema": {"type": "string"}, **texts})
    for node in (*operation["parameters"], row, *row["properties"].values(), *document["servers"], document["info"]):
        node.update(texts)
    questions = operation["x-okx-open-questions"]
    outcomes = [outcome for each in questions for outcome in each["outcomes"]]
    whys = [each["why"] for each in questions]
    for each in (
        *operation["x-okx-rules"],
        *operation["x-okx-examples"],
        *document["x-okx-errors"],
        *questions,
        *outcomes,
        *whys,
    ):
        each.update({"en": en, "zh": zh})
    for value in operation["parameters"][0]["x-okx-values"].values():
        value |= {"en": en, "zh": zh}


@pytest.mark.parametrize(("en", "zh"), TEXTS)
def test_hostile_texts_are_not_executed(tmp_path: Path, en: str, zh: str) -> None:
    """Texts in both languages arrive unchanged in the contract and the docstrings, and importing executes none."""
    document = spec()
    spoil(document, en, zh)
    tree = regenerate.generate(document, tmp_path)
    generated = imported(tree)
    assert not list(tmp_path.rglob("ran"))
    *_, parameters, fields, rules, examples, texts_en, texts_zh, _, _ = generated["operation"]
    outcomes = [outcome for *_, outcomes, _, _, _, _ in generated["questions"] for outcome in outcomes]
    for each in (
        *parameters,
        *fields,
        *rules,
        *examples,
        *generated["questions"],
        *outcomes,
        *generated["errors"].values(),
    ):
        assert each[-2:] == [en, zh]
    assert [texts_en, texts_zh] == [en, zh]
    for text in generated["docstrings"]:
        assert bare(en) in bare(text)
        assert bare(zh) in bare(text)
    later = ast.parse((tree / "contract.py").read_text("utf-8"))
    new = next(each for each in later.body if isinstance(each, ast.ClassDef) and each.name == "ExtraParameters")
    assert ast.literal_eval(new.body[-1].value) == f"{en}\n{zh}"  # type: ignore[attr-defined]  # an expression


@pytest.mark.parametrize("text", [*ENGLISH[:4], CHINESE[2]])
def test_hostile_names_and_values_are_not_executed(tmp_path: Path, text: str) -> None:
    """A parameter's name, default and values become identifiers and literals, and importing executes none."""
    document = spec()
    parameters = document["paths"]["/api/v5/account/max-loan"]["get"]["parameters"]
    descriptions = {"in": "query", "description": "It is new.", "x-description-zh": "新参数。"}
    values = {text: {"en": "It is one.", "zh": "一个值。"}}
    parameters += [
        {"name": f"a {text}", **descriptions, "schema": {"type": "string", "default": text}},
        {"name": "later", **descriptions, "schema": {"type": "string", "enum": [text, "b"]}, "x-okx-values": values},
    ]
    generated = imported(regenerate.generate(document, tmp_path))
    assert not list(tmp_path.rglob("ran"))
    names = [each[0] for each in generated["operation"][5]]
    assert names[-2:] == [f"a {text}", "later"]
    assert generated["operation"][5][-1][6] == [[text, text, "It is one.", "一个值。"]]


MODEL = "models/max_loan_row.py"
QUESTIONS = "open_questions.py"
ENDPOINT = "api/account/get_max_loan.py"
REJECTED: list[tuple[str, Callable[[str], str]]] = [
    *(
        ("contract.py", lambda code, added=added: code + added)
        for added in (
            f"{RUN}\n",
            "x = 1\n",
            "import os\n",
            "SITES = {}\n",
            '"""A text."""\n',
            "class A:\n    pass\n",
            "def f() -> None:\n    pass\n",
            f"if True:\n    {RUN}\n",
        )
    ),
    ("contract.py", lambda code: code.replace("SPEC_VERSION = ", "SPEC_VERSION = str() or ")),
    ("contract.py", lambda code: code.replace("SPEC_VERSION = ", "SPEC_VERSION = f'{0}' + ")),
    ("contract.py", lambda code: code.replace("DEMO_HEADER = (", "DEMO_HEADER = (*(), ")),
    ("contract.py", lambda code: code.replace("signed=True", f"signed={RUN}", 1)),
    ("contract.py", lambda code: code.replace("ERRORS: Mapping", f"ERRORS: {RUN} or Mapping")),
    ("contract.py", lambda code: code.replace("    requests: int", f"    {RUN}\n    requests: int")),
    ("contract.py", lambda code: code.replace('later."""', f'later."""\n    {RUN}\n')),
    ("contract.py", lambda code: code.replace('later."""', f'later."""\n    x: str | None = {RUN}\n    ""\n')),
    ("contract.py", lambda code: code.replace("class ExtraParameters(", f"@{RUN}\nclass ExtraParameters(")),
    (QUESTIONS, lambda code: code + f"{RUN}\n"),
    (QUESTIONS, lambda code: code + "x = 1\n"),
    (QUESTIONS, lambda code: code.replace("import OpenQuestion", "import Rule, OpenQuestion")),
    (QUESTIONS, lambda code: code.replace("_QUESTIONS = (", f"_QUESTIONS = (OpenQuestion(id={RUN}),")),
    (QUESTIONS, lambda code: code.replace("OPEN_QUESTIONS = ", f"OPEN_QUESTIONS = {RUN} or ")),
    (QUESTIONS, lambda code: code.replace("OPEN_QUESTIONS = ", "Outcome = ")),
    (MODEL, lambda code: code + f"{RUN}\n"),
    (MODEL, lambda code: code + "x = eval('1')\n"),
    (MODEL, lambda code: code + "import os\n"),
    (MODEL, lambda code: code + "from os import system\n"),
    (MODEL, lambda code: code + "class MaxLoanRow:\n    pass\n"),
    (MODEL, lambda code: code + f"def f(x: str = {RUN}) -> None:\n    pass\n"),
    (MODEL, lambda code: code + f"def f(x: {RUN}) -> None:\n    pass\n"),
    (MODEL, lambda code: code + "x = [None for _ in ()]\n"),
    (MODEL, lambda code: code + "x = lambda: None\n"),
    (MODEL, lambda code: code + "x = T.__class__\n"),
    (MODEL, lambda code: code + "x = __builtins__\n"),
    (MODEL, lambda code: code.replace("    inst_id: str\n", f"    inst_id: str\n    {RUN}\n")),
    (MODEL, lambda code: code.replace("    inst_id: str\n", f"    inst_id: str = {RUN}\n")),
    (MODEL, lambda code: code.replace("@_attrs_define", f"@{RUN}")),
    (MODEL, lambda code: code.replace("class MaxLoanRow:", f"class MaxLoanRow({RUN}):")),
    (MODEL, lambda code: code.replace("        return field_dict", f"        {RUN}\n        return field_dict")),
    (MODEL, lambda code: code.replace("        return field_dict", "        while True:\n            pass")),
    (MODEL, lambda code: code.replace('"""', "''")),
    (ENDPOINT, lambda code: code.replace('"method": "get"', f'"method": {RUN}')),
    (ENDPOINT, lambda code: code.replace('"method": "get"', '"method": errors.run()')),
    (ENDPOINT, lambda code: code.replace("    params[", "    import os\n    params[", 1)),
    (ENDPOINT, lambda code: code.replace("    params[", "    getattr(errors, 'x')\n    params[", 1)),
    ("extra.txt", lambda _: "x"),
    ("extra.py", lambda _: f"{RUN}\n"),
]


@pytest.mark.parametrize(("name", "change"), REJECTED)
def test_unexpected_code_is_rejected(tmp_path: Path, name: str, change: Callable[[str], str]) -> None:
    """A module with a statement, call, import, name or file that no template creates is rejected with its place."""
    committed = ROOT / "generated" / "okx_maxloan_api" / name
    code = committed.read_text("utf-8") if committed.exists() else ""
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(change(code), "utf-8")
    assert path.read_text("utf-8") != code
    faults = code_faults(tmp_path, contract.model_source(), contract.names(spec()), contract.QUESTIONS_HEAD)
    assert faults
    assert all(each.startswith(name) for each in faults)


def test_the_committed_tree_is_allowed() -> None:
    """Nothing in the committed tree is rejected."""
    tree = ROOT / "generated" / "okx_maxloan_api"
    faults = code_faults(tree, contract.model_source(), contract.names(spec()), contract.QUESTIONS_HEAD)
    assert [each for each in faults if "__pycache__" not in each] == []


def test_regenerate_rejects_unexpected_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the generator lets a text become code, regenerate stops with the code's place before it writes anything."""
    monkeypatch.setattr(contract, "source", lambda _: f"{contract.model_source()}\n{RUN}\n")
    with pytest.raises(SystemExit, match=r"nothing was written\n(.|\n)*contract\.py:[0-9]+: unexpected Expr"):
        regenerate.generate(spec(), tmp_path)
