"""The fixture `okx_exchange` in a user's test."""

import tomllib
from pathlib import Path

import pytest

from okx_maxloan_sdk.mock import pytest_plugin

pytest_plugins = ["pytester"]

TEST = """
def test_my_bot(okx_exchange):
    client = okx_exchange.client("spot")
    assert [loan.side for loan in client.get_max_loan("BTC-USDT", mgn_mode="cross")] == ["sell", "buy"]

def test_a_bad_day(okx_exchange):
    okx_exchange.exchange.fail_next(code="50113")
    client = okx_exchange.client("futures")
    try:
        client.get_max_loan("BTC-USDT", mgn_mode="isolated")
    except Exception as error:
        assert error.code == "50113"

def test_async(okx_exchange):
    import asyncio
    async def query():
        async with okx_exchange.async_client("multi_currency") as client:
            return await client.get_max_loan("ETH-USDT", mgn_mode="cross")
    assert len(asyncio.run(query())) == 2
"""


def test_fixture(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fixture gives a test a running exchange and a client of it, both closed afterwards."""
    # Loaded by hand, in case this environment was installed before the plugin was declared.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(TEST)
    options = ("-p", "okx_maxloan_sdk.mock.pytest_plugin", "-p", "no:cacheprovider", "-W", "error")
    pytester.runpytest_subprocess(*options).assert_outcomes(passed=3)


def test_plugin_is_declared() -> None:
    """The package declares the plugin in the entry point group of pytest."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert pytest_plugin.__name__ in project["entry-points"]["pytest11"].values()
