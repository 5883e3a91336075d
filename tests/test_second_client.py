"""A second client that datamodel-code-generator makes from the spec, compared with ours."""

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import okx_maxloan_api.models
import pytest
from okx_maxloan_api.contract import OPERATIONS, Operation
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
SPEC = ROOT / "spec" / "openapi.yaml"
DOCUMENT = YAML(typ="safe").load(SPEC)
ROWS = {
    "getMaxLoan": "MaxLoanRow",
    "getAccountConfig": "AccountConfigRow",
    "getAccountInstruments": "InstrumentRow",
    "getTime": "TimeRow",
}


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """Generate the second client's models and import them."""
    pytest.importorskip("datamodel_code_generator", reason="of the dev group")
    out = tmp_path_factory.mktemp("second") / "second_client.py"
    command: list[str | Path] = [sys.executable, "-m", "datamodel_code_generator", "--input", SPEC, "--output", out]
    options = ["--input-file-type", "openapi", "--output-model-type", "pydantic_v2.BaseModel", "--no-formatters"]
    scopes = ["--openapi-scopes", "schemas", "paths", "parameters"]
    subprocess.run([*command, *options, *scopes], check=True, capture_output=True, timeout=120)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(out.parent)
        return importlib.import_module("second_client")


def one_type(schema: dict[str, Any]) -> str:
    """Return the type of a property that may also be null."""
    kinds = {each.get("type") for each in schema.get("anyOf", [schema])} - {"null"}
    return str(*kinds)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.id)
def test_fields(second: ModuleType, operation: Operation) -> None:
    """Rows have the same fields, types, defaults and required fields."""
    schema = getattr(second, ROWS[operation.id]).model_json_schema()
    theirs = {name: (one_type(each), name in schema["required"]) for name, each in schema["properties"].items()}
    assert theirs == {each.name: (each.type, each.required) for each in operation.fields}
    defaults = {name: each["default"] for name, each in schema["properties"].items() if "default" in each}
    ours = {each.name: each.default for each in operation.fields if not each.required}
    assert {name: () if default == [] else default for name, default in defaults.items()} == ours


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.id)
def test_examples(second: ModuleType, operation: Operation) -> None:
    """Both clients decode the rows of the spec's examples to the same values."""
    examples = DOCUMENT["paths"][operation.path]["get"]["responses"]["200"]["content"]["application/json"]["examples"]
    rows = [row for each in examples.values() for row in each["value"]["data"]]
    assert rows
    for row in rows:
        ours = getattr(okx_maxloan_api.models, ROWS[operation.id]).from_dict(row)
        assert ours.to_dict() == getattr(second, ROWS[operation.id]).model_validate(row).model_dump()


def test_error_responses_have_an_example() -> None:
    """Every error response of the spec has an example with a known code that satisfies its schema."""
    codes = {each["code"] for each in DOCUMENT["x-okx-errors"]}
    for item in DOCUMENT["paths"].values():
        responses = item["get"]["responses"]
        refusals = [responses[status]["content"]["application/json"] for status in responses if status != "200"]
        assert len(refusals) == 2
        for each in refusals:
            assert each["example"]["code"] in codes
            assert okx_maxloan_api.models.ErrorResponse.from_dict(each["example"]).msg
