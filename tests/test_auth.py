"""OkxAuth: signatures for a caller's own httpx client."""

import re
import time
from datetime import datetime

import httpx
from okx_maxloan_api.client import Client

from okx_maxloan_sdk.auth import OkxAuth
from okx_maxloan_sdk.mock import default_exchange
from okx_maxloan_sdk.mock.serve import serve
from tests.support.clients import KEY, PASSPHRASE, SECRET, credentials


def test_signs_the_sent_target() -> None:
    """The signature is over httpx's target, commas and escapes included, with the current time."""
    request = httpx.Request("GET", "https://openapi.okx.com/api/v5/account/max-loan?instId=BTC-USDT,ETH-USDT&x=%2C é")
    (signed,) = OkxAuth(credentials()).auth_flow(request)
    timestamp = datetime.fromisoformat(signed.headers["OK-ACCESS-TIMESTAMP"]).timestamp()
    assert abs(timestamp - time.time()) < 5
    target = signed.url.raw_path.decode()
    assert "BTC-USDT,ETH-USDT" in target
    expected = credentials().sign("GET", target, timestamp)
    assert re.fullmatch(r"[A-Za-z0-9+/]{43}=", signed.headers["OK-ACCESS-SIGN"])
    assert {name: signed.headers[name] for name in expected} == expected


def test_accepted_by_an_exchange() -> None:
    """An exchange that checks signatures accepts httpx and the generated client with this auth."""
    exchange = default_exchange()
    key = exchange.users["spot"].keys[0]
    auth = OkxAuth(type(credentials())(key.key, key.secret, key.passphrase))
    with serve(exchange) as url, httpx.Client(auth=auth, base_url=url, trust_env=False) as client:
        params = {"mgnMode": "cross", "instId": "BTC-USDT,ETH-USDT"}
        assert client.get("/api/v5/account/max-loan", params=params).json()["code"] == "0"
        generated = Client(base_url=url, httpx_args={"auth": auth, "trust_env": False})
        with generated:
            response = generated.get_httpx_client().get("/api/v5/account/config")
        assert response.json()["code"] == "0"


def test_shows_no_secret() -> None:
    """Neither repr nor vars show a part of the credentials."""
    auth = OkxAuth(credentials())
    shown = f"{auth!r} {vars(auth)}"
    assert not any(part in shown for part in (KEY, SECRET, PASSPHRASE))
