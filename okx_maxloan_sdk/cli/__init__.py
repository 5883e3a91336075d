"""Command okx-maxloan."""

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; exit with 1 where its extra is not installed."""
    try:
        from .app import main as run  # noqa: PLC0415 -- the library does not need the command's packages
    except ImportError as error:
        sys.exit(f'okx-maxloan: {error.name} is missing; install the command with: pip install "okx-maxloan-sdk[cli]"')
    return run(arguments)
