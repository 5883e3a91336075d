"""Scenario files: their content, and the errors for invalid ones."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from okx_maxloan_sdk.mock import scenario
from tests.contract.accounts import ManualClock
from tests.contract.raw_request import CONFIG, RawRequest, handle, signed

INVALID = tomllib.loads(Path(__file__).with_name("invalid_scenarios.toml").read_text("utf-8"))


def test_full_scenario() -> None:
    """Users, keys, settings, the clock and planned failures are loaded as written."""
    exchange = scenario.load(Path(__file__).with_name("scenario.toml"))
    exchange.clock = clock = ManualClock()
    boss, bot = exchange.users["boss"], exchange.users["bot"]
    assert (boss.mode, boss.main_uid, len(boss.keys)) == ("spot", boss.uid, 1)
    assert (bot.mode, bot.isolated, bot.borrowing, bot.main_uid) == ("futures", "auto_transfers_ccy", False, boss.uid)
    assert {ccy: str(amount) for ccy, amount in bot.balances.items()} == {"BTC": "0.5", "USDT": "1000"}
    assert [(key.key, key.demo, key.addresses) for key in bot.keys] == [("k", False, ("127.0.0.1",)), ("k2", True, ())]
    assert (exchange.clock_skew, exchange.enforce_rate_limit, exchange.drift_seed) == (7.5, False, 7)
    exchange.drift_seed = None
    request = signed(bot.keys[0], RawRequest(b"mgnMode=isolated&instId=BTC-USDT&mgnCcy=BTC"), clock.time() + 7.5)
    codes = [json.loads(handle(exchange, request).body)["code"] for _ in range(3)]
    assert codes == ["50011", "50011", "0"]
    assert handle(exchange, signed(bot.keys[0], RawRequest(path=CONFIG))).body == b"<p>down"


def test_empty_scenario_is_the_default_exchange() -> None:
    """A scenario without users has those of the default exchange, numbered from 1; `sub` names its main account."""
    exchange = scenario.build({})
    assert (exchange.enforce_rate_limit, exchange.clock_skew, exchange.drift_seed) == (True, 0.0, None)
    assert exchange.users == scenario.default_exchange().users
    assert [(name, int(each.uid), int(each.main_uid)) for name, each in exchange.users.items()] == [
        *((name, n, n) for n, name in enumerate(("spot", "spot_plain", "futures", "multi_currency", "portfolio"), 1)),
        ("sub", 6, 1),
    ]
    assert [key.demo for key in exchange.users["spot"].keys] == [False, True]
    assert [key.key for key in exchange.users["sub"].keys] == ["00000006-0000-0000-0000-000000000000"]


def test_the_documented_example_works() -> None:
    """The example in the module's docstring is a valid scenario."""
    example = re.sub(r"^    ", "", (scenario.__doc__ or "").partition("\n\n")[2], flags=re.MULTILINE)
    example = example.replace('main = "boss" ', 'main = "bot" ').replace('delay = 1.5, path = "..."', "")
    assert scenario.build(tomllib.loads(example)).users["bot"].mode == "futures"


@pytest.mark.parametrize(("text", "reason"), [*INVALID["scenarios"], (None, "No such file")])
def test_invalid_file(tmp_path: Path, text: str | None, reason: str) -> None:
    """The error names the file, the place in it, and the expected value."""
    if text is not None:
        (tmp_path / "wrong.toml").write_text(text)
    with pytest.raises(ValueError, match=r"wrong\.toml") as caught:
        scenario.load(tmp_path / "wrong.toml")
    assert reason in str(caught.value)
