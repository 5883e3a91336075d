"""Sessions for tests that drive calls by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okx_maxloan_api.contract import GET_MAX_LOAN

from okx_maxloan_sdk import call
from okx_maxloan_sdk.flow import Send, Sleep, drive
from okx_maxloan_sdk.session import Session
from okx_maxloan_sdk.sites import origin
from tests.support.clock import FakeClock
from tests.support.doors import credentials
from tests.support.limiter import FreeLimiter
from tests.support.wire import row, success

if TYPE_CHECKING:
    from okx_maxloan_sdk.flow import Flow
    from tests.support.wire import Wire


QUERY = {"mgnMode": "cross", "instId": "BTC-USDT"}
GOOD = success(row("BTC-USDT"))


class Bench:
    """A session with everything about it in reach."""

    def __init__(self, **settings: Any) -> None:
        self.clock = FakeClock()
        self.limiter = FreeLimiter()
        usual: dict[str, Any] = {
            "credentials": credentials(),
            "origin": origin("https://openapi.okx.com"),
            "limiter": self.limiter,
            "clock": self.clock,
            "demo": False,
            "timeout": 10.0,
            "deadline": None,
            "attempts": 3,
            "language": "en",
            "user": None,
            "account": None,
            "auto_account": False,
            "random": lambda: 0.5,
        }
        self.session = Session(**{**usual, **settings})

    def run(self, flow: Flow[Any], wire: Wire) -> Any:
        """Drive a flow on a wire."""
        return drive(flow, wire, self.clock)

    def flow(self, deadline: float | None = None) -> Flow[call.Reply]:
        """Begin to ask about a pair."""
        return call.ask(self.session, GET_MAX_LOAN, QUERY, deadline)

    def ask(self, wire: Wire, deadline: float | None = None) -> call.Reply:
        """Ask about a pair."""
        reply = self.run(self.flow(deadline), wire)
        assert isinstance(reply, call.Reply)
        return reply


def in_time(flow: Flow[Any], wire: Wire, travels: float) -> Flow[Any]:
    """Let each request of a flow take its time; a simulation knows no network."""
    result: Any = None
    while True:
        try:
            effect = flow.send(result)
        except StopIteration as done:
            return done.value
        if isinstance(effect, Send):
            yield Sleep(travels)
            result = wire.send(effect.request, effect.timeout)
            yield Sleep(travels)
        else:
            result = yield effect
