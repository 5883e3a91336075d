"""okx-maxloan verify: whether OKX is still what this release takes it for."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .command import NAME, Command, Run
from .profiles import OTHERS, PARTS
from .source import Asker, asker, options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .profiles import Settings
    from .words import Language, Words

WORDS: Words = {
    "en": {
        "about": "Check that OKX still answers as this release expects: only reads, in a dozen questions. Here 0 means"
        " that everything agrees, 1 that something differs, 2 that the check could not be made.",
    },
    "zh": {
        "about": "检查 OKX 的应答是否仍与本版本的预期一致：只读取，共十余次查询。此处 0 表示全部一致，1 表示有不一致，"
        "2 表示无法检查。",
    },
}


def command(lang: Language) -> Command:
    """Make the command."""
    return Command("verify", lang, verify, WORDS[lang]["about"], options(lang), (f"{NAME} verify --mock",))


def verify(run: Run, **who: Any) -> int:
    """Print the report."""
    from okx_maxloan_sdk.verify import run as check  # noqa: PLC0415 -- help does not need it

    with asker(Asker(**who), "cross") as found, exported(found):
        run.secrets |= found.secrets
        return check(lambda line: print(run.mask(line), flush=True), run.lang)


@contextmanager
def exported(found: Settings) -> Iterator[None]:
    """Put the settings where the check finds them: in the environment, as long as the block runs."""
    before = dict(os.environ)
    words = {
        **{name: getattr(found, word) for word, name in {**PARTS, **OTHERS}.items()},
        "OKX_DEMO": str(int(found.demo)),
    }
    proxies = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY"), found.proxy) if found.proxy else {}
    try:
        os.environ.update({name: word for name, word in {**words, **proxies}.items() if word})
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
