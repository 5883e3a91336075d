"""okx-maxloan show: the maximum loans of some pairs, of a currency, or of all margin pairs."""

from __future__ import annotations

import re
import sys
from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING, Any, get_args

import click

from .command import NAME, Argument, Choice, Command, Run
from .pairs import misspelt, note, strangers
from .progress import Progress
from .render import Format, Writer, writer
from .source import Asker, client, options
from .troubles import FAILED, OK, PARTIAL, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from okx_maxloan_api.contract import Parameter

    from okx_maxloan_sdk import MaxLoan, MaxLoanClient, OkxError

    from .words import Language, Words

# After so many pairs without one row, the question itself is refused and the others would be too.
PATIENCE = 20
# Up to a full stop, which the points of "e.g." are not.
SENTENCE = re.compile(r".+?(?:(?<!\.\w)\.(?= )|。|$)")

WORDS: Words = {
    "en": {
        "about": "Show how much could be borrowed: for each pair one row for selling its base currency and one for"
        " buying with its quote currency.",
        "pairs": "Trading pairs, such as BTC-USDT.",
        "mode": "Margin mode (default: cross).",
        "ccy": "A currency instead of pairs (Spot mode).",
        "mgn_ccy": "Currency posted as margin (Futures mode).",
        "trade_quote_ccy": "Quote currency that a spot trade is settled in.",
        "all": "Ask about every margin pair of the account; rows are printed as they come.",
        "format": "How to print the rows (default: table).",
    },
    "zh": {
        "about": "查询还能借多少：每个币对两行，卖出时借交易币，买入时借计价币。",
        "pairs": "币对，如 BTC-USDT。",
        "mode": "保证金模式（默认 cross）。",
        "ccy": "按币种查询（现货模式），代替币对。",
        "mgn_ccy": "用作保证金的币种（合约模式）。",
        "trade_quote_ccy": "现货交易实际使用的计价币种。",
        "all": "查询账户的全部杠杆币对，边取得边输出。",
        "format": "输出格式（默认 table）。",
    },
}
EXAMPLES = (
    f"{NAME} show BTC-USDT ETH-USDT --mock",
    f"{NAME} show BTC-USDT --mode isolated --format json",
    f"{NAME} show --ccy USDT",
    f"{NAME} show --all --format csv > loans.csv",
)


def command(lang: Language) -> Command:
    """Make the command."""
    words = WORDS[lang]
    params = [
        Argument("pairs", words["pairs"], nargs=-1, metavar="[PAIR]..."),
        *question(lang),
        click.Option(["--all", "everything"], is_flag=True, help=words["all"]),
        click.Option(["--format"], type=Choice(get_args(Format), lang), default="table", help=words["format"]),
        *options(lang),
    ]
    return Command("show", lang, show, words["about"], params, EXAMPLES)


def question(lang: Language) -> list[click.Parameter]:
    """Give the options that say what is asked."""
    words = WORDS[lang]
    return [
        click.Option(["--mode"], type=Choice(["cross", "isolated"], lang), default="cross", help=words["mode"]),
        click.Option(["--ccy"], metavar="CURRENCY", help=words["ccy"]),
        click.Option(["--mgn-ccy"], metavar="CURRENCY", help=words["mgn_ccy"]),
        click.Option(["--trade-quote-ccy"], metavar="CURRENCY", help=words["trade_quote_ccy"]),
        *(option(each, lang) for each in later()),
    ]


def later() -> list[Parameter]:
    """List the parameters that came later than the options above."""
    from okx_maxloan_api.contract import GET_MAX_LOAN, ExtraParameters  # noqa: PLC0415 -- the page of all commands needs none

    return [each for each in GET_MAX_LOAN.parameters if each.attribute in ExtraParameters.__annotations__]


def option(parameter: Parameter, lang: Language) -> click.Option:
    """Make the option of a parameter out of what the contract says of it."""
    about = " ".join((parameter.zh if lang == "zh" else parameter.en).replace("`", "").split())
    sentence = SENTENCE.match(about)
    # A list of values is for the rules to take apart.
    closed = parameter.enum and parameter.max_items == 1
    return click.Option(
        [f"--{parameter.attribute.strip('_').replace('_', '-')}", parameter.attribute],
        type=Choice([each.value for each in parameter.values], lang) if closed else str,
        metavar=None if closed else "VALUE",
        help=sentence[0] if sentence else "",
    )


def asked_for(who: dict[str, Any], **parameters: Any) -> dict[str, Any]:
    """Name the parameters that were given; those that came later are taken out of the other options."""
    parameters |= {each.attribute: who.pop(each.attribute) for each in later()}
    return {name: value for name, value in parameters.items() if value is not None}


def show(
    run: Run,
    *,
    pairs: Sequence[str],
    mode: str,
    ccy: str | None,
    mgn_ccy: str | None,
    trade_quote_ccy: str | None,
    everything: bool,
    format: Format,  # noqa: A002 -- the option's name
    **who: Any,
) -> int:
    """Print the rows; give 0, or 3 when some requests failed."""
    if not pairs and ccy is None and not everything:
        raise Trouble("nothing")
    if everything and (pairs or ccy):
        raise Trouble("all_alone", what="--ccy" if ccy else " ".join(pairs))
    asked = asked_for(who, mgn_mode=mode, mgn_ccy=mgn_ccy, trade_quote_ccy=trade_quote_ccy)
    with client(run, Asker(**who), mode) as source:
        if everything:
            return every(source, asked, format, run.lang)
        asked |= {"ccy": ccy} if ccy else {}
        asked |= {"inst_id": list(chain.from_iterable(pair.split(",") for pair in pairs))} if pairs else {}
        return some(source, asked, writer(format, run.lang), run.lang)


