"""What watch shows: a table that is drawn anew on a terminal, or lines that go into a pipe."""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING, Protocol, Self

from .record import Key, key
from .render import GAP, SIDES, Grid, console
from .trend import Trend, short
from .words import ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType
    from rich.text import Text

    from okx_maxloan_sdk import MaxLoan

    from .alerts import Alert
    from .watch import Round
    from .words import Language, Words

Rung = list[tuple["Alert", "MaxLoan"]]
HEADS = ("instrument", "side", "currency", "amount", "change", "trend")
KEPT = 5

WORDS: Words = {
    "en": {
        "foot": "{time} · every {every:g} s · Ctrl-C ends",
        "rang": "{time} {alert}: {what} {side} {amount} {ccy}",
        "failed": "{pairs}: {reason}",
        "without_data": "alert {alert} cannot fire: OKX has no data for {what}; is it misspelt or delisted?",
        "first": "Asking…",
    },
    "zh": {
        "foot": "{time} · 每 {every:g} 秒 · 按 Ctrl-C 结束",
        "rang": "{time} {alert}：{what} {side} {amount} {ccy}",
        "failed": "{pairs}：{reason}",
        "without_data": "提醒 {alert} 不会触发：OKX 没有 {what} 的数据；请检查名称，或是否已下架",
        "first": "正在查询…",
    },
}


class Screen(Protocol):
    """Shows one round after the other."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def show(self, round: Round, rung: Rung) -> None:  # noqa: A002 -- the word for it
        """Show a round, and the alerts that begin with it."""
        ...


class Trends:
    """The trend of every row that was ever seen."""

    def __init__(self) -> None:
        self.rows: dict[Key, tuple[MaxLoan, Trend]] = {}

    def add(self, loans: Sequence[MaxLoan]) -> None:
        """Take the rows of a round."""
        for loan in loans:
            _, trend = self.rows.get(key(loan), (None, Trend()))
            trend.add(loan.amount)
            self.rows[key(loan)] = loan, trend


class Lines:
    """One line for each row and time, with exact amounts, to stdout; alerts and failures to stderr."""

    def __init__(self, lang: Language) -> None:
        self._lang: Language = lang
        self._trends = Trends()

    def show(self, round: Round, rung: Rung) -> None:  # noqa: A002 -- see above
        """Print the lines."""
        self._trends.add(round.loans)
        for loan in round.loans:
            change = self._trends.rows[key(loan)][1].change if loan.max_loan else None
            told = "" if change is None else f"{change:+f}" if change else "0"
            print("\t".join((round.moment, *key(loan), loan.max_loan, told)))
        sys.stdout.flush()
        for line in (*alarms(round, rung, self._lang), *troubles(round, self._lang)):
            print(line, file=sys.stderr, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave it as it is."""


class Live:
    """A table that is drawn anew; the last alerts and failures stand below it."""

    def __init__(self, lang: Language, every: float) -> None:
        from rich.live import Live as RichLive  # noqa: PLC0415 -- pipes do not need it

        self._lang: Language = lang
        self._every = every
        self._trends = Trends()
        self._alarms: deque[str] = deque(maxlen=KEPT)
        self._console = console()
        self._live = RichLive(WORDS[lang]["first"], console=self._console, auto_refresh=False)

    def show(self, round: Round, rung: Rung) -> None:  # noqa: A002 -- see above
        """Draw the table."""
        self._trends.add(round.loans)
        self._alarms.extend(alarms(round, rung, self._lang))
        if rung:
            self._console.bell()
        self._live.update(self.draw(round), refresh=True)

    def draw(self, round: Round) -> RenderableType:  # noqa: A002 -- see above
        """Draw what stands on the screen."""
        from rich.console import Group  # noqa: PLC0415 -- pipes do not need it
        from rich.text import Text  # noqa: PLC0415 -- the same

        fresh = {key(loan) for loan in round.loans}
        foot = WORDS[self._lang]["foot"].format(time=round.time, every=self._every)
        return Group(
            *self._table(fresh),
            *(Text(f"! {line}", "bold yellow") for line in self._alarms),
            *(Text(line, "red") for line in troubles(round, self._lang)),
            Text(foot, "dim"),
        )

    def _table(self, fresh: set[Key]) -> list[Text]:
        heads = [ROWS[self._lang][head] for head in HEADS]
        rows = [
            (
                each.inst_id,
                each.side,
                each.ccy,
                short(trend.amounts[-1]) if trend.amounts else "-",
                short(trend.change, sign=True) if trend.change else "",
                trend.line,
            )
            for each, (_, trend) in self._trends.rows.items()
        ]
        # What did not arrive this time is dimmed.
        styles = [_styles(each, trend) if each in fresh else "dim" for each, (_, trend) in self._trends.rows.items()]
        grid = Grid(heads, rows, {3, 4})
        if grid.fits(self._console.width):
            drawn = (grid.line(row, style) for row, style in zip(rows, styles, strict=True))
            return [grid.line(heads, "bold"), *drawn]
        return [line for row in rows for line in self._narrow(row)]

    def _narrow(self, row: Sequence[str]) -> list[Text]:
        from rich.text import Text  # noqa: PLC0415 -- pipes do not need it

        inst_id, side, ccy, amount, change, line = row
        room = self._console.width - 2
        return [
            Text(GAP.join((inst_id, side)).strip() or ccy, "bold"),
            Text(f"  {amount} {ccy} {change}".rstrip()),
            Text(f"  {line[-room:]}"),
        ]

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.__exit__(None, None, None)


def _styles(each: Key, trend: Trend) -> dict[int, str]:
    return {1: SIDES.get(each.side, ""), 4: "red" if trend.change < 0 else "green"}


def alarms(round: Round, rung: Rung, lang: Language) -> list[str]:  # noqa: A002 -- see above
    """Say which alerts begin, and which cannot."""
    return [
        *(WORDS[lang]["without_data"].format(alert=alert.text, what=alert.what) for alert in round.without_data),
        *(
            WORDS[lang]["rang"].format(
                time=round.time,
                alert=alert.text,
                what=row.inst_id or row.ccy,
                side=row.side,
                amount=row.amount and short(row.amount),
                ccy=row.ccy,
            )
            for alert, row in rung
        ),
    ]


def troubles(round: Round, lang: Language) -> list[str]:  # noqa: A002 -- see above
    """Say what failed."""
    return [
        WORDS[lang]["failed"].format(pairs=",".join(pairs) or round.time, reason=str(error).splitlines()[0])
        for pairs, error in round.failures
    ]
