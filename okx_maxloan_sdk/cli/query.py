"""The queries of `show` and `watch`: options, parameters, and the result of one account."""

from __future__ import annotations

import re
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click
from attrs import evolve, field, fields_dict, frozen
from okx_maxloan_api.contract import GET_MAX_LOAN, ExtraParameters

from okx_maxloan_sdk import (
    AccountModeError,
    ApiConnectionError,
    BadRequestError,
    InvalidParametersError,
    MaxLoan,
    MissingDataError,
    OkxError,
    PartialFailureError,
)
from okx_maxloan_sdk.escape import escape_control_characters, map_texts
from okx_maxloan_sdk.threads import start_thread

from .base import Choice
from .connection import no_response_error
from .errors import CliError, ExitCode
from .i18n import text
from .params import parse_currency, split_pairs
from .suggestions import add_notes, suggest_format, suggest_known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from okx_maxloan_api.contract import Parameter

    from okx_maxloan_sdk import BatchResult, MaxLoanClient

    from .connection import Connection
    from .i18n import Language

T = TypeVar("T")
S = TypeVar("S")
Failures = list[tuple[tuple[str, ...], Exception]]
# After so many pairs without one row, the query itself is rejected and the other pairs would be too.
MAX_FAILURES_WITHOUT_ROWS = 20
# Up to a full stop, which the points of "e.g." are not.
SENTENCE = re.compile(r".+?(?:(?<!\.\w)\.(?= )|。|$)")


@frozen
class Query:
    """Pairs, all pairs, or a currency, and the other parameters of the request."""

    inst_ids: list[str]
    ccy: str | None
    has_all: bool
    params: dict[str, Any]

    @property
    def mode(self) -> str:
        """The margin mode."""
        mode: str = self.params["mgn_mode"]
        return mode

    def send(self, client: MaxLoanClient) -> list[MaxLoan]:
        """Return the rows of the pairs or of the currency."""
        # Which parameters go together is for the rules to check, not for the overloads.
        get_max_loan: Callable[..., list[MaxLoan]] = client.get_max_loan
        return [printable(loan) for loan in get_max_loan(*self.inst_ids, **self.params, ccy=self.ccy)]


@frozen
class Result:
    """Rows and failures of one account; `error` is set where the query as a whole failed."""

    profile: str
    loans: Sequence[MaxLoan] = ()
    failures: Failures = field(factory=list)
    suggestions: Sequence[str] = ()
    error: Exception | None = None

    @property
    def is_answered(self) -> bool:
        """Whether OKX returned rows, or said that it has none."""
        return bool(self.loans) or any(isinstance(error, MissingDataError) for _, error in self.failures)

    @property
    def has_failed(self) -> bool:
        """Whether any part of the query failed."""
        return self.error is not None or bool(self.failures)


def query_options(lang: Language) -> list[click.Parameter]:
    """Return the argument and the options that say what is queried."""
    currency: dict[str, Any] = {"type": parse_currency, "metavar": "CURRENCY"}
    modes = Choice(["cross", "isolated"], lang)
    return [
        click.Argument(["pairs"], nargs=-1, metavar="[PAIR]...", help=text(lang, "query.pairs")),
        click.Option(["--mode"], type=modes, default="cross", help=text(lang, "query.mode")),
        click.Option(["--ccy"], **currency, help=text(lang, "query.ccy")),
        click.Option(["--mgn-ccy"], **currency, help=text(lang, "query.mgn_ccy")),
        click.Option(["--trade-quote-ccy"], **currency, help=text(lang, "query.trade_quote_ccy")),
        click.Option(["--all", "has_all"], is_flag=True, help=text(lang, "query.all")),
        *(_option(each, lang) for each in extra_parameters()),
    ]


def extra_parameters() -> list[Parameter]:
    """List the parameters of the contract that have no option above."""
    return [each for each in GET_MAX_LOAN.parameters if each.attribute in ExtraParameters.__annotations__]


def _option(parameter: Parameter, lang: Language) -> click.Option:
    meaning = " ".join((parameter.zh if lang == "zh" else parameter.en).replace("`", "").split())
    sentence = SENTENCE.match(meaning)
    # A list of values is for the rules to check.
    is_closed = parameter.enum and parameter.max_items == 1
    return click.Option(
        [f"--{parameter.attribute.strip('_').replace('_', '-')}", parameter.attribute],
        type=Choice([each.value for each in parameter.values], lang) if is_closed else str,
        metavar=None if is_closed else "VALUE",
        help=sentence[0] if sentence else "",
    )


def collect_query(options: dict[str, Any]) -> Query:
    """Take the query out of a command's options; raise a usage error where they contradict each other."""
    inst_ids, ccy = split_pairs(options.pop("pairs")), options.pop("ccy")
    has_all: bool = options.pop("has_all")
    if not inst_ids and ccy is None and not has_all:
        raise CliError("nothing_to_query")
    if has_all and (inst_ids or ccy):
        raise CliError("all_and_others", others="--ccy" if ccy else inst_ids)
    if inst_ids and ccy:
        raise CliError("pairs_and_currency", pairs=inst_ids, ccy=ccy)
    names = ["mgn_ccy", "trade_quote_ccy", *(each.attribute for each in extra_parameters())]
    params = {"mgn_mode": options.pop("mode"), **{name: options.pop(name) for name in names}}
    return Query(inst_ids, ccy, has_all, {name: value for name, value in params.items() if value is not None})


