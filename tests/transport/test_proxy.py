"""Proxies: the choice of one, the rejected ones, and their timeouts."""

import base64
import time

import pytest

from okx_maxloan_sdk.exceptions import ApiConnectionError, RequestNotSentError
from okx_maxloan_sdk.sites import Origin
from okx_maxloan_sdk.transport import proxy as module
from okx_maxloan_sdk.transport.proxy import choose, parse
from tests.support.cases import cases
from tests.support.raw import send_bytes
from tests.support.transports import GET, HTTPX, TransportHarness

CASES = cases(__file__)
pytestmark = pytest.mark.usefixtures("environment")
OKX = Origin("https", "openapi.okx.com", 443)


@pytest.mark.parametrize(("names", "proxy", "expected"), CASES["choices"])
def test_choice(environment: pytest.MonkeyPatch, names: dict[str, str], proxy: str, expected: str) -> None:
    """The caller's proxy is used, else the environment's unless it exempts the host; "" is none."""
    environment.setattr(module, "find_spec", lambda _: True)
    for name, value in names.items():
        environment.setenv(name, value)
    chosen = choose(OKX, None if proxy == "-" else proxy)
    assert (chosen.url if chosen else "") == expected


def test_no_proxy_for_this_machine(environment: pytest.MonkeyPatch) -> None:
    """The environment's proxy is never used for loopback."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        environment.setenv(name, "http://p:1")
    for host in ("127.0.0.1", "localhost", "::1"):
        for scheme in ("http", "https"):
            assert choose(Origin(scheme, host, 80), None) is None


def test_plain_http() -> None:
    """Plain http through a proxy is rejected, since the proxy would see the signed request."""
    with pytest.raises(ValueError, match="plain http never goes through a proxy"):
        choose(Origin("http", "127.0.0.1", 80), "http://p:1")


@pytest.mark.parametrize(("text", "url", "auth"), CASES["forms"])
def test_forms(text: str, url: str, auth: list[str]) -> None:
    """Each form of curl is accepted; user and password are no part of the address."""
    parsed = parse(text)
    assert (parsed.url, [*(parsed.auth or ())]) == (url, auth)
    assert not auth or not auth[1] or auth[1] not in repr(parsed)


@pytest.mark.parametrize(("text", "reason"), CASES["rejected"])
def test_rejected(environment: pytest.MonkeyPatch, text: str, reason: str) -> None:
    """An invalid proxy is rejected before any request, with its source and without possible secrets."""
    with pytest.raises(ValueError, match=f"^proxy must look like .*{reason}") as caught:
        choose(OKX, text)
    environment.setenv("https_proxy", text)
    with pytest.raises(ValueError, match=r"^the proxy of the environment \(such as HTTPS_PROXY\) must look like"):
        choose(OKX, None)
    assert "hu" not in str(caught.value).replace("http", "")


def test_socks_needs_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error for a SOCKS proxy names the missing package."""
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(ValueError, match=r"httpx\[socks\]"):
        choose(OKX, "socks5://p:1")


@pytest.mark.parametrize("transport", HTTPX, indirect=True)
def test_tunnel_that_the_proxy_rejects(transport: TransportHarness) -> None:
    """A proxy that rejects the tunnel sees its own password and no part of the request, which is not sent.

    The error has its words, with control characters escaped.
    """
    server = transport.serve(send_bytes(b"HTTP/1.1 407 No\tentry\r\nContent-Length: 0\r\n\r\n"))
    with pytest.raises(RequestNotSentError, match=r"ProxyError.*No\\x09entry") as caught:
        transport.connect("https://openapi.okx.com", server.url.replace("http://", "http://user:s3cret@")).send()
    assert str(caught.value).isprintable()
    (request,) = server.requests
    assert request.startswith(b"CONNECT openapi.okx.com:443 HTTP/1.1")
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"user:s3cret") in request
    assert b"the-key" not in request


@pytest.mark.parametrize("transport", HTTPX, indirect=True)
def test_tunnel_that_hangs(transport: TransportHarness) -> None:
    """A TLS handshake without a response ends by the timeout."""
    server = transport.serve(send_bytes(b"HTTP/1.1 200 Connection established\r\n\r\n", keep_alive=True))
    began = time.monotonic()
    with pytest.raises(ApiConnectionError, match="Timeout"):
        transport.connect("https://openapi.okx.com", server.url).send(GET, 0.3)
    assert time.monotonic() - began < 3
