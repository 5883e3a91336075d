"""The queries of `show` and `watch`: options, parameters, the result of one account, and suggestions for pairs."""

import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import closing
from contextvars import copy_context
from dataclasses import fields, replace
from functools import partial
from typing import Any, TypeVar

import click
from attrs import field, frozen
from okx_maxloan_api.contract import GET_MAX_LOAN, ExtraParameters, Parameter

from okx_maxloan_sdk import (
    AccountModeError,
    ApiConnectionError,
    BadRequestError,
    InvalidParametersError,
    MaxLoan,
    MaxLoanClient,
    MissingDataError,
    OkxError,
    PartialFailureError,
)
from okx_maxloan_sdk.escape import escape_control_characters, map_texts
from okx_maxloan_sdk.threads import start_thread, wait

from .base import Choice, parse_currency
from .connection import Connection
from .errors import CliError, ExitCode, did_you_mean
from .i18n import LANGUAGE, text

T = TypeVar("T")
S = TypeVar("S")
Failures = list[tuple[Sequence[str], Exception]]
# Gets how many more pairs are done, and how many there are.
OnProgress = Callable[[int, int], None]
# Windows interrupts no wait for a lock.
CTRL_C_INTERVAL = 0.2
# After so many pairs without one row, the query itself is rejected and the other pairs would be too.
MAX_FAILURES_WITHOUT_ROWS = 20
# How other exchanges and programs write a pair: BTC/USDT, BTC_USDT, BTCUSDT, BTC-USDT-SWAP.
SEPARATOR = re.compile(r"[-/_:]")
JOINED = re.compile(r"(?P<base>[A-Z0-9]{2,})(?P<quote>USDT|USDC|USD|EUR|TRY|BRL|AUD|BTC|ETH)")


@frozen
class Query:
    """Pairs, all pairs, or a currency, and the other parameters of the request."""

    inst_ids: list[str]
    ccy: str | None
    has_all: bool
    params: dict[str, Any]

    def send(self, client: MaxLoanClient) -> list[MaxLoan]:
        """Return the rows of the pairs or of the currency."""
        # Which parameters go together is for the rules to check, not for the overloads.
        get_max_loan: Callable[..., list[MaxLoan]] = client.get_max_loan
        return get_max_loan(*self.inst_ids, **self.params, ccy=self.ccy)


def make_printable(loans: Iterable[MaxLoan]) -> list[MaxLoan]:
    """Return rows for any output: their texts with control characters escaped."""
    escape = partial(map_texts, function=escape_control_characters)
    return [replace(loan, **{each.name: escape(getattr(loan, each.name)) for each in fields(loan)}) for loan in loans]


@frozen
class Result:
    """Rows and failures of one account; `error` is set where the query as a whole failed."""

    profile: str
    loans: Sequence[MaxLoan] = field(default=(), converter=make_printable)
    failures: Failures = field(factory=list)
    error: Exception | None = None

    @property
    def all_failures(self) -> Failures:
        """What failed, the query as a whole without pairs."""
        return [*self.failures, ((), self.error)] if self.error else self.failures

    @property
    def suggestions(self) -> list[str]:
        """What to do about the failures."""
        return [note for _, error in self.all_failures for note in getattr(error, "__notes__", ())]

    @property
    def outcome(self) -> tuple[bool, bool]:
        """Whether OKX returned rows, or said that it has none; and whether any part of the query failed."""
        has_no_rows = any(isinstance(error, MissingDataError) for _, error in self.failures)
        return bool(self.loans) or has_no_rows, bool(self.all_failures)


def query_options() -> list[click.Parameter]:
    """Return the argument and the options that say what is queried."""
    currency: dict[str, Any] = {"type": parse_currency, "metavar": "CURRENCY"}
    modes = Choice(["cross", "isolated"])
    return [
        click.Argument(["pairs"], nargs=-1, metavar="[PAIR]...", help=text("query.pairs")),
        click.Option(["--mode", "mgn_mode"], type=modes, default="cross", help=text("query.mode")),
        click.Option(["--ccy"], **currency, help=text("query.ccy")),
        click.Option(["--mgn-ccy"], **currency, help=text("query.mgn_ccy")),
        click.Option(["--trade-quote-ccy"], **currency, help=text("query.trade_quote_ccy")),
        click.Option(["--all", "has_all"], is_flag=True, help=text("query.all")),
        # Those of the contract that have none above.
        *(_option(each) for each in GET_MAX_LOAN.parameters if each.attribute in ExtraParameters.__annotations__),
    ]


def _option(parameter: Parameter) -> click.Option:
    # A list of values is for the rules to check.
    is_closed = parameter.enum and parameter.max_items == 1
    return click.Option(
        [f"--{parameter.attribute.strip('_').replace('_', '-')}", parameter.attribute],
        type=Choice([each.value for each in parameter.values]) if is_closed else str,
        metavar=None if is_closed else "VALUE",
        help=" ".join(getattr(parameter, LANGUAGE.get()).replace("`", "").split()),
    )