def fetch(connection: Connection, query: Query, lang: Language) -> Result:  # noqa: PLR0911 -- one for each outcome
    """Query one account; OKX's errors are part of the result."""
    client, profile = connection.client, connection.profile
    try:
        if query.has_all:
            return Result(profile, *_collect(iter_all(client, query, list_pairs(client))))
        return Result(profile, query_with_diagnosis(client, query, lang))
    except MissingDataError as error:
        return Result(profile, failures=[(error.requested, error)])
    except PartialFailureError as error:
        failures: Failures = list(error.failures)
        if not error.loans and all(isinstance(each, ApiConnectionError) for _, each in failures):
            return Result(profile, error=no_response_error(connection.settings, failures[0][1]))
        suggestions = getattr(error, "__notes__", [])
        rejected = [pair for pairs, each in failures if isinstance(each, BadRequestError) for pair in pairs]
        if rejected and not suggestions:
            suggestions = suggest_known(client, rejected, lang)
        return Result(profile, [printable(loan) for loan in error.loans], failures, suggestions)
    except ApiConnectionError as error:
        return Result(profile, error=no_response_error(connection.settings, error))
    except (OkxError, ValueError) as error:
        return Result(profile, error=error)


def query_with_diagnosis(client: MaxLoanClient, query: Query, lang: Language) -> list[MaxLoan]:
    """Query pairs or a currency; where OKX rejects all, find out whether a pair or the account's mode is why."""
    try:
        return query.send(client)
    except InvalidParametersError as error:
        add_notes(error, suggest_format(query.inst_ids, lang))
        raise
    except (BadRequestError, AccountModeError, PartialFailureError) as error:
        errors = [each for _, each in error.failures] if isinstance(error, PartialFailureError) else [error]
        has_rows = isinstance(error, PartialFailureError) and error.loans
        if has_rows or not all(isinstance(each, BadRequestError | AccountModeError) for each in errors):
            raise
        add_notes(error, suggestions := suggest_known(client, query.inst_ids, lang))
        if suggestions:
            raise
    # Once the account is known, the rules say why, and mostly without another request.
    client.get_account()
    return query.send(client)


def list_pairs(client: MaxLoanClient) -> list[str]:
    """Return every margin pair of the account."""
    client.get_account()
    return [row.inst_id for row in client.get_instruments() if row.state in ("live", "")]


def iter_all(client: MaxLoanClient, query: Query, inst_ids: Sequence[str]) -> Iterator[BatchResult]:
    """Query many pairs, and yield batches as they arrive; raise where the account can query none of them."""
    failed, has_rows = 0, False
    with closing(client.iter_max_loan(inst_ids, **query.params)) as batches:
        for batch in batches:
            has_rows = has_rows or bool(batch.loans)
            if batch.error is not None:
                failed += len(batch.inst_ids)
                is_hopeless = failed >= MAX_FAILURES_WITHOUT_ROWS or isinstance(batch.error, InvalidParametersError)
                if is_hopeless and not has_rows:
                    raise batch.error
            yield evolve(batch, loans=tuple(map(printable, batch.loans)))


def printable(loan: MaxLoan) -> MaxLoan:
    """Return a row for any output: its texts with control characters escaped."""
    return evolve(
        loan, **{name: map_texts(getattr(loan, name), escape_control_characters) for name in fields_dict(MaxLoan)}
    )


def _collect(batches: Iterable[BatchResult]) -> tuple[list[MaxLoan], Failures]:
    loans: list[MaxLoan] = []
    failures: Failures = []
    for batch in batches:
        loans += batch.loans
        failures += batch_failures(batch)
    return loans, failures


def batch_failures(batch: BatchResult) -> Failures:
    """Return what failed in a batch."""
    failures: Failures = [] if batch.error is None else [(batch.inst_ids, batch.error)]
    if batch.missing:
        failures.append((batch.missing, MissingDataError(batch.missing)))
    return failures


def exit_code(results: Iterable[Result]) -> ExitCode:
    """Return how queries ended: OK, in part, or without any answer."""
    results = list(results)
    if not any(each.has_failed for each in results):
        return ExitCode.OK
    return ExitCode.PARTIAL if any(each.is_answered for each in results) else ExitCode.FAILURE


def map_concurrently(function: Callable[[S], T], items: Sequence[S]) -> list[T]:
    """Return `function(item)` of each item in order; on Ctrl-C, threads that still run do not delay the exit."""
    if len(items) == 1:
        return [function(items[0])]
    futures = [start_thread(partial(function, item)) for item in items]
    return [each.result() for each in futures]
