"""Tables of cases in a TOML file beside a test."""

import tomllib
from pathlib import Path
from typing import Any


def cases(test: str) -> dict[str, Any]:
    """Read the tables of a test module."""
    return tomllib.loads(Path(test).with_suffix(".toml").read_text("utf-8"))
