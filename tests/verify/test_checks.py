"""Checks of the contract for a client; tests/cli/cases.toml has what they find in changed responses."""

import pytest

from okx_maxloan_sdk.mock import default_exchange
from okx_maxloan_sdk.mock.server import run_mock_server
from okx_maxloan_sdk.verify import verify


@pytest.mark.parametrize("user", default_exchange().users)
def test_mock(user: str) -> None:
    """On the mock nothing fails, in every account mode."""
    with run_mock_server() as exchange:
        results = list(verify(exchange.client(user)))
    assert "failed" not in {each.state for each in results}
    names = {"clock", "api_key", "permissions", "account_mode", "instruments", "requests"}
    assert {each.check for each in results} == names


def test_inconclusive() -> None:
    """Without access the last result is a failure that says nothing about OKX."""
    with run_mock_server() as exchange:
        exchange.exchange.fail_next(9, code="50113", path="/api/v5/account/config")
        *_, last = verify(exchange.client("spot"))
    assert (last.check, last.state, last.is_inconclusive) == ("api_key", "failed", True)
