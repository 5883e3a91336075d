"""Hook of the guide's site: the OpenAPI document in the language of the site, with all facts in its descriptions."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT = Path(__file__).resolve().parent.parent
WORDS: dict[str, dict[str, str]] = tomllib.loads(Path(__file__).with_name("texts.toml").read_text("utf-8"))["site"]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the rendered document; called by MkDocs."""
    spec = YAML(typ="safe").load(ROOT / "spec" / "openapi.yaml")
    text = json.dumps(render(spec, str(config.theme["language"])), ensure_ascii=False)
    files.append(File.generated(config, "openapi.json", content=text))
    return files


def on_post_build(config: MkDocsConfig) -> None:
    """Let the root of the site lead to the English start page; called by MkDocs."""
    Path(config.site_dir).with_name("index.html").write_text(
        '<!doctype html><meta http-equiv="refresh" content="0; url=en/"><a href="en/">English</a>\n',
        encoding="utf-8",
    )


def render(node: Any, lang: str) -> Any:
    """Return the document without extensions: their facts stand in the descriptions, in one language."""
    if isinstance(node, list):
        return [render(each, lang) for each in node]
    if not isinstance(node, dict):
        return node
    plain = {key: render(value, lang) for key, value in node.items() if not str(key).startswith("x-")}
    for key in ("description", "summary", "url"):
        if lang == "zh" and f"x-{key}-zh" in node:
            plain[key] = node[f"x-{key}-zh"]
    if parts := [*_describe(node, lang)]:
        plain["description"] = "\n\n".join([plain.get("description", ""), *parts]).strip()
    return plain


def _describe(node: Mapping[str, Any], lang: str) -> Iterable[str]:
    words = WORDS[lang]
    if limit := node.get("x-okx-rate-limit"):
        yield words["limit"].format(**{**limit, "per": words[limit["per"]]})
    if values := node.get("x-okx-values"):
        yield "\n".join(f"- `{value}`: {meaning[lang]}" for value, meaning in values.items())
    if rules := node.get("x-okx-rules"):
        rows = [(f"`{each['id']}`", words[each["basis"]], each[lang]) for each in rules]
        yield _table(words["rules"], [words["rule"], words["basis"], words["meaning"]], rows)
    if examples := node.get("x-okx-examples"):
        lines = (f"- `{_query(each['query'])}`: {each[lang]}" for each in examples)
        yield "\n".join([f"**{words['examples']}**\n", *lines])


def _query(query: Mapping[str, Any]) -> str:
    return "&".join(f"{name}={','.join(value) if isinstance(value, list) else value}" for name, value in query.items())


def _table(title: str, heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(heads)
    lines = [" | ".join(each) for each in (heads, ["---"] * len(heads), *rows)]
    return "\n".join([f"**{title}**\n", *(f"| {line} |" for line in lines)])
