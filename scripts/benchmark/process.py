"""Measures whole processes: an import, or an import, a client and its first call."""

from __future__ import annotations

import resource
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from . import venvs
from .contender import KEY, MODE, PAIR, PASSPHRASE, SECRET
from .rounds import Spread

if TYPE_CHECKING:
    from collections.abc import Mapping

CREDENTIALS = f"{KEY!r}, {SECRET!r}, {PASSPHRASE!r}"
OURS = "from okx_maxloan_sdk import Credentials, MaxLoanClient\n"
CALL = (
    "with MaxLoanClient(Credentials({credentials}), base_url={url!r}) as c:"
    " c.get_max_loan({pair!r}, mgn_mode='isolated')"
)
THEIRS = (
    "from okx.Account import AccountAPI as A\nA({credentials}, None, '0', {url!r}).get_max_loan({pair!r}, {mode!r})"
)
# Its own peak in kilobytes; what the system counts for a child begins with its parent's.
PEAK = "\nprint(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
# Name: whose venv, and the program.
PROGRAMS = {
    "nothing": ("sdk", "pass"),
    "import httpx": ("sdk", "import httpx"),
    "import both clients": ("sdk", "from okx_maxloan_sdk import AsyncMaxLoanClient, MaxLoanClient"),
    "import python-okx": ("python-okx", "import okx.Account"),
    "python-okx": ("python-okx", THEIRS),
    "okx-maxloan-sdk": ("sdk", OURS + CALL),
}


class Cost(NamedTuple):
    """CPU time in milliseconds, over that of a process that does nothing, and peak memory in megabytes."""

    cpu: Spread
    memory: Spread


def once(name: str, url: str) -> tuple[float, float]:
    """Run a program and give its CPU time and its peak memory."""
    venv, code = PROGRAMS[name]
    code = code.format(credentials=CREDENTIALS, url=url, pair=PAIR, mode=MODE) + PEAK
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [venvs.python(venv), "-c", code]
    done = subprocess.run(command, env=venvs.environment(), check=True, capture_output=True, text=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    return cpu * 1e3, int(done.stdout) / 1024


def run(url: str, rounds: int) -> Mapping[str, Cost]:
    """Run every program, in turns; the first turn fills caches and is not counted."""
    turns = [{name: once(name, url) for name in PROGRAMS} for _ in range(rounds + 1)][1:]
    return {
        name: Cost(
            Spread.of([turn[name][0] - turn["nothing"][0] for turn in turns]),
            Spread.of([turn[name][1] for turn in turns]),
        )
        for name in PROGRAMS
    }
