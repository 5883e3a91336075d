"""OkxAuth: signatures for a caller's own httpx client."""

import re
import time
from datetime import datetime
from typing import Any

import httpx
import pytest
from okx_maxloan_api.client import Client

from okx_maxloan_sdk.auth import OkxAuth
from okx_maxloan_sdk.mock.server import MockServer
from tests.support.clients import KEY, PASSPHRASE, SECRET, credentials


def test_signs_the_sent_target() -> None:
    """The signature is over httpx's target, commas and escapes included, with the current time; no secret is shown."""
    request = httpx.Request("GET", "https://openapi.okx.com/api/v5/account/max-loan?instId=BTC-USDT,ETH-USDT&x=%2C é")
    auth = OkxAuth(credentials())
    (signed,) = auth.auth_flow(request)
    timestamp = datetime.fromisoformat(signed.headers["OK-ACCESS-TIMESTAMP"]).timestamp()
    assert abs(timestamp - time.time()) < 5
    target = signed.url.raw_path.decode()
    assert "BTC-USDT,ETH-USDT" in target
    expected = credentials().sign("GET", target, timestamp)
    assert re.fullmatch(r"[A-Za-z0-9+/]{43}=", signed.headers["OK-ACCESS-SIGN"])
    assert {name: signed.headers[name] for name in expected} == expected
    assert not any(part in f"{auth!r} {vars(auth)}" for part in (KEY, SECRET, PASSPHRASE))


def test_accepted_by_an_exchange(okx_exchange: MockServer) -> None:
    """An exchange that checks signatures accepts httpx and the generated client with this auth."""
    auth, url = OkxAuth(okx_exchange.credentials()), okx_exchange.url
    with httpx.Client(auth=auth, base_url=url, trust_env=False) as client:
        params = {"mgnMode": "cross", "instId": "BTC-USDT,ETH-USDT"}
        assert client.get("/api/v5/account/max-loan", params=params).json()["code"] == "0"
    with Client(base_url=url, httpx_args={"auth": auth, "trust_env": False}) as generated:
        assert generated.get_httpx_client().get("/api/v5/account/config").json()["code"] == "0"


@pytest.mark.parametrize("content", [{"json": {"ccy": "币"}}, {"content": iter([b'{"ccy":', b'"USDT"}'])}, {}])
def test_signs_the_body(content: dict[str, Any]) -> None:
    """The signature of a POST is over the body that is sent, also when it is streamed."""
    request = httpx.Request("POST", "https://openapi.okx.com/api/v5/x", **content)
    signed = next(OkxAuth(credentials()).sync_auth_flow(request))
    timestamp = datetime.fromisoformat(signed.headers["OK-ACCESS-TIMESTAMP"]).timestamp()
    expected = credentials().sign("POST", "/api/v5/x", timestamp, signed.read().decode())
    assert signed.headers["OK-ACCESS-SIGN"] == expected["OK-ACCESS-SIGN"]


def test_binary_body() -> None:
    """A body that is not text is refused, and nothing is sent."""
    request = httpx.Request("POST", "https://openapi.okx.com/api/v5/x", content=b"\xff")
    with pytest.raises(ValueError, match="not UTF-8 at byte 0"):
        next(OkxAuth(credentials()).auth_flow(request))
    assert "OK-ACCESS-SIGN" not in request.headers
