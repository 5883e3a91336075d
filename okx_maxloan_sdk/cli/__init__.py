"""The command okx-maxloan."""

import sys


def main() -> int:
    """Run the command; say how to install what it needs when that is missing."""
    try:
        from .app import main as run  # noqa: PLC0415 -- the library does not need the command's packages
    except ImportError as error:
        sys.exit(f'okx-maxloan: {error.name} is missing; install the command with: pip install "okx-maxloan-sdk[cli]"')
    return run()
