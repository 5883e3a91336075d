"""The facts that a page states about one operation, without its sentences."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

INVISIBLE = re.compile(r"[\s\u200b-\u200d\u2060\ufeff]+")


class PageParseError(Exception):
    """A page that was not understood; the message says where it stopped making sense."""


class OperationNotFoundError(PageParseError):
    """A page that does not speak of the operation."""


def normalize(text: str) -> str:
    """Reduce a heading or a cell to what it is looked up by."""
    return INVISIBLE.sub("", text).lower()


def text_hash(text: str) -> str:
    """Hash a description, blind to white space, which differs between the two forms of a page."""
    bare = INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    return hashlib.sha256(bare.encode()).hexdigest()[:16] if bare else ""


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter or a field; `source_text` is OKX's text, which stays in memory and is no part of the facts."""

    type: str
    required: str = ""
    values: tuple[str, ...] = ()
    limit: int | None = None
    text: str = ""
    source_text: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Facts:
    """One operation in one language.

    `rate` is pairs of requests and seconds, `sample` the fields of the examples, `struck` the rows whose name is struck
    through: OKX announces that they will go, so they are in no table. `anchor` and `words`, OKX's title and texts, are
    no facts to remember.
    """

    method: str
    path: str
    rate: tuple[tuple[int, int], ...]
    per: tuple[str, ...]
    request: Mapping[str, Field]
    response: Mapping[str, Field]
    permission: str = ""
    title: str = ""
    prose: str = ""
    examples: tuple[str, ...] = ()
    sample: tuple[str, ...] = ()
    answers: str = ""
    struck: tuple[str, ...] = ()
    anchor: str = field(default="", compare=False)
    words: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    def plain(self) -> Facts:
        """Reduce to what the spec says: no texts, nothing nested, and a condition is not a flag."""
        request = {
            name: replace(each, text="", required="required" if each.required == "required" else "optional")
            for name, each in self.request.items()
            if "." not in name
        }
        response = {name: replace(each, text="") for name, each in self.response.items() if "." not in name}
        return Facts(self.method, self.path, self.rate, self.per, request, response, anchor=self.anchor)

    def to_json(self) -> dict[str, Any]:
        """Write for the lock."""
        plain = asdict(self)
        del plain["anchor"], plain["words"]
        for table in ("request", "response"):
            for each in plain[table].values():
                del each["source_text"]
                if table == "response":
                    del each["required"], each["limit"]
        if not self.struck:
            del plain["struck"]
        return plain


def from_json(node: dict[str, Any]) -> Facts:
    """Read from the lock."""

    def tables(table: dict[str, Any]) -> dict[str, Field]:
        return {name: Field(**{**each, "values": tuple(each["values"])}) for name, each in table.items()}

    lists = {name: tuple(node.get(name, ())) for name in ("per", "examples", "sample", "struck")}
    rate = tuple((requests, seconds) for requests, seconds in node["rate"])
    return Facts(
        **{**node, **lists, "rate": rate, "request": tables(node["request"]), "response": tables(node["response"])}
    )
