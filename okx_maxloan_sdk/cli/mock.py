"""Command okx-maxloan mock: the mock exchange on a port of this machine."""

import errno
import shlex
from importlib import import_module
from pathlib import Path
from urllib.parse import urlencode

import click
from okx_maxloan_api.contract import DEMO_HEADER, GET_MAX_LOAN

from okx_maxloan_sdk.mock import MockExchange, default_exchange
from okx_maxloan_sdk.mock.scenario import load

from .base import FILE, Command, Run
from .connection import DRIFT_SEED, find_mock_user
from .errors import CliError, ExitCode
from .i18n import text

# Signs in plain sh with openssl; date has no milliseconds everywhere, so they are zero.
CURL = """\
Q={target}; T=$(date -u +%Y-%m-%dT%H:%M:%S.000Z); \
curl -sS "$OKX_BASE_URL$Q" -H "OK-ACCESS-KEY: $OKX_API_KEY" -H "OK-ACCESS-PASSPHRASE: $OKX_API_PASSPHRASE" \
-H "OK-ACCESS-TIMESTAMP: $T" \
-H "OK-ACCESS-SIGN: $(printf %s "${{T}}GET$Q" | openssl dgst -sha256 -hmac "$OKX_API_SECRET" -binary | base64)"{more}"""


def command() -> Command:
    """Create the command."""
    port = click.IntRange(0, 65535)
    params: list[click.Parameter] = [
        click.Option(["--port"], type=port, default=0, metavar="PORT", help=text("mock.port")),
        click.Option(["--scenario"], type=FILE, metavar="FILE", help=text("mock.scenario")),
        click.Option(["--user"], metavar="NAME", help=text("mock.user")),
    ]
    return Command("mock", mock, params)


def mock(_run: Run, *, port: int, scenario: Path | None, user: str | None) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    server = import_module("okx_maxloan_sdk.mock.server")  # it needs the extra `mock`
    if scenario is not None and not scenario.is_file():
        raise CliError("no_scenario", path=scenario)
    exchange = load(scenario) if scenario else default_exchange(drift_seed=DRIFT_SEED)
    name = user or next(iter(exchange.users))
    find_mock_user(exchange, name)
    try:
        server.serve_forever(exchange, port, lambda url: print(banner(exchange, url, name), flush=True))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CliError("port_in_use", code=ExitCode.FAILURE, port=port) from None
        raise


def banner(exchange: MockExchange, url: str, name: str) -> str:
    """Return variables to paste into a shell, and a signed request that works once they are set."""
    user, key = exchange.users[name], exchange.users[name].keys[0]
    server = import_module("okx_maxloan_sdk.mock.server")  # it needs the extra `mock`
    variables = server.MockServer(exchange, url).environment(name)
    exports = [f"export {variable}={shlex.quote(value)}" for variable, value in variables.items()]
    account = {name.removeprefix("account."): value for name, value in user.rule_inputs.items()}
    examples = (each for each in GET_MAX_LOAN.examples if each.account.items() <= account.items())
    example = next(examples, GET_MAX_LOAN.examples[0])
    target = f"{GET_MAX_LOAN.path}?{urlencode(example.query, safe=',')}"
    curl = CURL.format(target=shlex.quote(target), more=f" -H '{': '.join(DEMO_HEADER)}'" if key.demo else "")
    users = [f"{each} ({exchange.users[each].mode})" for each in exchange.users]
    first, last = text("mock.users", users=users, name=name), text("mock.stop")
    return "\n".join([f"# {first}", *exports, "", curl, "", f"# {last}"])
