"""spec/docs.lock.json: the facts that the spec was written from, and the differences that are accepted."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from .compare import Change, Place, Severity
from .facts import Facts, from_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

ABOUT = (
    "What OKX's pages said when spec/openapi.yaml was last held against them: facts, and hashes in place of sentences. "
    "scripts/check_docs.py --write writes the operations, and in `unread` what a person has to read and then deletes. "
    "A person writes `known`, each with a reason."
)


class Lock:
    """The lock as a document."""

    def __init__(self, text: str = "{}") -> None:
        node = json.loads(text)
        self.known: list[dict[str, Any]] = node.get("known", [])
        self.unread: list[dict[str, Any]] = node.get("unread", [])
        self.changelog: dict[str, Any] = node.get("changelog", {})
        self.operations: dict[str, dict[str, Any]] = node.get("operations", {})

    def facts(self, operation: str) -> dict[str, Facts]:
        """Read an operation, by language."""
        return {language: from_json(node) for language, node in self.operations.get(operation, {}).items()}

    def accepts(self, operation: str, language: str, change: Change) -> bool:
        """Return whether an entry accepts a difference between the spec and a page.

        `*` in its `what` stands for one name; `spec` and `says` narrow it to what the spec has and the page says.
        """
        was, now = plain(change.was), plain(change.now)
        for entry in self.known:
            if entry["operation"] != operation or language not in entry["languages"]:
                continue
            if entry.get("spec", was) == was and entry.get("says", now) == now and matches(entry["what"], change):
                return True
        return False

    def unread_changes(self, operation: str, language: str) -> Iterator[Change]:
        """List what --write once told a person to read, and nobody has accepted."""
        for entry in self.unread:
            if entry["operation"] == operation and entry["language"] == language:
                change = Change(
                    Place(*entry["place"]), frozen(entry["was"]), frozen(entry["now"]), Severity[entry["severity"]]
                )
                if not self.accepts(operation, language, change):
                    yield change

    def keep_unread(self, operation: str, language: str, change: Change) -> None:
        """Remember a change until a person accepts it; what a page takes back again is forgotten."""
        place = list(change.place)
        key = {"operation": operation, "language": language, "place": place}
        before = next((each for each in self.unread if key.items() <= each.items()), None)
        was = before["was"] if before else plain(change.was)
        if before:
            self.unread.remove(before)
        if was != plain(change.now):
            self.unread.append({**key, "severity": change.severity.name, "was": was, "now": plain(change.now)})

    def has_reviewed(self, day: date | None, announcement: str) -> bool:
        """Return whether an entry of OKX's changelog was reviewed: by its day, or by its hash before it has one."""
        if day is None:
            return announcement in set(self.changelog.get("upcoming", ()))
        return day.isoformat() <= str(self.changelog.get("reviewed", ""))

    def review(self, day: date, reason: str, upcoming: Sequence[str] | None) -> None:
        """Move the day up to which OKX's changelog is reviewed; None leaves what is reviewed of what is upcoming."""
        hashes = self.changelog.get("upcoming", []) if upcoming is None else sorted(upcoming)
        self.changelog = {"reviewed": day.isoformat(), "reason": reason, "upcoming": hashes}

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
        unread = {"unread": self.unread} if self.unread else {}
        changelog = {"changelog": self.changelog} if self.changelog else {}
        node = {"about": ABOUT, "known": self.known, **unread, **changelog, "operations": self.operations}
        return layout(node) + "\n"


def plain(value: Any) -> Any:
    """Turn a fact into what JSON would read."""
    return [plain(each) for each in value] if isinstance(value, tuple) else value


def frozen(value: Any) -> Any:
    """Turn what JSON read into a fact."""
    return tuple(frozen(each) for each in value) if isinstance(value, list) else value


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
