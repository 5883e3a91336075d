"""Account: conversion of the exchange's row, and the inputs of the rules."""

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
    """Convert a row."""
    return to_account({**ROW, **changes})


def test_row() -> None:
    """A row's values become those of an account, with lists split at commas."""
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
    """An empty value becomes None or an empty tuple."""
    converted = account(mgnIsoMode="", perm="", ip="")
    assert (converted.isolated_margin_mode, converted.permissions, converted.ip_allowlist) == (None, (), ())


@pytest.mark.parametrize(("level", "mode"), [*zip("1234", AccountMode, strict=True)])
def test_modes(level: str, mode: AccountMode) -> None:
    """Each documented level has a mode."""
    assert account(acctLv=level).mode is mode


@pytest.mark.parametrize("level", ["5", "", "spot"])
def test_unknown_mode(level: str) -> None:
    """An undocumented level has an unknown mode, to which no rule about modes applies."""
    assert account(acctLv=level).mode is None
    assert "account.mode" not in account(acctLv=level).rule_inputs


def test_mode_by_name() -> None:
    """A mode may be given by its name; another name is rejected."""
    assert Account(mode="portfolio").mode is AccountMode.PORTFOLIO
    with pytest.raises(ValueError, match="margin"):
        Account(mode="margin")


def test_rule_inputs() -> None:
    """Rule inputs contain only known values."""
    assert Account().rule_inputs == {}
    assert account(enableSpotBorrow=False).rule_inputs == {
        "account.mode": "futures",
        "account.borrowing": "disabled",
        "account.isolated": "automatic",
    }
    assert Account(spot_borrow_enabled=True).rule_inputs == {"account.borrowing": "enabled"}
