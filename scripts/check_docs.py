"""Hold OKX's documentation against spec/docs.lock.json and spec/openapi.yaml.

Exit codes: 0 the same, 10 other words only, 11 additions, 12 breaking changes, 20 a page that was not understood.
With --write what needs no judgement goes into the spec, the lock follows the pages, and the code tells what is left.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from docs.drift import Operation, differences
from docs.facts import Unreadable
from docs.files import load
from docs.gather import gather, missing
from docs.lock import Lock
from docs.page import read
from docs.spec import Spec
from docs.table import FORMATS
from docs.words import LANGUAGES
from docs.write import Refused, tasks, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from docs.drift import Difference
    from docs.gather import Reading

ROOT = Path(__file__).resolve().parent.parent
NOT_UNDERSTOOD = 20


def compared(spec: Spec, lock: Lock, reading: Reading) -> tuple[list[Difference], list[str]]:
    """Compare what was read; a page on which a whole table came to nothing is a problem."""
    rows, problems = [], []
    for operation, found in reading.pages.items():
        try:
            rows += differences(spec, lock, operation, found)
        except Unreadable as error:
            problems.append(f"{operation.id}: {error}")
    return rows, problems


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="+", metavar="PAGE", help="a file or an https address; Markdown or HTML")
    parser.add_argument("--operation", action="append", metavar="ID", help="of the spec; getMaxLoan unless given")
    parser.add_argument("--language", action="append", choices=LANGUAGES, default=[], help="must be on the pages")
    parser.add_argument("--format", choices=FORMATS, default="text")
    parser.add_argument("--write", action="store_true", help="edit the spec and the lock")
    parser.add_argument("--facts", metavar="'GET /path'", help="only show what the pages say of any one operation")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout to work on")
    return parser.parse_args(argv)


def show_facts(sources: Sequence[str], wanted: str) -> int:
    """Print the facts of one operation, which the spec need not have."""
    method, _, path = wanted.partition(" ")
    try:
        found = [read(load(source), method, path) for source in sources]
    except Unreadable as error:
        print(f"check_docs: not understood: {error}", file=sys.stderr)
        return NOT_UNDERSTOOD
    print(json.dumps([{key: facts.to_json() for key, facts in page.items()} for page in found], indent=2))
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Check the pages; return the exit code."""
    options = arguments(argv)
    if options.facts:
        return show_facts(options.pages, options.facts)
    folder: Path = options.root / "spec"
    lock_file = folder / "docs.lock.json"
    spec = Spec((folder / "openapi.yaml").read_text("utf-8"))
    lock = Lock(lock_file.read_text("utf-8")) if lock_file.exists() else Lock()
    known = {each.id: each for each in (Operation(*each) for each in spec.operations())}
    asked = options.operation or ["getMaxLoan"]
    if unknown := [each for each in asked if each not in known]:
        raise SystemExit(f"check_docs: no operation {', '.join(unknown)} in the spec, only {', '.join(known)}")
    reading = gather(options.pages, [known[each] for each in asked], lock)
    rows, problems = compared(spec, lock, reading)
    problems = [*reading.problems, *missing(reading, options.language), *problems]
    if options.write and not problems:
        try:
            written = write(options.root, spec, lock, reading.pages)
            print(*tasks(written, rows), sep="\n", file=sys.stderr if options.format == "json" else sys.stdout)
            rows, problems = compared(written.spec, lock, reading)
        except Refused as error:
            problems = [str(error)]
    print(FORMATS[options.format](rows, problems))
    return NOT_UNDERSTOOD if problems else max((row.severity for row in rows), default=0)


if __name__ == "__main__":
    sys.exit(main())
