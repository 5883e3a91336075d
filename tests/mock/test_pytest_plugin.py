"""The fixture `okx_exchange` in a user's test."""

import pytest

pytest_plugins = ["pytester"]

TEST = """
def test_my_bot(okx_exchange):
    client = okx_exchange.client("spot")
    assert [loan.side for loan in client.get_max_loan("BTC-USDT", mgn_mode="cross")] == ["sell", "buy"]

def test_async(okx_exchange):
    import asyncio
    async def query():
        async with okx_exchange.async_client("multi_currency") as client:
            return await client.get_max_loan("ETH-USDT", mgn_mode="cross")
    assert len(asyncio.run(query())) == 2
"""


def test_fixture(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin's fixture, by its entry point, runs an exchange and closes it and its clients afterwards."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(TEST)
    options = ("-p", "okx-maxloan", "-p", "no:cacheprovider", "-W", "error")
    pytester.runpytest_subprocess(*options).assert_outcomes(passed=2)
