"""Randomly damaged pages; each ends with a comparison or a parse error within the time limit.

`PYTHONPATH=scripts python -m tests.docs_watch.mutated_pages NUMBER SEED` parses that many pages, including the real
pages if they are available.
"""

import contextlib
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from docs_watch.changelog import notices, parse_changelog
from docs_watch.facts import PageParseError
from docs_watch.lock import Lock

from tests.docs_watch.conftest import SPEC, exit_code
from tests.docs_watch.pages import FORMS, PATH, both

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT.parent / "shared" / "okx" / "pages"
LONGEST = 10.0  # seconds for a page
PIECES = (
    " | ", "\n", "\n\n", "> ", "`", "~~", "<del>", "</del>", "<table>", "</table>", "<tr>", "<td>", "</td>", "<h4>",
    "</h4>", "<h3 id='x'>", "#### ", "# ", "---|---|---", "---", "    ", "```", "- ", "1. ", ",", "(", ")", "：", "（",
    "String", "Parameter", "HTTP Request", f"GET {PATH}", "no more than 7", "2026-09-30", "&gt;", "&#0;", "\0",
    "\ud83d", "无", "限速：", "<br>", "<pre>", "<code>", "<!--", "**",
)  # fmt: skip


def damage(page: bytes, dice: random.Random) -> bytes:
    """Cut, double, splice, swap and mistype a page."""
    data = bytearray(page)
    for _ in range(dice.randint(1, 6)):
        start, size = dice.randrange(len(data) + 1), dice.choice((1, 5, 40, 300))
        part = data[start : start + size]
        match dice.randrange(5):
            case 0:
                del data[start : start + size]
            case 1:
                data[start:start] = dice.choice(PIECES).encode("utf-8", "surrogatepass")
            case 2:
                data[start : start + size] = part * 2
            case 3:
                at = dice.randrange(len(data) + 1)
                data[at:at] = part
            case _:
                lines = bytes(data).split(b"\n")
                one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
                lines[one], lines[other] = lines[other], lines[one]
                data = bytearray(b"\n".join(lines))
    return bytes(data)


def parse_damaged_pages(lock: Lock, number: int, seed: int) -> Iterator[tuple[int, float]]:
    """Parse damaged pages as documentation and as a changelog; yield the exit code and the seconds of each."""
    dice = random.Random(seed)  # noqa: S311 -- the same pages for the same seed
    pages = [both(form) for form in FORMS]
    pages += [path.read_bytes() for path in sorted(REAL.iterdir())] if REAL.is_dir() else []
    for _ in range(number):
        page = damage(dice.choice(pages), dice)
        start = time.perf_counter()
        code = exit_code(SPEC, lock, page)
        with contextlib.suppress(PageParseError):
            notices(parse_changelog(page), SPEC, lock)
        yield code, time.perf_counter() - start


def main(number: int, seed: int) -> None:
    """Print how often each exit code occurred, and the longest time."""
    lock = Lock((ROOT / "spec" / "docs.lock.json").read_text("utf-8"))
    codes: Counter[int] = Counter()
    longest = 0.0
    for code, seconds in parse_damaged_pages(lock, number, seed):
        codes[int(code)] += 1
        longest = max(longest, seconds)
        assert seconds < LONGEST, f"seed {seed}: a page took {seconds:.1f} s"
    sys.stdout.write(f"{number} pages, seed {seed}: {dict(sorted(codes.items()))}, at most {longest:.2f} s\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
