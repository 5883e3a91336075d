"""New entries of the spec, in the style of those that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from .description import values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .facts import Field

MARK = "draft: OKX's words, to be put into our own"
# What the SDK can carry, and what stands for a field in a row that lacks it; other types are a person's decision.
PARAMETERS: dict[str, dict[str, Any]] = {"string": {"type": "string"}}
FIELDS: dict[str, dict[str, Any]] = {
    "string": {"type": "string", "default": ""},
    "boolean": {"type": "boolean", "default": False},
    "array of string": {"type": "array", "default": [], "items": {"type": "string"}},
}


def flow_mapping(node: dict[str, Any]) -> CommentedMap:
    """Make a mapping that is written on one line."""
    made = CommentedMap(node)
    made.fa.set_flow_style()
    return made


def flow_list(node: list[str]) -> CommentedSeq:
    """Make a list that is written on one line."""
    made = CommentedSeq(node)
    made.fa.set_flow_style()
    return made


def wording(texts: Mapping[str, str]) -> dict[str, str]:
    """Draft both languages on a line each; one that is missing takes the other's, and one letter is no text."""
    lines = {language: " ".join(text.replace("~~", "").split()) for language, text in texts.items()}
    said = {language: text for language, text in lines.items() if len(text) > 1}
    other = next(iter(said.values()), "not described")
    return {language: said.get(language, other) for language in ("en", "zh")}


def mark_as_draft(node: Any, key: Any, column: int) -> None:
    """Mark an entry as a draft, by a comment above it."""
    node.yaml_set_comment_before_after_key(key, before=MARK, indent=column)


def document_values(node: Any, now: tuple[str, ...], texts: Mapping[str, str], column: int) -> None:
    """Bring x-okx-values up to date; new values come with what the page says of them."""
    documented = node.setdefault("x-okx-values", CommentedMap())
    documented.fa.set_block_style()
    said = {language: values(text) for language, text in texts.items()}
    for value in [value for value in documented if value not in now]:
        del documented[value]
    for value in [value for value in now if value not in documented]:
        words = {language: each[value] or f"`{value}`" for language, each in said.items() if value in each}
        documented[value] = flow_mapping(wording(words))
        mark_as_draft(documented, value, column)


def column_of(node: Any) -> int:
    """Find the column of a mapping's keys."""
    column: int = node.lc.key(next(iter(node)))[1]
    return column


def build_node(node: dict[str, Any], field: Field, texts: Mapping[str, str], column: int) -> CommentedMap:
    """Write a parameter or a field with its texts and values; what a line says of a value stands there only."""
    lines = {language: [line for line in text.split("\n") if not values(line)] for language, text in texts.items()}
    words = wording({language: "\n".join(each) for language, each in lines.items()})
    plain = {key: flow_mapping(each) if isinstance(each, dict) else each for key, each in node.items()}
    made = CommentedMap({**plain, "description": words["en"], "x-description-zh": words["zh"]})
    if "in" in made:
        made["schema"] = flow_mapping(PARAMETERS[field.type])
        if field.limit:
            items = {"items": flow_mapping(PARAMETERS[field.type])}
            made["schema"] = flow_mapping({"type": "array", "minItems": 1, "maxItems": field.limit, **items})
        elif field.values:
            made["schema"]["enum"] = flow_list(list(field.values))
    if field.values:
        document_values(made, field.values, texts, column + 2)
    return made
