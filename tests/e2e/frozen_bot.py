"""A bot that PyInstaller freezes: `python -m tests.e2e.frozen_bot`, nightly, since it takes a minute."""

import subprocess
import sys
import tempfile
from pathlib import Path

BOT = """
import asyncio, sys, tempfile
import okx_maxloan_sdk
from okx_maxloan_sdk import AsyncMaxLoanClient, Credentials, FileLimiter, MaxLoanClient, RedisLimiter
from okx_maxloan_sdk.mock import default_exchange
from okx_maxloan_sdk.mock.server import run_mock_server

exchange = default_exchange()
key = exchange.users["spot"].keys[0]
credentials = Credentials(key.key, key.secret, key.passphrase)
RedisLimiter("redis://127.0.0.1:1", on_unavailable="raise")

async def main(url):
    async with AsyncMaxLoanClient(credentials, base_url=url) as client:
        return await client.get_max_loan("BTC-USDT", mgn_mode="cross")

with run_mock_server(exchange) as server, tempfile.TemporaryDirectory() as folder:
    with MaxLoanClient(credentials, base_url=server.url, limiter=FileLimiter(folder)) as client:
        loans = client.get_max_loan("BTC-USDT", mgn_mode="cross")
    assert loans == asyncio.run(main(server.url))
    assert okx_maxloan_sdk.__version__
sys.argv = ["okx-maxloan", "show", "BTC-USDT", "--mode", "cross", "--mock"]
from okx_maxloan_sdk.cli import main
main()
"""


def run() -> None:
    """Freeze and run the bot; raise `CalledProcessError` if either fails."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bot.py").write_text(BOT, "utf-8")
        freeze = [sys.executable, "-m", "PyInstaller", "--onedir", "--log-level", "ERROR", "bot.py"]
        subprocess.run(freeze, cwd=folder, check=True, timeout=300)
        subprocess.run([Path(folder) / "dist" / "bot" / "bot"], check=True, timeout=60)


if __name__ == "__main__":
    run()
