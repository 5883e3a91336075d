"""`okx-maxloan mock`: what it prints can be pasted into a shell and works."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from okx_maxloan_sdk import MaxLoanClient
from okx_maxloan_sdk.mock import command, default_exchange
from okx_maxloan_sdk.mock.serve import serve


@pytest.mark.skipif(not (all(map(shutil.which, ("sh", "curl", "openssl")))), reason="it takes sh, curl and openssl")
@pytest.mark.parametrize("user", [*default_exchange().users, "demo trading"])
def test_the_curl_line_works(user: str) -> None:
    """Pasted as printed, the variables and the curl line get an answer to a signed request."""
    exchange = default_exchange()
    if user == "demo trading":
        exchange.users = {user: exchange.users["spot"]}
        exchange.users[user].keys.reverse()
    with serve(exchange) as url:
        shown = command.banner(exchange, url, user)
        run = subprocess.run(
            [shutil.which("sh") or "sh", "-c", shown], capture_output=True, text=True, timeout=20, check=True
        )
    answer = json.loads(run.stdout)
    # Without borrowing there is no question of Spot mode that is answered.
    assert (answer["code"], len(answer["data"])) == (("51010", 0) if user == "spot_plain" else ("0", 2))


def test_the_variables_make_a_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the printed variables set, `from_env()` is a client of the exchange."""
    exchange = default_exchange()
    with serve(exchange) as url:
        for line in command.banner(exchange, url, "futures").splitlines():
            if line.startswith("export "):
                name, _, value = line.removeprefix("export ").partition("=")
                monkeypatch.setenv(name, value)
        with MaxLoanClient.from_env() as client:
            assert len(client.get_max_loan("BTC-USDT", mgn_mode="isolated")) == 2


def test_an_unknown_user_is_explained() -> None:
    """A user that the scenario does not have is named, with those it has."""
    with pytest.raises(ValueError, match="no user 'me'; this exchange has spot, "):
        command.run(0, None, "me", print)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
def test_it_runs_until_it_is_told_to_stop(tmp_path: Path) -> None:
    """As a process it serves a scenario, says where, and ends on SIGTERM without a word of trouble."""
    (tmp_path / "s.toml").write_text('[users.bot]\nmode = "futures"\n')
    code = f"""
import pathlib, sys
from okx_maxloan_sdk.mock import command
command.run(0, pathlib.Path({str(tmp_path / "s.toml")!r}), None, lambda text: print(text, flush=True))
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        assert "bot (futures)" in process.stdout.readline()
        assert "export OKX_BASE_URL=http://127.0.0.1:" in process.stdout.readline()
    finally:
        process.terminate()
    assert process.wait(10) in (0, -15)
    assert "Traceback" not in process.communicate()[1]
