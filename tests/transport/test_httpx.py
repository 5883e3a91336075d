"""The caller's own httpx client: used as it is for the network, and for nothing that would change what was signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from okx_maxloan_sdk import AsyncMaxLoanClient, Credentials, MaxLoanClient
from okx_maxloan_sdk.errors import ClientClosed
from okx_maxloan_sdk.sites import origin
from okx_maxloan_sdk.transport.httpx_ import HttpxTransport
from tests.support.carrier import GET
from tests.support.raw import RawServer, say

if TYPE_CHECKING:
    from tests.support.doors import Door

CREDENTIALS = Credentials("k", "s", "p")


def test_its_settings_are_not_sent() -> None:
    """Headers, params, cookies, credentials and base URL of the client do not travel with a signed request."""
    own = httpx.Client(
        base_url="https://elsewhere.invalid/v1",
        headers={"X-Own": "1"},
        params={"own": "1"},
        cookies={"own": "1"},
        auth=("user", "password"),
        follow_redirects=True,
    )
    with RawServer(say(b"", 302, "Location: /y", "Set-Cookie: a=b"), say()) as server, own:
        transport = HttpxTransport(origin(server.url), own)
        assert [transport.send(GET, 5.0).status for _ in range(2)] == [302, 200]
        for head in server.heads:
            assert head.startswith(f"GET {GET.target} HTTP/1.1\r\n".encode())
            assert not any(word in head.lower() for word in (b"own", b"cookie", b"authorization"))


def test_its_network_is_used() -> None:
    """Mounts and event hooks of the client see the request."""
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path.decode())
        return httpx.Response(200, stream=httpx.ByteStream(b"{}"))

    own = httpx.Client(mounts={"https://": httpx.MockTransport(answer)}, event_hooks={"request": [lambda _: None]})
    with own:
        assert HttpxTransport(origin("https://openapi.okx.com"), own).send(GET, 5.0).body == b"{}"
    assert seen == [GET.target]


def test_it_stays_open(door: Door) -> None:
    """Closing our client leaves the caller's open; a caller that closed it is told so."""
    asynchronous = door.kind == "async"
    own: Any = httpx.AsyncClient() if asynchronous else httpx.Client()
    with RawServer(say()) as server:
        client = door.open(base_url=server.url, http=own)
        assert len(client.cross("BTC-USDT")) == 1
        client.close()
        assert not own.is_closed
        door.finish(own.aclose() if asynchronous else own.close())
        with pytest.raises(ClientClosed, match="handed in"):
            door.open(base_url=server.url, http=own).cross("BTC-USDT")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"http": httpx.AsyncClient()}, r"must be an httpx\.Client"),
        ({"http": "http://proxy"}, r"must be an httpx\.Client"),
        ({"http": httpx.Client(), "proxy": "http://127.0.0.1:1"}, "leave those settings out"),
        ({"http": httpx.Client(), "transport": "httptools"}, "leave those settings out"),
    ],
)
def test_wrong_choice(settings: dict[str, Any], words: str) -> None:
    """A client of the wrong kind, or settings that it would make void, are refused."""
    with pytest.raises(ValueError, match=words):
        MaxLoanClient(CREDENTIALS, **settings)


def test_wrong_kind_for_async() -> None:
    """The asynchronous client takes an asynchronous one."""
    with httpx.Client() as own, pytest.raises(ValueError, match=r"must be an httpx\.AsyncClient"):
        AsyncMaxLoanClient(CREDENTIALS, http=own)