def some(source: MaxLoanClient, asked: dict[str, Any], out: Writer, lang: Language) -> int:
    """Ask one question; print what there is and name what failed."""
    from okx_maxloan_sdk import ApiConnectionError, BadRequestError, MissingDataError, PartialFailureError  # noqa: PLC0415 -- help needs none of them

    failures: list[tuple[tuple[str, ...], OkxError]] = []
    advice: list[str] = []
    try:
        loans = answer(source, asked, lang)
    except MissingDataError as error:
        loans = []
        failures.append((error.requested, error))
    except PartialFailureError as error:
        loans, failures, advice = error.loans, error.failures, getattr(error, "__notes__", [])
        if not loans and all(isinstance(each, ApiConnectionError) for _, each in failures):
            raise failures[0][1] from None
        refused = [pair for pairs, each in failures if isinstance(each, BadRequestError) for pair in pairs]
        advice = advice or (strangers(source, refused, lang) if refused else [])
    if loans or not failures:
        out.add(loans)
        out.close()
    blame(failures, advice)
    return outcome(loans, failures)


def answer(source: MaxLoanClient, asked: dict[str, Any], lang: Language) -> list[MaxLoan]:
    """Ask; of a refusal find out whether a pair or the account's mode is at fault."""
    from okx_maxloan_sdk import (  # noqa: PLC0415 -- help does not need them
        AccountModeError,
        BadRequestError,
        InvalidParametersError,
        PartialFailureError,
    )

    pairs = asked.get("inst_id", [])
    try:
        return query(source, asked)
    except InvalidParametersError as error:
        note(error, misspelt(pairs, lang))
        raise
    except (BadRequestError, AccountModeError, PartialFailureError) as error:
        reasons = [each for _, each in error.failures] if isinstance(error, PartialFailureError) else [error]
        if not all(isinstance(each, BadRequestError | AccountModeError) for each in reasons) or rows_of(error):
            raise
        note(error, advice := strangers(source, pairs, lang))
        if advice:
            raise
    # Once the account is known, the rules say why, and mostly without another request.
    source.get_account()
    return query(source, asked)


def query(source: MaxLoanClient, asked: dict[str, Any]) -> list[MaxLoan]:
    """Send one query; its pairs are under `inst_id`."""
    parameters = {name: value for name, value in asked.items() if name != "inst_id"}
    return source.get_max_loan(*asked.get("inst_id", ()), **parameters)


def rows_of(error: OkxError) -> Sequence[MaxLoan]:
    """Give the rows that arrived in spite of an error."""
    loans: Sequence[MaxLoan] = getattr(error, "loans", ())
    return loans


def every(source: MaxLoanClient, asked: dict[str, Any], format: Format, lang: Language) -> int:  # noqa: A002 -- the option's name
    """Ask about every margin pair; print rows as they come."""
    from okx_maxloan_sdk import InvalidParametersError, MissingDataError  # noqa: PLC0415 -- help does not need them

    source.get_account()
    pairs = [row.inst_id for row in source.get_instruments() if row.state in ("live", "")]
    out = writer(format, lang, pairs)
    failures: list[tuple[tuple[str, ...], OkxError]] = []
    rows = 0
    with closing(source.iter_max_loan(pairs, **asked)) as batches, Progress(len(pairs)) as progress:
        for batch in batches:
            rows += len(batch.loans)
            if batch.error is not None:
                failures.append((batch.inst_ids, batch.error))
                failed = sum(len(ids) for ids, _ in failures)
                if not rows and (failed >= PATIENCE or isinstance(batch.error, InvalidParametersError)):
                    raise batch.error
            if batch.missing:
                failures.append((batch.missing, MissingDataError(batch.missing)))
            progress.advance(len(batch.inst_ids), len(batch.inst_ids) if batch.error else 0)
            with progress.hidden():
                if batch.loans:
                    out.add(batch.loans)
    if not rows and not failures:
        out.add([])
    if rows or not failures:
        out.close()
    blame(failures)
    return outcome(rows, failures)


def outcome(rows: object, failures: Sequence[tuple[tuple[str, ...], OkxError]]) -> int:
    """Return the exit code; an answer without data is an answer."""
    from okx_maxloan_sdk import MissingDataError  # noqa: PLC0415 -- help does not need it

    answered = rows or any(isinstance(error, MissingDataError) for _, error in failures)
    return OK if not failures else PARTIAL if answered else FAILED


def blame(failures: Iterable[tuple[tuple[str, ...], OkxError]], advice: Iterable[str] = ()) -> None:
    """Name what failed on stderr, pairs with the same failure together."""
    reasons: dict[str, list[str]] = {}
    for pairs, error in failures:
        reason = "\n  ".join(line for line in str(error).splitlines() if not line.startswith("instId "))
        reasons.setdefault(reason, []).extend(pairs)
    for reason, named in reasons.items():
        print(f"{', '.join(named)}: {reason}", file=sys.stderr)
    for line in advice:
        print(line, file=sys.stderr)
