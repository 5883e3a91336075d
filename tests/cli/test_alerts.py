"""Alerts on amounts."""

from decimal import Decimal

import pytest

from okx_maxloan_sdk import MaxLoan
from okx_maxloan_sdk.cli.alerts import Alert, Bells, alert
from okx_maxloan_sdk.cli.record import key
from okx_maxloan_sdk.cli.troubles import Trouble
from tests.support import contract_values


def loan(amount: str, ccy: str = "USDT", inst_id: str = "BTC-USDT") -> MaxLoan:
    """Make a row."""
    return contract_values.loan(inst_id=inst_id, side="buy", ccy=ccy, max_loan=amount)


def rung(bells: Bells, *loans: MaxLoan) -> list[str]:
    """Name the alerts that begin with these rows."""
    return [alert.text for alert, _ in bells.ring({key(loan): loan for loan in loans})]


def test_reading() -> None:
    """A currency or a pair, a comparison, and an exact amount."""
    assert alert(" usdt <= 1000.10 ") == Alert("usdt <= 1000.10", "USDT", "<=", Decimal("1000.10"))
    assert alert("BTC-USDT>0.5").what == "BTC-USDT"


@pytest.mark.parametrize("text", ["USDT", "USDT<", "<5", "USDT=5", "USDT<-5", "USDT<1e3", "USDT<5<6", "USDT<NaN"])
def test_refusing(text: str) -> None:
    """Anything else is named, with an example of what is right."""
    with pytest.raises(Trouble) as caught:
        alert(text)
    assert text in caught.value.text("en")
    assert "'USDT<1000'" in caught.value.text("en")


@pytest.mark.parametrize(
    ("text", "rings"),
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
def test_bounds_are_exact(text: str, rings: bool) -> None:
    """Amounts are compared digit by digit, for the pair or the currency that is named."""
    assert alert(text).rings(loan("1000.0000000000000001")) is rings


def test_no_amount_rings_nothing() -> None:
    """A row without an amount is neither below nor above a bound."""
    assert not alert("USDT<1").rings(loan(""))


def test_ringing_once_for_each_crossing() -> None:
    """A bell rings when a row goes beyond its bound, and again only after it has come back."""
    bells = Bells([alert("USDT<10"), alert("USDT<5")])
    assert rung(bells, loan("9")) == ["USDT<10"]
    assert rung(bells, loan("4")) == ["USDT<5"]
    assert rung(bells, loan("4")) == []
    assert rung(bells) == [], "a row that did not arrive has not come back"
    assert rung(bells, loan("4")) == []
    assert rung(bells, loan("11")) == []
    assert rung(bells, loan("4")) == ["USDT<10", "USDT<5"]


def test_rows_ring_apart() -> None:
    """Two pairs of one currency have a bell each."""
    bells = Bells([alert("USDT<10")])
    assert rung(bells, loan("9")) == ["USDT<10"]
    assert rung(bells, loan("9"), loan("9", inst_id="ETH-USDT")) == ["USDT<10"]
