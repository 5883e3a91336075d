"""okx-maxloan watch: the same question again and again, with change, alerts and a record."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import chain, islice
from itertools import count as numbers
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from attrs import evolve, frozen

from .alerts import Bells, alert
from .command import NAME, Argument, Command, Run
from .duration import duration
from .record import Record, key
from .render import console
from .screen import Lines, Live, Screen
from .show import answer, asked_for, question
from .source import Asker, client, options
from .troubles import OK, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from okx_maxloan_sdk import MaxLoan, OkxError
    from okx_maxloan_sdk.clock import Clock

    from .alerts import Alert
    from .words import Language, Words

Failures = list[tuple[tuple[str, ...], "OkxError"]]
Answer = tuple[list["MaxLoan"], Failures]

WORDS: Words = {
    "en": {
        "about": "Watch how much could be borrowed, with the change since the last time and a line of the last twenty."
        " Ctrl-C ends. Into a pipe it writes one line for each row and time, with exact amounts.",
        "pairs": "Trading pairs, such as BTC-USDT.",
        "every": "How often: 500ms, 5s, 2m, 1h (default: 5s). The rate limit is kept whatever this says.",
        "count": "Stop after so many times.",
        "alert": "Ring when an amount goes beyond a bound: 'USDT<1000' for a currency, 'BTC-USDT<0.5' for a pair, also"
        " <=, > and >=. May be given several times.",
        "record": "Write every row into this SQLite file, for okx-maxloan chart.",
    },
    "zh": {
        "about": "持续观察还能借多少，显示与上次相比的变化和最近二十次的走势。按 Ctrl-C 结束。输出到管道时，每行每次输"
        "出一行，数量精确。",
        "pairs": "币对，如 BTC-USDT。",
        "every": "间隔：500ms、5s、2m、1h（默认 5s）。无论如何设置都不会超过限速。",
        "count": "查询这么多次后停止。",
        "alert": "数量越过界限时提醒：币种如 'USDT<1000'，币对如 'BTC-USDT<0.5'，也可用 <=、>、>=；可多次使用。",
        "record": "把每一行写入该 SQLite 文件，供 okx-maxloan chart 使用。",
    },
}
EXAMPLES = (
    f"{NAME} watch BTC-USDT ETH-USDT --every 5s --alert 'USDT<1000'",
    f"{NAME} watch BTC-USDT --record loans.sqlite",
    f"{NAME} chart loans.sqlite BTC-USDT",
)


@frozen
class Round:
    """What one time of asking gave, and when in seconds since 1970 UTC."""

    at: float
    loans: Sequence[MaxLoan]
    failures: Failures
    without_data: Sequence[Alert] = ()
    """The alerts that cannot fire, since OKX has no data for what they name."""

    @property
    def moment(self) -> str:
        """Write when it was, in full."""
        return datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    @property
    def time(self) -> str:
        """Write at what time of the day it was, UTC."""
        return f"{self.moment[11:19]}Z"


def command(lang: Language) -> Command:
    """Make the command."""
    words = WORDS[lang]
    params = [
        Argument("pairs", words["pairs"], nargs=-1, metavar="[PAIR]..."),
        click.Option(["--every"], type=duration, metavar="DURATION", default="5s", help=words["every"]),
        click.Option(["--count"], type=click.IntRange(min=1), metavar="N", help=words["count"]),
        click.Option(["--alert", "alerts"], type=alert, metavar="BOUND", multiple=True, help=words["alert"]),
        click.Option(["--record"], type=click.Path(path_type=Path), metavar="FILE", help=words["record"]),
        *question(lang),
        *options(lang),
    ]
    return Command("watch", lang, watch, words["about"], params, EXAMPLES)


def watch(
    run: Run,
    *,
    pairs: Sequence[str],
    every: float,
    count: int | None,
    alerts: Sequence[Alert],
    record: Path | None,
    mode: str,
    ccy: str | None,
    mgn_ccy: str | None,
    trade_quote_ccy: str | None,
    **who: Any,
) -> int:
    """Watch until it is interrupted, or `count` times."""
    from okx_maxloan_sdk.clock import SystemClock  # noqa: PLC0415 -- help does not need it

    if not pairs and ccy is None:
        raise Trouble("nothing")
    inst_ids = list(chain.from_iterable(pair.split(",") for pair in pairs)) or None
    asked = asked_for(who, mgn_mode=mode, inst_id=inst_ids, ccy=ccy, mgn_ccy=mgn_ccy, trade_quote_ccy=trade_quote_ccy)
    with ExitStack() as stack:
        file = stack.enter_context(Record(record, write=True)) if record else None
        source = stack.enter_context(client(run, Asker(**who), mode))
        screen: Screen = Live(run.lang, every) if console().is_terminal else Lines(run.lang)
        stack.enter_context(screen)
        try:
            rounds = asking(lambda: patient(lambda: answer(source, asked, run.lang)), every, SystemClock())
            follow(islice(rounds, count), screen, Bells(alerts), file)
        except KeyboardInterrupt:
            return OK
    return OK


def patient(ask: Callable[[], list[MaxLoan]]) -> Answer:
    """Ask once; what may be over by the next time is no reason to end."""
    from okx_maxloan_sdk import (  # noqa: PLC0415 -- help does not need them
        ApiConnectionError,
        InvalidResponseError,
        LimiterUnavailableError,
        MissingDataError,
        PartialFailureError,
        RateLimitError,
        RateLimitTimeoutError,
        ServiceUnavailableError,
    )

    try:
        return ask(), []
    except PartialFailureError as error:
        return error.loans, error.failures
    except MissingDataError as error:
        return [], [(error.requested, error)]
    except (
        InvalidResponseError,
        LimiterUnavailableError,
        RateLimitError,
        RateLimitTimeoutError,
        ApiConnectionError,
        ServiceUnavailableError,
    ) as error:
        return [], [((), error)]


def asking(ask: Callable[[], Answer], every: float, clock: Clock) -> Iterator[Round]:
    """Ask every so many seconds; a time that takes longer delays the next and is not made up for."""
    due = clock.monotonic()
    for number in numbers():
        if number:
            due = max(due + every, clock.monotonic())
            clock.sleep(max(due - clock.monotonic(), 0.0))
        loans, failures = ask()
        yield Round(clock.time(), loans, failures)


def follow(rounds: Iterable[Round], screen: Screen, bells: Bells, file: Record | None) -> None:
    """Show, record and ring."""
    for each in rounds:
        if file is not None:
            file.add(each.at, each.loans)
        without = bells.report_without_data(each.loans) if is_complete(each) else []
        screen.show(evolve(each, without_data=without), bells.ring({key(loan): loan for loan in each.loans}))


def is_complete(round: Round) -> bool:  # noqa: A002 -- the word for it
    """Tell whether OKX answered about everything, be it that it has no data or refuses a pair."""
    from okx_maxloan_sdk import BadRequestError, MissingDataError  # noqa: PLC0415 -- help does not need them

    return all(isinstance(error, MissingDataError | BadRequestError) for _, error in round.failures)
