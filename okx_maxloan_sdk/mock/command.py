"""What `okx-maxloan mock` does: serve an exchange, and say how to talk to it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from okx_maxloan_api.contract import DEMO_HEADER, GET_MAX_LOAN

from .fixtures import default_exchange
from .scenario import load
from .serve import serve_forever
from .server import environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .exchange import MockExchange
    from .user import ApiKey, User

# Signs in plain sh with openssl; date has no milliseconds everywhere, so they are zero.
CURL = """\
Q={target}; T=$(date -u +%Y-%m-%dT%H:%M:%S.000Z); \
curl -sS "$OKX_BASE_URL$Q" -H "OK-ACCESS-KEY: $OKX_API_KEY" -H "OK-ACCESS-PASSPHRASE: $OKX_API_PASSPHRASE" \
-H "OK-ACCESS-TIMESTAMP: $T" \
-H "OK-ACCESS-SIGN: $(printf %s "${{T}}GET$Q" | openssl dgst -sha256 -hmac "$OKX_API_SECRET" -binary | base64)"{more}"""


def run(port: int, scenario: Path | None, user: str | None, say: Callable[[str], object]) -> None:
    """Serve the scenario, or the demo exchange, until SIGINT or SIGTERM; `say` shows how to use it as `user`.

    Raises `ValueError` for a scenario that cannot be read or an unknown user, `OSError` for a port that is taken.
    """
    exchange = load(scenario) if scenario else default_exchange()
    name = user or next(iter(exchange.users))
    if name not in exchange.users:
        message = f"no user {name!r}; this exchange has {', '.join(exchange.users)}"
        raise ValueError(message)
    serve_forever(exchange, port, lambda url: say(banner(exchange, url, name)))


def banner(exchange: MockExchange, url: str, name: str) -> str:
    """Show variables to paste into a shell, and a signed request that works once they are set."""
    user = exchange.users[name]
    key = user.keys[0]
    exports = [f"export {word}={shlex.quote(value)}" for word, value in environment(key, url).items()]
    users = ", ".join(f"{each} ({exchange.users[each].mode})" for each in exchange.users)
    return "\n".join([f"# users: {users}; this is {name}", *exports, "", _curl(user, key), "", "# Ctrl-C stops"])


def _curl(user: User, key: ApiKey) -> str:
    account = {fact.removeprefix("account."): value for fact, value in user.account.items()}
    fits = (each for each in GET_MAX_LOAN.examples if each.account.items() <= account.items())
    example = next(fits, GET_MAX_LOAN.examples[0])
    target = f"{GET_MAX_LOAN.path}?{urlencode(example.query, safe=',')}"
    more = f" -H '{DEMO_HEADER[0]}: {DEMO_HEADER[1]}'" if key.demo else ""
    return CURL.format(target=shlex.quote(target), more=more)
