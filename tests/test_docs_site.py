"""OpenAPI document of the guide's site: one language, and every fact in a description."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from docs_site import render
from okx_maxloan_api.contract import GET_MAX_LOAN
from openapi_spec_validator import OpenAPIV31SpecValidator
from ruamel.yaml import YAML

SPEC: dict[str, Any] = YAML(typ="safe").load(Path(__file__).parent.parent / "spec" / "openapi.yaml")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_document(lang: str) -> None:
    """The document is valid OpenAPI 3.1 without extensions; descriptions have limit, rules, values and examples."""
    document = render(SPEC, lang)
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []
    assert not re.search(r'"x-(?!simulated)', json.dumps(document))
    operation = document["paths"][GET_MAX_LOAN.path]["get"]
    text = operation["description"]
    assert f"{GET_MAX_LOAN.limit.requests} " in text
    for rule in GET_MAX_LOAN.rules:
        assert f"`{rule.id}`" in text
        assert (rule.zh if lang == "zh" else rule.en) in text
    for example in GET_MAX_LOAN.examples:
        assert (example.zh if lang == "zh" else example.en) in text
    (mode,) = (each["description"] for each in operation["parameters"] if each["name"] == "mgnMode")
    assert "- `isolated`: " in mode


def test_languages() -> None:
    """The English document has no Chinese text, and each description of the Chinese one has some."""
    assert not re.search("[一-鿿]", json.dumps(render(SPEC, "en"), ensure_ascii=False))

    def check(node: Any) -> None:
        for key, value in node.items() if isinstance(node, dict) else enumerate(node if isinstance(node, list) else []):
            if key == "description" and isinstance(value, str):
                assert re.search("[一-鿿。]", value), value
            check(value)

    check(render(SPEC, "zh"))
