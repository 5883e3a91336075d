"""spec/docs.lock.json: the facts that the spec was written from, and the differences that are accepted."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from .facts import Facts, from_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .compare import Change

ABOUT = (
    "What OKX's pages said when spec/openapi.yaml was last held against them: facts, and hashes in place of sentences. "
    "scripts/check_docs.py --write writes the operations; a person writes `known`, each with a reason."
)


class Lock:
    """The lock as a document."""

    def __init__(self, text: str = "{}") -> None:
        node = json.loads(text)
        self.known: list[dict[str, Any]] = node.get("known", [])
        self.operations: dict[str, dict[str, Any]] = node.get("operations", {})

    def facts(self, operation: str) -> dict[str, Facts]:
        """Read an operation, by language."""
        return {language: from_json(node) for language, node in self.operations.get(operation, {}).items()}

    def accepts(self, operation: str, language: str, change: Change) -> bool:
        """Tell whether an entry accepts a difference between the spec and a page.

        `*` in its `what` stands for one name; `spec` and `says` narrow it to what the spec has and the page says.
        """
        was, now = plain(change.was), plain(change.now)
        for entry in self.known:
            if entry["operation"] != operation or language not in entry["languages"]:
                continue
            if entry.get("spec", was) == was and entry.get("says", now) == now and matches(entry["what"], change):
                return True
        return False

    def update(self, operation: str, pages: Mapping[str, Facts]) -> None:
        """Take over what the pages say; a permission whose heading is gone stays."""
        before = self.facts(operation)
        nodes = self.operations.setdefault(operation, {})
        for language, now in pages.items():
            node = now.to_json()
            if language in before and not now.permission:
                node["permission"] = before[language].permission
            nodes[language] = node

    def text(self) -> str:
        """Write, one row a line."""
        return layout({"about": ABOUT, "known": self.known, "operations": self.operations}) + "\n"


def plain(value: Any) -> Any:
    """Turn a fact into what JSON would read."""
    return list(value) if isinstance(value, tuple) else value


def matches(pattern: str, change: Change) -> bool:
    """Compare a place with a pattern, name by name."""
    wanted, there = pattern.split("."), str(change.place).split(".")
    return len(wanted) == len(there) and all(map(fnmatchcase, there, wanted))


def layout(node: Any, indent: str = "") -> str:
    """Write JSON with a line for each row of a table, and for each list of plain values."""
    deeper = indent + "  "
    if isinstance(node, dict) and node and not isinstance(node.get("type"), str):
        inner = ",\n".join(f"{deeper}{json.dumps(key)}: {layout(each, deeper)}" for key, each in node.items())
        return f"{{\n{inner}\n{indent}}}"
    if isinstance(node, list) and any(isinstance(each, dict) for each in node):
        return "[\n" + ",\n".join(f"{deeper}{layout(each, deeper)}" for each in node) + f"\n{indent}]"
    return json.dumps(node, ensure_ascii=False)
