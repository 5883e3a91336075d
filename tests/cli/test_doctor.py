"""Command okx-maxloan doctor: TLS, proxies, several accounts; cases.toml has the mistakes."""

import re

import pytest

from okx_maxloan_sdk.mock.server import MockServer
from okx_maxloan_sdk.transport.connect import client_context
from tests.support.raw import PEM, HandshakeServer, RawServer, TlsServer, respond

from .conftest import Run


@pytest.mark.usefixtures("exchange")
@pytest.mark.parametrize(
    ("kind", "trusted", "message"),
    [
        (HandshakeServer, "", r"FAIL +TLS +No TLS connection"),
        (TlsServer, "", r"FAIL +TLS +The certificate is not trusted"),
        (TlsServer, str(PEM), r"ok +TLS +TLSv1.3, trusted certificate"),
    ],
)
def test_tls(run: Run, monkeypatch: pytest.MonkeyPatch, kind: type[RawServer], trusted: str, message: str) -> None:
    """A port without TLS is not OKX; a certificate is trusted or not, as for requests."""
    monkeypatch.setenv("SSL_CERT_FILE", trusted)
    client_context.cache_clear()
    with kind(respond(status=400)) as server:
        monkeypatch.setenv("OKX_BASE_URL", server.url)
        out = run("doctor").out
    client_context.cache_clear()
    assert re.search(message, out), out
    assert re.search(r"ok +DNS ", out)


@pytest.mark.usefixtures("exchange")
def test_proxy(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a proxy, the connection goes to the proxy, which resolves the name."""
    monkeypatch.setenv("OKX_BASE_URL", "https://openapi.okx.com")
    with RawServer(respond(status=403)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        out = run("doctor").out
        assert f"the proxy {proxy.url.removeprefix('http://')} accepts connections" in out
    assert "checked by the next request, through the proxy" in out
    assert "DNS" not in out


def test_several_profiles(run: Run, profiles: MockServer) -> None:
    """Each profile is checked; one that fails hides no other."""
    profiles.exchange.fail_next(1, code="50113", path="/api/v5/account/config")
    code, out, _ = run("doctor", "--profile", "futures", "--profile", "spot")
    assert code == 1
    assert out.index("[futures]") < out.index("FAIL") < out.index("[spot]") < out.index("Spot mode")
    assert run("doctor", "--profile", "futures", "--profile", "spot").code == 0
