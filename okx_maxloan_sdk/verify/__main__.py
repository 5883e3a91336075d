"""python -m okx_maxloan_sdk.verify [--mock USER] [--lang zh]: the check as a program."""

from __future__ import annotations

import argparse
import sys

from .report import run


def main() -> int:
    """Read the arguments, and give the exit code."""
    parser = argparse.ArgumentParser(
        "okx_maxloan_sdk.verify", description=sys.modules["okx_maxloan_sdk.verify"].__doc__
    )
    parser.add_argument("--mock", metavar="USER", help="ask the embedded mock exchange as this user")
    parser.add_argument("--lang", choices=("en", "zh"), default="en", help="language of the report")
    given = parser.parse_args()
    return run(lambda line: sys.stdout.write(f"{line}\n"), given.lang, given.mock)


if __name__ == "__main__":
    sys.exit(main())
