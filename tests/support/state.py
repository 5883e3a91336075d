"""Client state for tests that run requests by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okx_maxloan_sdk import request
from okx_maxloan_sdk.codec import GET_MAX_LOAN, Query
from okx_maxloan_sdk.config import ClientConfig
from okx_maxloan_sdk.drivers import run_sync
from okx_maxloan_sdk.effects import Send, Sleep
from okx_maxloan_sdk.state import ClientState
from tests.support.clients import credentials
from tests.support.clock import FakeClock
from tests.support.fake_transport import loan_row, ok_response
from tests.support.limiter import RecordingLimiter

if TYPE_CHECKING:
    from okx_maxloan_sdk.effects import Flow
    from tests.support.fake_transport import FakeTransport


PARAMS = {"mgnMode": "cross", "instId": "BTC-USDT"}
QUERY = Query(GET_MAX_LOAN, GET_MAX_LOAN.path, PARAMS)
OK_RESPONSE = ok_response(loan_row("BTC-USDT"))


class RequestHarness:
    """A client's state with everything about it in reach."""

    def __init__(self, **settings: Any) -> None:
        self.clock = FakeClock()
        self.limiter = RecordingLimiter()
        usual: dict[str, Any] = {"credentials": credentials(), "limiter": self.limiter, "clock": self.clock}
        self.state = ClientState(ClientConfig(**{**usual, **settings}), random=lambda: 0.5)

    def run(self, flow: Flow[Any], wire: FakeTransport) -> Any:
        """Drive a flow on a wire."""
        return run_sync(flow, wire, self.clock)

    def flow(self, deadline: float | None = None) -> Flow[request.DecodedResponse]:
        """Begin to ask about a pair."""
        return request.send_with_retries(self.state, QUERY, deadline)

    def ask(self, wire: FakeTransport, deadline: float | None = None) -> request.DecodedResponse:
        """Ask about a pair."""
        reply = self.run(self.flow(deadline), wire)
        assert isinstance(reply, request.DecodedResponse)
        return reply


def with_latency(flow: Flow[Any], wire: FakeTransport, travels: float) -> Flow[Any]:
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
