"""Client state for tests that send single requests."""

from typing import Any

import pytest
from okx_maxloan_api.contract import GET_MAX_LOAN

from okx_maxloan_sdk import MaxLoanClient, request
from okx_maxloan_sdk.codec import Query
from okx_maxloan_sdk.drivers import run_sync
from okx_maxloan_sdk.effects import Flow
from okx_maxloan_sdk.exceptions import OkxError
from tests.support.clients import credentials
from tests.support.clock import FakeClock
from tests.support.fake_transport import FakeTransport, ScriptedResponse, loan_row, ok_response
from tests.support.limiter import RecordingLimiter

PARAMS = {"mgnMode": "cross", "instId": "BTC-USDT"}
QUERY = Query(GET_MAX_LOAN, GET_MAX_LOAN.path, PARAMS)
OK_RESPONSE = ok_response(loan_row("BTC-USDT"))


class RequestHarness:
    """The state of a client, with its limiter, its clock and its transport."""

    def __init__(self, **settings: Any) -> None:
        self.clock = FakeClock()
        self.limiter = RecordingLimiter()
        self.transport = FakeTransport(OK_RESPONSE)
        defaults: dict[str, Any] = {"credentials": credentials(), "limiter": self.limiter, "clock": self.clock}
        self.state = MaxLoanClient(**{**defaults, **settings})._state
        self.state.random = lambda: 0.5

    def flow(self, deadline: float | None = None, query: Query = QUERY) -> Flow[request.DecodedResponse]:
        """Create the flow of a request, for BTC-USDT by default."""
        return request.send_with_retries(self.state, query, deadline)

    def run(self, flow: Flow[Any], *responses: ScriptedResponse) -> Any:
        """Run a flow on a transport with these responses, or on the last one without any."""
        if responses:
            self.transport = FakeTransport(*responses)
        return run_sync(flow, self.transport, self.clock)

    def send(self, *responses: ScriptedResponse, deadline: float | None = None, query: Query = QUERY) -> Any:
        """Send a request, and return its decoded response."""
        return self.run(self.flow(deadline, query), *responses)

    def error(self, *responses: ScriptedResponse, deadline: float | None = None, query: Query = QUERY) -> Any:
        """Send a request that fails, and return its error."""
        with pytest.raises(OkxError) as caught:
            self.send(*responses, deadline=deadline, query=query)
        return caught.value
