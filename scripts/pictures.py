"""The READMEs' pictures, drawn from the mock exchange: `python scripts/pictures.py [FOLDER]`, .github without one."""

from __future__ import annotations

import io
import os
import random
import re
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.text import Text

from okx_maxloan_sdk import MemoryLimiter
from okx_maxloan_sdk.cli.chart import panels
from okx_maxloan_sdk.cli.picture import draw
from okx_maxloan_sdk.cli.record import Record
from okx_maxloan_sdk.mock import default_exchange
from okx_maxloan_sdk.mock.server import run_mock_server

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = "import sys; from okx_maxloan_sdk.cli import main; sys.exit(main())"
ARGUMENTS = ("show", "BTC-USDT", "ETH-USDT", "SOL-USDT", "--mode", "cross", "--mock")
TABLES = {"table.svg": "en", "table.zh.svg": "zh"}
WIDTH = 62
# An hour of a working day, one question a minute.
BEGIN, STEP, ROUNDS = 1_760_000_400, 60, 60


def table(path: Path, lang: str) -> None:
    """Draw what the command prints on a terminal."""
    command = [sys.executable, "-c", PROGRAM, *ARGUMENTS, "--lang", lang]
    environ = {**os.environ, "FORCE_COLOR": "1", "TERM": "xterm-256color"}
    environ.pop("NO_COLOR", None)
    shown = subprocess.run(command, env=environ, capture_output=True, encoding="utf-8", check=True, timeout=60).stdout
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, legacy_windows=False)
    console.print(Text.from_ansi(shown.rstrip("\n")))
    text = console.export_svg(title=f"okx-maxloan {' '.join(ARGUMENTS[:4])} …", unique_id="table")
    # A picture on a page loads nothing from elsewhere; the reader's own fixed-width font does.
    text = re.sub(r"@font-face \{.*?\}\s*", "", text, flags=re.DOTALL).replace("Fira Code, monospace", "monospace")
    path.write_text(text, encoding="utf-8")


def chart(path: Path) -> None:
    """Draw an hour of an account whose balances go up and down."""
    chance, exchange = random.Random(7), default_exchange()  # noqa: S311 -- a picture is no secret
    exchange.limited, usdt = False, 25000.0
    with tempfile.TemporaryDirectory() as folder, run_mock_server(exchange) as okx:
        source = okx.client("spot", limiter=MemoryLimiter(max_requests=1000))
        with Record(Path(folder, "loans.sqlite"), write=True) as record:
            for number in range(ROUNDS):
                usdt *= 1 + chance.gauss(0, 0.02)
                exchange.users["spot"].balances = {"USDT": Decimal(round(usdt, 2))}
                record.add(BEGIN + STEP * number, source.get_max_loan("BTC-USDT", mgn_mode="cross"))
            draw(panels(record.points("BTC-USDT")), path, "en")


def main(folder: Path) -> None:
    """Draw all pictures."""
    for name, lang in TABLES.items():
        table(folder / name, lang)
    chart(folder / "chart.svg")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".github")
