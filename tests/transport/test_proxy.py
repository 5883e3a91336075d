"""Proxies: the choice of one, the rejected ones, and their timeouts."""

import base64
import time

import pytest

from okx_maxloan_sdk.exceptions import ApiConnectionError, RequestNotSentError
from okx_maxloan_sdk.sites import Origin
from okx_maxloan_sdk.transport import proxy as module
from okx_maxloan_sdk.transport.proxy import choose, parse
from tests.support.raw import respond, send_bytes
from tests.support.transports import GET, HTTPX, TransportHarness

OKX = Origin("https", "openapi.okx.com", 443)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Remove every proxy from the environment."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("names", "proxy", "expected"),
    [
        ({}, None, None),
        ({"https_proxy": "http://p:1"}, None, "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1"}, None, "http://p:1"),
        ({"https_proxy": "p:1"}, None, "http://p:1"),
        ({"all_proxy": "http://p:2"}, None, "http://p:2"),
        ({"all_proxy": "socks5h://p:2"}, None, "socks5h://p:2"),
        ({"http_proxy": "http://p:3"}, None, None),
        ({"https_proxy": "http://p:1", "no_proxy": "okx.com"}, None, None),
        ({"https_proxy": "http://p:1", "no_proxy": "okx.com"}, "https://q:2", "https://q:2"),
        ({"https_proxy": "http://p:1"}, "", None),
    ],
)
def test_choice(
    environment: pytest.MonkeyPatch, names: dict[str, str], proxy: str | None, expected: str | None
) -> None:
    """The caller's proxy is used, else the environment's unless it exempts the host; "" is none."""
    environment.setattr(module, "find_spec", lambda _: True)
    for name, value in names.items():
        environment.setenv(name, value)
    chosen = choose(OKX, proxy)
    assert (chosen and chosen.url) == expected


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


@pytest.mark.parametrize(
    ("text", "url", "auth"),
    [
        ("http://p:1", "http://p:1", None),
        ("p:1", "http://p:1", None),
        (" http://p:1/ ", "http://p:1", None),
        ("HTTP://p", "http://p", None),
        ("https://proxy.example.com:8443", "https://proxy.example.com:8443", None),
        ("http://[::1]:1", "http://[::1]:1", None),
        ("http://user@p:1", "http://p:1", ("user", "")),
        ("user:pass@p:1", "http://p:1", ("user", "pass")),
        ("http://us%40er:hu%3Ash@p:1", "http://p:1", ("us@er", "hu:sh")),
        ("http://user:a:b@p:1", "http://p:1", ("user", "a:b")),
    ],
)
def test_forms(text: str, url: str, auth: tuple[str, str] | None) -> None:
    """Each form of curl is accepted; user and password are no part of the address."""
    parsed = parse(text)
    assert (parsed.url, parsed.auth) == (url, auth)
    assert not auth or not auth[1] or auth[1] not in repr(parsed)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ftp://p:1", "its scheme must be http, https, socks5 or socks5h"),
        ("socks4://p:1", "its scheme must be"),
        ("http://", "it needs a host"),
        ("http://p:1/path", "it needs a host"),
        ("http://[::1", "it needs a host"),
        ("http://p:99999", "its port must be 1 to 65535"),
        ("http://p:0", "its port must be 1 to 65535"),
        ("http://user:s3cret#3@p:1", "percent-encode each"),
        ("http://user:hu@sh@p:1", "percent-encode each"),
    ],
)
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
    """A proxy that rejects the tunnel sees its own password and no part of the request, which is not sent."""
    server = transport.serve(respond(b"no", 403))
    with pytest.raises(RequestNotSentError, match="ProxyError"):
        transport.connect("https://openapi.okx.com", server.url.replace("http://", "http://user:s3cret@")).send()
    (request,) = server.requests
    assert request.startswith(b"CONNECT openapi.okx.com:443 HTTP/1.1")
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"user:s3cret") in request
    assert b"the-key" not in request


@pytest.mark.parametrize("transport", HTTPX, indirect=True)
def test_reason_of_the_proxy(transport: TransportHarness) -> None:
    """The proxy's own words are in the error, with control characters escaped."""
    server = transport.serve(send_bytes(b"HTTP/1.1 407 No\tentry\r\nContent-Length: 0\r\n\r\n"))
    with pytest.raises(RequestNotSentError, match=r"No\\x09entry") as caught:
        transport.connect("https://openapi.okx.com", server.url).send()
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("transport", HTTPX, indirect=True)
def test_tunnel_that_hangs(transport: TransportHarness) -> None:
    """A TLS handshake without a response ends by the timeout."""
    server = transport.serve(send_bytes(b"HTTP/1.1 200 Connection established\r\n\r\n", keep_alive=True))
    began = time.monotonic()
    with pytest.raises(ApiConnectionError, match="Timeout"):
        transport.connect("https://openapi.okx.com", server.url).send(GET, 0.3)
    assert time.monotonic() - began < 3
