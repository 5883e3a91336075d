"""Each client in a venv of its own, made when it is first asked for and kept under a cache folder."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "okx-maxloan-sdk" / "bench"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NEEDS = {
    "sdk": PROJECT["dependencies"],
    "python-okx": ["python-okx==0.4.4"],
    "python-okx-async": ["python-okx-async==0.1.1"],
    "ccxt": ["ccxt==4.5.90"],
    "aiohttp": ["aiohttp==3.14.5"],
}


def python(name: str) -> str:
    """Return the interpreter with the dependencies of `name`."""
    needs = NEEDS[name]
    made = hashlib.sha256("\n".join([sys.version, *needs]).encode()).hexdigest()[:12]
    folder = CACHE / f"{name}-{made}"
    interpreter = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready = folder / "ready"
    if not ready.exists():
        print(f"making {folder}", file=sys.stderr)
        venv.create(folder, with_pip=False, clear=True)
        pip = [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(interpreter),
            "install",
            "--quiet",
            "--no-warn-script-location",
        ]
        subprocess.run([*pip, "--disable-pip-version-check", *needs], check=True)
        ready.touch()
    return str(interpreter)


def environment() -> dict[str, str]:
    """Let the SDK's own venv find the work tree and keep it compiled, as pip does for peers; nobody finds a proxy."""
    left_out = ("_proxy", "dontwritebytecode")
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith(left_out)}
    return {**kept, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "generated")])}
