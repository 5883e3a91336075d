"""Account: what the exchange says of it, and what the rules may ask."""

import pytest

from okx_maxloan_sdk.account import Account, AccountMode
from okx_maxloan_sdk.codec import to_account

ROW = {
    "uid": "1",
    "mainUid": "2",
    "acctLv": "2",
    "autoLoan": False,
    "enableSpotBorrow": True,
    "mgnIsoMode": "automatic",
    "perm": "read_only,trade",
    "ip": "203.0.113.7,203.0.113.8",
    "label": "",
    "type": "0",
}


def account(**changes: object) -> Account:
    """Read a row."""
    return to_account({**ROW, **changes})


def test_row() -> None:
    """A row's values become an account's, lists split at their commas."""
    assert account() == Account(
        mode=AccountMode.FUTURES,
        spot_borrow_enabled=True,
        isolated_margin_mode="automatic",
        uid="1",
        main_uid="2",
        permissions=("read_only", "trade"),
        ip_allowlist=("203.0.113.7", "203.0.113.8"),
    )


def test_empty() -> None:
    """What the exchange leaves empty is unknown, or nothing."""
    found = account(mgnIsoMode="", perm="", ip="")
    assert (found.isolated_margin_mode, found.permissions, found.ip_allowlist) == (None, (), ())


@pytest.mark.parametrize(("level", "mode"), [*zip("1234", AccountMode, strict=True)])
def test_modes(level: str, mode: AccountMode) -> None:
    """Each documented level is a mode."""
    assert account(acctLv=level).mode is mode


@pytest.mark.parametrize("level", ["5", "", "spot"])
def test_unknown_mode(level: str) -> None:
    """A level that is not documented is an unknown mode: no rule that asks for it applies."""
    assert account(acctLv=level).mode is None
    assert "account.mode" not in account(acctLv=level).rule_inputs


def test_word() -> None:
    """A mode may be given by its word; another word is refused."""
    assert Account(mode="portfolio").mode is AccountMode.PORTFOLIO
    with pytest.raises(ValueError, match="margin"):
        Account(mode="margin")


def test_facts() -> None:
    """Only what is known is a fact."""
    assert Account().rule_inputs == {}
    assert account(enableSpotBorrow=False).rule_inputs == {
        "account.mode": "futures",
        "account.borrowing": "disabled",
        "account.isolated": "automatic",
    }
    assert Account(spot_borrow_enabled=True).rule_inputs == {"account.borrowing": "enabled"}
