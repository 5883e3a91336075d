"""httpx transport: the caller's client is only the network, no connection is reused, and errors are mapped."""

from contextvars import ContextVar
from typing import Any

import httpx
import pytest

from okx_maxloan_sdk import AsyncMaxLoanClient, MaxLoanClient
from okx_maxloan_sdk.exceptions import (
    ApiTimeoutError,
    ClientClosedError,
    InvalidResponseError,
    NoResponseError,
    OkxError,
    RequestNotSentError,
)
from okx_maxloan_sdk.sites import parse_origin
from okx_maxloan_sdk.transport import Request
from okx_maxloan_sdk.transport.httpx_ import FAILURES, HttpxTransport, to_okx_error
from tests.support.clients import ClientFactory, credentials
from tests.support.raw import RawServer, respond
from tests.support.transports import GET

CREDENTIALS = credentials()


def test_settings_of_the_client_are_not_sent() -> None:
    """Headers, params, cookies, credentials and base URL of the caller's client are not sent with a signed request."""
    own = httpx.Client(
        base_url="https://elsewhere.invalid/v1",
        headers={"X-Own": "1"},
        params={"own": "1"},
        cookies={"own": "1"},
        auth=("user", "password"),
        follow_redirects=True,
    )
    with RawServer(respond(b"", 302, "Location: /y", "Set-Cookie: a=b"), respond()) as server, own:
        transport = HttpxTransport(parse_origin(server.url), None, own)
        assert [transport.send(GET, 5.0).status for _ in range(2)] == [302, 200]
        for head in server.requests:
            assert head.startswith(f"GET {GET.target} HTTP/1.1\r\n".encode())
            assert not any(word in head.lower() for word in (b"own", b"cookie", b"authorization"))


def test_network_of_the_client_is_used() -> None:
    """Mounts and event hooks of the caller's client see the request."""
    seen: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path.decode())
        return httpx.Response(200, stream=httpx.ByteStream(b"{}"))

    own = httpx.Client(mounts={"https://": httpx.MockTransport(respond)}, event_hooks={"request": [lambda _: None]})
    with own:
        assert HttpxTransport(parse_origin("https://openapi.okx.com"), None, own).send(GET, 5.0).body == b"{}"
    assert seen == [GET.target]


def test_client_stays_open(client_factory: ClientFactory) -> None:
    """Closing our client leaves the caller's open; the error says so if the caller closed it."""
    own: Any = httpx.AsyncClient() if client_factory.is_async else httpx.Client()
    with RawServer(respond()) as server:
        client = client_factory.open(base_url=server.url, http_client=own)
        assert len(client.get_max_loan("BTC-USDT", mgn_mode="cross")) == 1
        client.close()
        assert not own.is_closed
        client_factory.resolve(own.aclose() if client_factory.is_async else own.close())
        with pytest.raises(ClientClosedError, match="passed as http_client is closed"):
            client_factory.open(base_url=server.url, http_client=own).get_max_loan("BTC-USDT", mgn_mode="cross")


@pytest.mark.parametrize(
    ("make", "settings", "message"),
    [
        (MaxLoanClient, {"http_client": httpx.AsyncClient()}, r"^http_client must be an httpx\.Client"),
        (MaxLoanClient, {"http_client": "http://proxy"}, r"^http_client must be an httpx\.Client"),
        (MaxLoanClient, {"http_client": httpx.Client(), "proxy": "http://127.0.0.1:1"}, "^http_client brings"),
        (AsyncMaxLoanClient, {"http_client": httpx.Client()}, r"^http_client must be an httpx\.AsyncClient"),
    ],
)
def test_invalid_client(make: type, settings: dict[str, Any], message: str) -> None:
    """A client of the wrong kind, or settings that it would ignore, are rejected."""
    with pytest.raises(ValueError, match=message):
        make(CREDENTIALS, **settings)


@pytest.mark.parametrize("kind", [httpx.Client, httpx.AsyncClient])
def test_plain_http_through_its_proxy(kind: Any) -> None:
    """A client that would send plain http through a proxy is rejected, since the proxy would see the signed request."""
    own = kind(proxy="http://127.0.0.1:1")
    make: Any = AsyncMaxLoanClient if kind is httpx.AsyncClient else MaxLoanClient
    with pytest.raises(ValueError, match=r"plain http never goes through a proxy.*: http_client has one"):
        make(CREDENTIALS, base_url="http://127.0.0.1:9", http_client=own)
    make(CREDENTIALS, http_client=own)


NOT_SENT = "ConnectError ConnectTimeout PoolTimeout ProxyError LocalProtocolError"


@pytest.mark.parametrize(
    ("failures", "kind"),
    [
        ([getattr(httpx, name)("a reason") for name in NOT_SENT.split()], RequestNotSentError),
        ([httpx.ReadError("a reason"), httpx.WriteError("a reason")], NoResponseError),
        ([httpx.RemoteProtocolError("Server disconnected without sending a response: a reason")], NoResponseError),
        ([kind("a reason") for kind in (httpx.ReadTimeout, httpx.WriteTimeout, TimeoutError)], ApiTimeoutError),
        ([httpx.RemoteProtocolError("a reason")], InvalidResponseError),
    ],
)
def test_meaning(failures: list[Exception], kind: type[OkxError]) -> None:
    """Each error of httpx, and the system's timeout, is mapped to one of ours."""
    for failure in failures:
        assert isinstance(failure, FAILURES)
        error = to_okx_error(failure)
        assert (type(error), "a reason" in str(error)) == (kind, True)


def test_meanings_are_total() -> None:
    """Every error that httpx can raise for a request is mapped."""
    kinds = [each for each in vars(httpx).values() if isinstance(each, type) and issubclass(each, Exception)]
    # Raised only for cookies, for bodies that are read twice, and where a URL is made: none of it happens in a request.
    kinds = [
        each for each in kinds if not issubclass(each, httpx.StreamError | httpx.CookieConflict | httpx.InvalidURL)
    ]
    assert httpx.WriteTimeout in kinds
    assert [each for each in kinds if not issubclass(each, FAILURES)] == []


def test_target_that_httpx_would_change() -> None:
    """A target that httpx would encode again is not sent, since the signature is over the original."""
    with RawServer(respond()) as server, httpx.Client() as own:
        with pytest.raises(RequestNotSentError, match="would change its target"):
            HttpxTransport(parse_origin(server.url), None, own).send(Request("GET", "/a b", {}), 5.0)
        assert server.requests == []


def test_a_blocking_request_has_the_context_of_its_caller() -> None:
    """Instrumentation of httpx finds the caller's context variables, although the request has a thread of its own."""
    trace: ContextVar[str] = ContextVar("trace", default="none")

    def handle(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=httpx.ByteStream(trace.get().encode()))

    token = trace.set("the caller's")
    with httpx.Client(transport=httpx.MockTransport(handle)) as own:
        response = HttpxTransport(parse_origin("http://127.0.0.1:1"), None, own).send(GET, 5.0)
    trace.reset(token)
    assert response.body == b"the caller's"
