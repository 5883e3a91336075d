"""Runs of the command on a mock exchange, with what they print; each table of cases.toml is one behaviour.

`run` is one command or several, which end with the exit code `code`, by default 0. `out` and `err` have to occur in
stdout and stderr, which are empty without them, and `absent` in neither; `matches` is a regular expression for stdout.
`user` is the user of the mock exchange in the environment, whose API key gets the attributes of `key`, and who gets
those of `account` and has the fields of `config` in the account configuration. `fails` are the planned failures of the
exchange, or responses with `rows` beside the usual values, and `requests` is the number of requests in the end.
`profiles` is the text of the file of profiles, `modes` are its permissions; `{config}` in `err` is its path.
With `columns` standard output is a terminal of each of these widths, where no line may be longer.
"""

import json
import os
import re
import shlex
import tomllib
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from okx_maxloan_sdk.mock import ApiKey, User
from okx_maxloan_sdk.mock.server import MockServer, run_mock_server

from .conftest import Result, Run

CASES: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_name("cases.toml").read_text("utf-8"))
ESCAPE = re.compile("\x1b\\[[0-9;?]*[a-zA-Z]|\a")
USUAL_ROWS = {
    "max-loan": {"instId": "BTC-USDT", "mgnMode": "cross", "mgnCcy": "", "side": "sell", "ccy": "BTC", "maxLoan": "1"},
    "instruments": {"instType": "MARGIN", "baseCcy": "BTC", "quoteCcy": "USDT", "state": "live"},
}


def prepare(server: MockServer, monkeypatch: pytest.MonkeyPatch, case: dict[str, Any]) -> None:
    """Point the environment at the case's user, and change the exchange as the case says."""
    user, key, original_config = server.exchange.users[case["user"]], server.key(case["user"]), User.config_row
    for name, value in server.environment(case["user"]).items():
        monkeypatch.setenv(name, value)
    for changed, changes in ((server.exchange, "exchange"), (user, "account"), (key, "key")):
        for name, value in case.get(changes, {}).items():
            setattr(changed, name, value)

    def config_row(user: User, key: ApiKey) -> dict[str, object]:
        return {**original_config(user, key), **case.get("config", {})}

    monkeypatch.setattr(User, "config_row", config_row)
    for fails in case.get("fails", []):
        failure = {"path": "max-loan", **fails}
        path = failure.pop("path")
        if "rows" in failure:
            rows = [{**USUAL_ROWS[path], **row} for row in failure.pop("rows")]
            failure |= {"status": 200, "html": json.dumps({"code": "0", "msg": "", "data": rows})}
        server.exchange.fail_next(**failure, path=f"/api/v5/account/{path}")


def check(case: dict[str, Any], result: Result, columns: int, config: Path) -> None:
    """Compare exit code and output of a run with its case."""
    code, out, err = result
    out = ESCAPE.sub("", out.replace("\r", "\n")) if columns else out
    assert code == case.get("code", 0), (out, err)
    assert "out" in case or "matches" in case or not out
    assert "err" in case or not err
    missing = [part for part in case.get("out", []) if part not in out]
    missing += [part for part in case.get("err", []) if part.replace("{config}", str(config)) not in err]
    assert not missing, (out, err)
    assert not [part for part in case.get("absent", []) if part in out + err], (out, err)
    assert re.search(case.get("matches", ""), out), out
    assert not columns or max(cell_len(line.rstrip()) for line in out.splitlines()) <= columns


@pytest.mark.parametrize("name", CASES)
def test_case(
    run: Run, terminal: Callable[[int], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """The behaviour is as its case states."""
    case, config = CASES[name], tmp_path / "config" / "okx-maxloan" / "config.toml"
    if "modes" in case and os.name != "posix":
        pytest.skip("Windows keeps who may read elsewhere")
    if "profiles" in case:
        config.parent.mkdir(parents=True)
        config.write_text(case["profiles"])
    with run_mock_server() as server:
        if "user" in case:
            prepare(server, monkeypatch, case)
        for variable, value in case.get("env", {}).items():
            monkeypatch.setenv(variable, value)
        commands: list[str] = [case["run"]] if isinstance(case["run"], str) else case["run"]
        widths: list[int] = case.get("columns", [0])
        modes: list[str] = case.get("modes", ["600"])
        for command, columns, mode in product(commands, widths, modes):
            if "profiles" in case:
                config.chmod(int(mode, 8))
            if columns:
                terminal(columns)
            check(case, run(*shlex.split(command.format(folder=tmp_path.as_uri()))), columns, config)
        assert len(server.exchange.log) == case.get("requests", len(server.exchange.log))
