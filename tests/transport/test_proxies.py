"""Proxies: which one is used, what it sees, and that it cannot hold a request up."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from okx_maxloan_sdk.errors import NotSent
from okx_maxloan_sdk.sites import Origin
from okx_maxloan_sdk.transport import httpcore_
from okx_maxloan_sdk.transport.httpcore_ import proxy_for
from tests.support.carrier import GET
from tests.support.raw import RawServer, say, write

if TYPE_CHECKING:
    from tests.support.carrier import Carrier

OKX = Origin("https", "openapi.okx.com", 443)
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Start without any proxy."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("names", "proxy", "expected"),
    [
        ({}, None, None),
        ({"https_proxy": "http://p:1"}, None, b"http://p:1"),
        ({"all_proxy": "http://p:2"}, None, b"http://p:2"),
        ({"http_proxy": "http://p:3"}, None, None),
        ({"https_proxy": "http://p:1", "no_proxy": "okx.com"}, None, None),
        ({"https_proxy": "http://p:1", "no_proxy": "okx.com"}, "https://q:2", b"https://q:2"),
        ({"https_proxy": "http://p:1"}, "", None),
    ],
)
def test_proxies(
    environment: pytest.MonkeyPatch, names: dict[str, str], proxy: str | None, expected: bytes | None
) -> None:
    """The caller's proxy is used, else the environment's unless it exempts the host; "" is none."""
    for name, value in names.items():
        environment.setenv(name, value)
    found = proxy_for(OKX, proxy)
    assert (found and bytes(found.url)[: len(expected or b"")]) == expected


def test_no_proxy_for_this_machine(environment: pytest.MonkeyPatch) -> None:
    """The environment's proxy never sees what is meant for loopback: it travels without encryption."""
    environment.setenv("http_proxy", "http://p:1")
    for host in ("127.0.0.1", "localhost", "::1"):
        assert proxy_for(Origin("http", host, 80), None) is None
    assert proxy_for(Origin("http", "127.0.0.1", 80), "http://p:1") is not None


@pytest.mark.parametrize("proxy", ["p:1", "ftp://p:1", "http://", "nonsense"])
def test_wrong_proxy(proxy: str) -> None:
    """What is no proxy is refused, saying what one looks like."""
    with pytest.raises(ValueError, match="proxy must look like"):
        proxy_for(OKX, proxy)


def test_socks_needs_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """A SOCKS proxy without the package for it is refused, naming the package."""
    monkeypatch.setattr(httpcore_, "find_spec", lambda _: None)
    with pytest.raises(ValueError, match=r"httpcore\[socks\]"):
        proxy_for(OKX, "socks5://p:1")
    monkeypatch.setattr(httpcore_, "find_spec", lambda _: True)
    assert proxy_for(OKX, "socks5h://p:1") is not None


def test_proxy_credentials() -> None:
    """User and password of a proxy, escapes undone, become its header and not a part of its address."""
    found = proxy_for(OKX, "http://us%40er:hu%3Ash@p:1")
    assert found is not None
    assert found.auth == (b"us@er", b"hu:sh")
    assert b"hush" not in bytes(found.url).replace(b":", b"")
    assert proxy_for(OKX, "http://user@p:1").auth == (b"user", b"")  # type: ignore[union-attr] # there is one


def test_request_through_a_proxy(carrier: Carrier) -> None:
    """A proxy gets the request with the whole address, and a password of its own."""
    with RawServer(say()) as server:
        proxy = server.url.replace("http://", "http://user:hush@")
        assert carrier.to("http://127.0.0.1:9", proxy).send().status == 200
        (request,) = server.heads
        assert request.startswith(f"GET http://127.0.0.1:9{GET.target} HTTP/1.1".encode())
        assert b"Proxy-Authorization: Basic dXNlcjpodXNo" in request
        carrier.close()


def test_tunnel_that_the_proxy_refuses(carrier: Carrier) -> None:
    """A proxy that does not let an https request through has not sent it."""
    with RawServer(say(b"no", 403)) as server:
        with pytest.raises(NotSent, match="ProxyError"):
            carrier.to("https://openapi.okx.com", server.url).send()
        (request,) = server.heads
        assert request.startswith(b"CONNECT openapi.okx.com:443 HTTP/1.1")
        assert b"the-key" not in request
        carrier.close()


def test_tunnel_that_hangs(carrier: Carrier) -> None:
    """A TLS handshake that nobody answers ends by the timeout, which bounds the tunnel as well."""
    with RawServer(write(b"HTTP/1.1 200 Connection established\r\n\r\n", keep=True)) as server:
        began = time.monotonic()
        with pytest.raises(NotSent):
            carrier.to("https://openapi.okx.com", server.url).send(GET, 0.3)
        assert time.monotonic() - began < 3
        carrier.close()
