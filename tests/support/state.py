"""Client state for tests that send single requests."""

from typing import Any

from okx_maxloan_sdk import request
from okx_maxloan_sdk.codec import GET_MAX_LOAN, Query
from okx_maxloan_sdk.config import ClientConfig
from okx_maxloan_sdk.drivers import run_sync
from okx_maxloan_sdk.effects import Flow, Send, Sleep
from okx_maxloan_sdk.state import ClientState
from tests.support.clients import credentials
from tests.support.clock import FakeClock
from tests.support.fake_transport import FakeTransport, loan_row, ok_response
from tests.support.limiter import RecordingLimiter

PARAMS = {"mgnMode": "cross", "instId": "BTC-USDT"}
QUERY = Query(GET_MAX_LOAN, GET_MAX_LOAN.path, PARAMS)
OK_RESPONSE = ok_response(loan_row("BTC-USDT"))


class RequestHarness:
    """The state of a client, with its limiter and its clock."""

    def __init__(self, **settings: Any) -> None:
        self.clock = FakeClock()
        self.limiter = RecordingLimiter()
        defaults: dict[str, Any] = {"credentials": credentials(), "limiter": self.limiter, "clock": self.clock}
        self.state = ClientState(ClientConfig(**{**defaults, **settings}), random=lambda: 0.5)

    def run(self, flow: Flow[Any], transport: FakeTransport) -> Any:
        """Run a flow on a transport."""
        return run_sync(flow, transport, self.clock)

    def flow(self, deadline: float | None = None) -> Flow[request.DecodedResponse]:
        """Create the flow of a request for BTC-USDT."""
        return request.send_with_retries(self.state, QUERY, deadline)

    def send(self, transport: FakeTransport, deadline: float | None = None) -> request.DecodedResponse:
        """Send a request for BTC-USDT."""
        response = self.run(self.flow(deadline), transport)
        assert isinstance(response, request.DecodedResponse)
        return response


def with_latency(flow: Flow[Any], transport: FakeTransport, delay: float) -> Flow[Any]:
    """Add the network's delay to the requests of a flow, since a simulation has no network."""
    result: Any = None
    while True:
        try:
            effect = flow.send(result)
        except StopIteration as done:
            return done.value
        if isinstance(effect, Send):
            yield Sleep(delay)
            result = transport.send(effect.request, effect.timeout)
            yield Sleep(delay)
        else:
            result = yield effect