def collect_query(options: dict[str, Any]) -> Query:
    """Take the query out of a command's options; raise a usage error where they contradict each other."""
    # Each value may hold several pairs, joined by commas.
    inst_ids = [pair.strip().upper() for value in options.pop("pairs") for pair in value.split(",")]
    ccy: str | None = options.pop("ccy")
    has_all: bool = options.pop("has_all")
    if not inst_ids and ccy is None and not has_all:
        raise CliError("nothing_to_query")
    if has_all and (inst_ids or ccy):
        raise CliError("all_and_others", others="--ccy" if ccy else inst_ids)
    if inst_ids and ccy:
        raise CliError("pairs_and_currency", pairs=inst_ids, ccy=ccy)
    names = [each.attribute for each in GET_MAX_LOAN.parameters if each.attribute not in ("inst_id", "ccy")]
    params = {name: value for name in names if (value := options.pop(name, None)) is not None}
    return Query(inst_ids, ccy, has_all, params)


def fetch(connection: Connection, query: Query, on_progress: OnProgress = lambda _count, _total: None) -> Result:
    """Query one account; OKX's errors are part of the result."""
    # A client that cannot be made is no result.
    profile, url, client = connection.profile, connection.settings.url, connection.client
    try:
        loans, failures = _fetch_all(client, query, on_progress) if query.has_all else (_fetch_some(client, query), [])
        return Result(profile, loans, failures)
    except MissingDataError as error:
        return Result(profile, failures=[(error.requested, error)])
    except PartialFailureError as error:
        return Result(profile, error.loans, list(error.failures))
    except ApiConnectionError as error:
        no_response = CliError("no_response", code=ExitCode.FAILURE, url=url, reason=error)
        no_response.__cause__ = error
        return Result(profile, error=no_response)
    except (OkxError, ValueError) as error:
        return Result(profile, error=error)


def _fetch_all(client: MaxLoanClient, query: Query, on_progress: OnProgress) -> tuple[list[MaxLoan], Failures]:
    """Query every pair of the account; raise where it can query none of them."""
    client.get_account()
    inst_ids = [row.inst_id for row in client.get_instruments() if row.state in ("live", "")]
    loans: list[MaxLoan] = []
    failures: Failures = []
    rejected_count = 0
    with closing(client.iter_max_loan(inst_ids, **query.params)) as batches:
        for batch in batches:
            loans += batch.loans
            if batch.error is not None:
                failures.append((batch.inst_ids, batch.error))
                rejected_count += len(batch.inst_ids)
                is_hopeless = isinstance(batch.error, InvalidParametersError)
                if not loans and (is_hopeless or rejected_count >= MAX_FAILURES_WITHOUT_ROWS):
                    raise batch.error
            if batch.missing:
                failures.append((batch.missing, MissingDataError(batch.missing, batch.hint)))
            on_progress(len(batch.inst_ids), len(inst_ids))
    return loans, failures


def _fetch_some(client: MaxLoanClient, query: Query) -> list[MaxLoan]:
    """Query pairs or a currency; where OKX rejects all, find out whether a pair or the account's mode is why."""
    try:
        return query.send(client)
    except InvalidParametersError as error:
        for pair in dict.fromkeys(query.inst_ids):
            if (form := normalize_pair(pair)) != pair:
                error.add_note(did_you_mean(text("error.pair", pair=pair), form))
        raise
    except (BadRequestError, AccountModeError, PartialFailureError) as error:
        failures = error.failures if isinstance(error, PartialFailureError) else [(query.inst_ids, error)]
        has_loans = bool(getattr(error, "loans", ()))
        if not has_loans and all(isinstance(each, ApiConnectionError) for _, each in failures):
            raise failures[0][1] from None
        rejected = [(pairs, each) for pairs, each in failures if isinstance(each, BadRequestError | AccountModeError)]
        if add_suggestions(client, rejected) or len(rejected) < len(failures) or has_loans:
            raise
    # Once the account is known, the rules say why, and mostly without another request.
    client.get_account()
    return query.send(client)


def exit_code(outcomes: Iterable[tuple[bool, bool]]) -> ExitCode:
    """Return how queries with these outcomes ended: OK, in part, or without any answer."""
    outcomes = list(outcomes)
    if not any(has_failed for _, has_failed in outcomes):
        return ExitCode.OK
    return ExitCode.PARTIAL if any(is_answered for is_answered, _ in outcomes) else ExitCode.FAILURE


def map_concurrently(function: Callable[[S], T], items: Sequence[S]) -> list[T]:
    """Return `function(item)` of each item in order; on Ctrl-C, threads that still run do not delay the exit."""

    def start(item: S) -> Future[T]:
        context = copy_context()
        return start_thread(lambda: context.run(function, item))

    futures = [start(item) for item in items]
    for each in futures:
        while not wait(each, CTRL_C_INTERVAL):
            pass
    return [each.result() for each in futures]


def normalize_pair(pair: str) -> str:
    """Write a pair as OKX does, as far as its own letters tell."""
    base, *rest = SEPARATOR.split(pair.strip().upper())
    if rest:
        return f"{base}-{rest[0]}"
    joined = JOINED.fullmatch(base)
    return f"{joined['base']}-{joined['quote']}" if joined else pair


def add_suggestions(client: MaxLoanClient, rejected: Sequence[tuple[Sequence[str], Exception]]) -> bool:
    """Note on each error the pairs that the account does not have, with the nearest; return whether there are any."""
    try:
        known = [row.inst_id for row in client.get_instruments()] if any(pairs for pairs, _ in rejected) else []
    except OkxError:
        return False
    unknown = [(pair, error) for pairs, error in rejected for pair in pairs if pair not in known]
    for pair, error in unknown:
        error.add_note(str(CliError("unknown_pair", pair=pair, suggest_from=(normalize_pair(pair), known))))
    return bool(unknown)
