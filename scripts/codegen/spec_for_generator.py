"""The spec in the dialect that openapi-python-client 0.29.1 understands."""

from __future__ import annotations

from typing import Any


def both(node: dict[str, Any], key: str = "description") -> str:
    """Join the two languages, and the documented values below."""
    lines = [node[key], node[f"x-{key}-zh"]] if f"x-{key}-zh" in node else [node[key]]
    lines += [f"`{value}`: {words['en']} {words['zh']}" for value, words in node.get("x-okx-values", {}).items()]
    return "\n".join(lines)


def derive(node: Any) -> Any:
    """Rewrite what the generator would read wrongly; everything else stays."""
    if isinstance(node, list):
        return [derive(each) for each in node]
    if not isinstance(node, dict):
        return node
    plain = {key: derive(value) for key, value in node.items() if not str(key).startswith("x-")}
    if isinstance(node.get("description"), str):
        plain["description"] = both(node)
    if "x-summary-zh" in node:
        plain["summary"] = f"{node['summary']} · {node['x-summary-zh']}"
    if "in" in node and "schema" in node:
        # It reads a parameter's words from the schema, and writes `explode: false` lists as repeated keys.
        schema = {"type": "string"} if node["schema"]["type"] == "array" else plain["schema"]
        plain["schema"] = {**schema, "description": plain["description"]}
    if isinstance(properties := plain.get("properties"), dict) and "required" in plain:
        # A field with a default is filled in before the model is built (endpoint.py), so the model always has it.
        defaults = [name for name, each in properties.items() if "default" in each]
        plain["required"] = [name for name in properties if name in {*plain["required"], *defaults}]
        for name in defaults:
            del properties[name]["default"]
    return plain
