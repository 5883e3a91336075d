"""The questions a client can ask: each checks its rules, makes its calls, and gives models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import call, rules
from .account import Account
from .endpoint import (
    GET_ACCOUNT_CONFIG,
    GET_ACCOUNT_INSTRUMENTS,
    GET_MAX_LOAN,
    AccountConfigRow,
    InstrumentRow,
    MaxLoan,
    max_loans,
)
from .endpoint import query as make_query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .flow import Flow
    from .session import Session


def prepare(session: Session, deadline: float | None) -> Flow[None]:
    """Learn of the account first, when the client was told to."""
    if session.auto_account and session.account is None:
        yield from session.accounts.get(lambda: account(session, deadline), call.time_left(session, deadline))


def max_loan(session: Session, query: Mapping[str, str], deadline: float | None) -> Flow[list[MaxLoan]]:
    """Ask one request's worth of maximum loan, which was held against the rules before."""
    reply = yield from call.ask(session, GET_MAX_LOAN, query, deadline)
    return max_loans(reply.rows)


def account(session: Session, deadline: float | None) -> Flow[Account]:
    """Ask for the account's settings, and keep them for the rules and the limit's key."""
    reply = yield from call.ask(session, GET_ACCOUNT_CONFIG, {}, deadline)
    session.account = Account.from_row(AccountConfigRow.from_dict(reply.row))
    session.identify()
    return session.account


def instruments(session: Session, inst_type: str, inst_id: str | None) -> Flow[list[InstrumentRow]]:
    """Ask which instruments the account may trade."""
    query = make_query(GET_ACCOUNT_INSTRUMENTS, {"inst_type": inst_type, "inst_id": inst_id})
    rules.check(GET_ACCOUNT_INSTRUMENTS, query, {}, session.language)
    reply = yield from call.ask(session, GET_ACCOUNT_INSTRUMENTS, query, session.until())
    return [InstrumentRow.from_dict(row) for row in reply.rows]


def clock_offset(session: Session) -> Flow[float]:
    """Measure how far the exchange's clock is ahead, and sign with its time from now on."""
    deadline = session.until()
    patience = call.time_left(session, deadline)
    skew = yield from session.skews.get(lambda: call.learn(session, deadline), patience, stale=session.skew)
    return skew.seconds
