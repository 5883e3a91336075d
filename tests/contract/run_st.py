"""Run `st run` on the mock exchange, over a socket: python -m tests.contract.run_st [USER] [options of `st run`].

The exit code is schemathesis' own. Settings are in schemathesis.toml. Every run sends the same requests unless
`--seed N` chooses others.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.mock.server import serve

from . import accounts

ROOT = Path(__file__).parents[2]


def main(user: str = "spot", *options: str) -> int:
    """Serve the exchange of the contract tests, and run schemathesis on it as `user`."""
    with serve(accounts.exchange(SystemClock())) as url:
        program = shutil.which("st", path=str(Path(sys.executable).parent)) or "st"
        steady = [] if "--seed" in options else ["--generation-deterministic"]
        command = [program, "run", "spec/openapi.yaml", "--url", url, *steady, *options]
        paths = os.pathsep.join([str(ROOT), str(ROOT / "generated")])
        environment = {**os.environ, "OKX_MOCK_USER": user, "PYTHONPATH": paths}
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
