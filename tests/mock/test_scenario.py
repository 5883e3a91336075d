"""Scenario files: their content, and the errors for invalid ones."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from okx_maxloan_sdk.mock import scenario
from tests.contract.raw_request import CONFIG, ManualClock, RawRequest, handle, signed

FULL = """
clock_skew = 7.5
enforce_rate_limit = false
drift_seed = 7

[users.boss]

[users.bot]
mode = "futures"
isolated = "auto_transfers_ccy"
borrowing = false
main = "boss"
balances = { BTC = "0.5", USDT = "1000" }
keys = [
  { key = "k", secret = "s", passphrase = "p", permissions = ["read_only"], addresses = ["127.0.0.1"], label = "x" },
  { key = "k2", secret = "s", passphrase = "p", demo = true },
]

[[failures]]
n = 2
code = "50011"
[[failures]]
status = 503
html = "<p>down"
path = "/api/v5/account/config"
"""


def test_full_scenario(tmp_path: Path) -> None:
    """Users, keys, settings, the clock and planned failures are loaded as written."""
    (tmp_path / "full.toml").write_text(FULL)
    exchange = scenario.load(tmp_path / "full.toml")
    exchange.clock = clock = ManualClock()
    boss, bot = exchange.users["boss"], exchange.users["bot"]
    assert (boss.mode, boss.main_uid, len(boss.keys)) == ("spot", boss.uid, 1)
    assert (bot.mode, bot.isolated, bot.borrowing, bot.main_uid) == ("futures", "auto_transfers_ccy", False, boss.uid)
    assert {ccy: str(amount) for ccy, amount in bot.balances.items()} == {"BTC": "0.5", "USDT": "1000"}
    assert [(key.key, key.demo, key.addresses) for key in bot.keys] == [("k", False, ("127.0.0.1",)), ("k2", True, ())]
    assert (exchange.clock_skew, exchange.enforce_rate_limit, exchange.drift_seed) == (7.5, False, 7)
    exchange.drift_seed = None
    request = signed(bot.keys[0], RawRequest(b"mgnMode=isolated&instId=BTC-USDT&mgnCcy=BTC"), clock.now + 7.5)
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


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("clock_skew = 'x'", "the scenario.clock_skew is 'x'; expected int or float"),
        ("enforce_rate_limit = 1", "the scenario.enforce_rate_limit is 1; expected bool"),
        ("clock_skew = true", "the scenario.clock_skew is True; expected int or float"),
        ("user = {}", "the scenario has 'user'; expected clock_skew, enforce_rate_limit, drift_seed, users, failures"),
        ("users = { a = 1 }", "users.a is 1; expected a table with mode"),
        ("[users.a]\nmode = 'cash'", "users.a.mode is 'cash'; expected spot, futures, multi_currency, portfolio"),
        ("[users.a]\nmain = 'b'", "users.a.main is 'b'; expected one of a"),
        ("[users.a]\nbalances = { BTC = 0.5 }", "users.a.balances.BTC is 0.5; expected an amount in quotes"),
        ("[users.a]\nbalances = { BTC = '-1' }", "users.a.balances.BTC is '-1'"),
        ("[users.a]\nbalances = { XXX = '1' }", "users.a.balances.XXX"),
        ("[users.a]\nkeys = [{ key = 'k' }]", "users.a.keys[0] has no secret, passphrase"),
        ("[users.a]\nkeys = [1]", "users.a.keys[0] is 1; expected a table"),
        (
            "[users.a]\nkeys = [{key='k',secret='s',passphrase='p',permissions=['trade', 'all']}]",
            "permissions is ['trade', 'all']; expected read_only",
        ),
        ("[[failures]]\ncodes = '1'", "failures[0] has 'codes'; expected n, code"),
        ("[[failures]]\nn = 1.5", "failures[0].n is 1.5; expected int"),
        ("clock_skew = ", "Invalid value"),
        (None, "No such file"),
    ],
)
def test_invalid_file(tmp_path: Path, text: str | None, reason: str) -> None:
    """The error names the file, the place in it, and the expected value."""
    if text is not None:
        (tmp_path / "wrong.toml").write_text(text)
    with pytest.raises(ValueError, match=r"wrong\.toml") as caught:
        scenario.load(tmp_path / "wrong.toml")
    assert reason in str(caught.value)
