"""The facts of spec/openapi.yaml about an operation, with their lines."""

from __future__ import annotations

import io
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from .facts import Facts, Field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .compare import Place

TYPES = {"array": "array of string"}


def ruamel() -> YAML:
    """Make a reader and writer that keeps comments and quotes."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1_000_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def dump(document: Any) -> str:
    """Write a document in ruamel's style."""
    out = io.StringIO()
    ruamel().dump(document, out)
    return out.getvalue()


@lru_cache(maxsize=8)
def restyle(text: str) -> str:
    """Write an unedited text in ruamel's style; only an edited spec needs it."""
    return dump(ruamel().load(text))


class Spec:
    """The spec as a document that can be edited and written back as it was; `source` is what was read."""

    def __init__(self, text: str) -> None:
        self.document: Any = ruamel().load(text)
        self.source = text

    def text(self) -> str:
        """Write the document; where ruamel has a style of its own, lines that nobody edited stay as they were."""
        text, original = dump(self.document), self.source.splitlines(True)
        written = restyle(self.source).splitlines(True)
        for tag, i, j, k, m in SequenceMatcher(None, written, original, autojunk=False).get_opcodes():
            restyled, meant = "".join(written[i:j]), "".join(original[k:m])
            if tag == "replace" and text.count(restyled) == 1:
                text = text.replace(restyled, meant)
        return text

    def operations(self) -> Iterator[tuple[str, str, str]]:
        """List operation id, method and path."""
        for path, item in self.document["paths"].items():
            yield from ((node["operationId"], method.upper(), path) for method, node in item.items())

    def operation(self, method: str, path: str) -> Any:
        """Find an operation."""
        return self.document["paths"][path][method.lower()]

    def row(self, method: str, path: str) -> Any:
        """Find the schema of the rows that an operation answers."""
        schemas = self.document["components"]["schemas"]
        answer = self.operation(method, path)["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
        data = schemas[answer.rpartition("/")[2]]["properties"]["data"]
        return schemas[data["items"]["$ref"].rpartition("/")[2]]

    def facts(self, method: str, path: str) -> Facts:
        """Read an operation; what is marked deprecated counts as gone."""
        node = self.operation(method, path)
        limit = node["x-okx-rate-limit"]
        properties = self.row(method, path)["properties"]
        return Facts(
            method=method,
            path=path,
            rate=((limit["requests"], limit["period"]),),
            per=tuple(sorted(limit["per"].split(" and "))),
            request={each["name"]: parameter(each) for each in node["parameters"] if not each.get("deprecated")},
            response={
                name: Field(TYPES.get(each["type"], str(each["type"])), values=tuple(each.get("x-okx-values", ())))
                for name, each in properties.items()
                if not each.get("deprecated")
            },
        )

    def error_codes(self) -> list[str]:
        """List the error codes that we have words for."""
        return [str(each["code"]) for each in self.document["x-okx-errors"]]

    def anchors(self, method: str, path: str) -> dict[str, str]:
        """Read the anchors of the documentation that an operation links to, by language."""
        docs = self.operation(method, path)["externalDocs"]
        return {"en": docs["url"].partition("#")[2], "zh": docs["x-url-zh"].partition("#")[2]}

    def words(self, method: str, path: str, place: Place, language: str) -> str:
        """Read our own words at the place of OKX's."""
        node, key = self.operation(method, path), "summary" if place.fact == "title" else "description"
        if place.table == "request":
            node = next((each for each in node["parameters"] if each["name"] == place.name), {})
        elif place.table:
            node = self.row(method, path)["properties"].get(place.name, {})
        return str(node.get(key if language == "en" else f"x-{key}-zh", ""))

    def lines(self, method: str, path: str) -> dict[str, int]:
        """Return the line of each fact, from 1."""
        item = self.document["paths"]
        node, properties = self.operation(method, path), self.row(method, path)["properties"]
        found = {
            "": item.lc.key(path)[0],
            "rate": node.lc.key("x-okx-rate-limit")[0],
            "per": node.lc.key("x-okx-rate-limit")[0],
            "rules": node.lc.key("x-okx-rules" if "x-okx-rules" in node else "parameters")[0],
            "request": node.lc.key("parameters")[0],
            "response": self.row(method, path).lc.key("properties")[0],
            "anchor": node.lc.key("externalDocs")[0],
        }
        for key in ("x-okx-rules", "x-okx-examples"):
            for number, each in enumerate(node.get(key, ())):
                found[f"{key}.{each['id']}"] = node[key].lc.item(number)[0]
        for number, each in enumerate(node["parameters"]):
            found |= places(f"request.{each['name']}", node["parameters"].lc.item(number)[0], each)
        for name, each in properties.items():
            found |= places(f"response.{name}", properties.lc.key(name)[0], each)
        return {name: line + 1 for name, line in found.items()}


def places(name: str, line: int, node: Any) -> dict[str, int]:
    """Return the line of one parameter or field, from 0."""
    keys = {"required": "required", "text": "description", "limit": "schema", "type": "type", "values": "x-okx-values"}
    return {name: line, **{f"{name}.{what}": node.lc.key(key)[0] for what, key in keys.items() if key in node}}


def parameter(node: Any) -> Field:
    """Read a parameter; a list travels as one string joined by commas."""
    schema = node["schema"]
    return Field(
        type="string" if schema["type"] == "array" else schema["type"],
        required="required" if node.get("required") else "optional",
        values=tuple(schema.get("enum", node.get("x-okx-values", ()))),
        limit=schema.get("maxItems"),
    )
