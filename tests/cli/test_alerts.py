"""Alerts on amounts."""

from decimal import Decimal

import pytest

from okx_maxloan_sdk import MaxLoan
from okx_maxloan_sdk.cli.alerts import Alert, AlertTracker, parse_alert
from okx_maxloan_sdk.cli.errors import CliError
from okx_maxloan_sdk.cli.history import series_key
from tests.support import contract_values


def loan(amount: str, ccy: str = "USDT", inst_id: str = "BTC-USDT") -> MaxLoan:
    """Make a row."""
    return contract_values.loan(inst_id=inst_id, side="buy", ccy=ccy, max_loan=amount)


def triggered(tracker: AlertTracker, *loans: MaxLoan) -> list[str]:
    """Return the alerts that these rows trigger."""
    return [alert.text for alert, _, _ in tracker.update({series_key(loan): loan for loan in loans})]


def test_parsing() -> None:
    """An alert has a currency or a pair, a comparison, and an exact amount."""
    assert parse_alert(" usdt <= 1000.10 ") == Alert("usdt <= 1000.10", "USDT", "<=", Decimal("1000.10"))
    assert parse_alert("BTC-USDT>0.5").subject == "BTC-USDT"


@pytest.mark.parametrize("text", ["USDT", "USDT<", "<5", "USDT=5", "USDT<-5", "USDT<1e3", "USDT<5<6", "USDT<NaN"])
def test_invalid(text: str) -> None:
    """The error for anything else shows a valid example."""
    with pytest.raises(CliError) as caught:
        parse_alert(text)
    assert text in caught.value.text("en")
    assert "'USDT<1000'" in caught.value.text("en")


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("USDT<1000.0000000000000002", True),
        ("USDT<1000.0000000000000001", False),
        ("USDT<=1000.0000000000000001", True),
        ("USDT>1000", True),
        ("USDT>=1000.0000000000000002", False),
        ("BTC-USDT<2000", True),
        ("BTC<2000", False),
        ("ETH-USDT<2000", False),
    ],
)
def test_bounds_are_exact(text: str, matches: bool) -> None:
    """Amounts are compared exactly, for the named pair or currency."""
    assert parse_alert(text).matches(loan("1000.0000000000000001")) is matches


def test_no_amount() -> None:
    """A row without an amount is neither below nor above a bound."""
    assert not parse_alert("USDT<1").matches(loan(""))


def test_one_alert_for_each_crossing() -> None:
    """An alert is triggered when a row passes its bound, and again only after the row was back inside."""
    tracker = AlertTracker([parse_alert("USDT<10"), parse_alert("USDT<5")])
    assert triggered(tracker, loan("9")) == ["USDT<10"]
    assert triggered(tracker, loan("4")) == ["USDT<5"]
    assert triggered(tracker, loan("4")) == []
    assert triggered(tracker) == [], "a row that did not arrive has not come back"
    assert triggered(tracker, loan("4")) == []
    assert triggered(tracker, loan("11")) == []
    assert triggered(tracker, loan("4")) == ["USDT<10", "USDT<5"]


def test_each_row_has_its_state() -> None:
    """Two pairs of one currency trigger an alert each."""
    tracker = AlertTracker([parse_alert("USDT<10")])
    assert triggered(tracker, loan("9")) == ["USDT<10"]
    assert triggered(tracker, loan("9"), loan("9", inst_id="ETH-USDT")) == ["USDT<10"]
