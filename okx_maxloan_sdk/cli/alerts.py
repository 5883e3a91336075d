"""Alerts on amounts: `USDT<1000` is triggered by a row of USDT below 1000, `BTC-USDT<0.5` by a row of the pair."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from operator import ge, gt, le, lt

from attrs import define, field, frozen

from okx_maxloan_sdk import MaxLoan

from .errors import CliError
from .history import SeriesKey

FORM = re.compile(r"\s*(?P<subject>[A-Za-z0-9-]+)\s*(?P<operator><=|>=|<|>)\s*(?P<amount>[0-9]+(\.[0-9]+)?)\s*")
OPERATORS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
COMMAND_TIMEOUT_S = 30.0


@frozen
class Alert:
    """A currency or pair, and the bound of its amount."""

    text: str
    subject: str
    operator: str
    amount: Decimal

    def matches(self, loan: MaxLoan) -> bool:
        """Return whether a row is beyond the bound; a row without an amount is not."""
        if loan.amount is None or self.subject not in (loan.ccy, loan.inst_id):
            return False
        return OPERATORS[self.operator](loan.amount, self.amount)


def parse_alert(value: str) -> Alert:
    """Parse an alert."""
    match = FORM.fullmatch(value)
    if match is None:
        raise CliError("alert", value=value)
    return Alert(value.strip(), match["subject"].upper(), match["operator"], Decimal(match["amount"]))


@define
class AlertTracker:
    """Triggers an alert once when a row passes its bound, and again only after the row has come back."""

    alerts: Sequence[Alert]
    _active: set[tuple[Alert, SeriesKey]] = field(factory=set, init=False)
    _without_data: set[Alert] = field(factory=set, init=False)

    def update(self, rows: Mapping[SeriesKey, MaxLoan]) -> list[tuple[Alert, SeriesKey, MaxLoan]]:
        """Return the alerts that these rows trigger."""
        beyond = {(alert, key): row for alert in self.alerts for key, row in rows.items() if alert.matches(row)}
        triggered = [(*pair, row) for pair, row in beyond.items() if pair not in self._active]
        # A row that is missing from this poll keeps its state.
        self._active = set(beyond) | {(alert, key) for alert, key in self._active if key not in rows}
        return triggered

    def update_without_data(self, rows: Iterable[MaxLoan]) -> list[Alert]:
        """Return the alerts that no row of a complete poll belongs to, each once until it has a row again."""
        names = {name for row in rows for name in (row.ccy.upper(), row.inst_id.upper())}
        without = {alert for alert in self.alerts if alert.subject not in names}
        new = [alert for alert in self.alerts if alert in without - self._without_data]
        self._without_data = without
        return new


def parse_command(value: str) -> list[str]:
    """Split the command of an alert; raise a usage error where its program does not exist."""
    try:
        words = shlex.split(value)
    except ValueError:
        words = []
    if not words or shutil.which(words[0]) is None:
        raise CliError("alert_command", value=value)
    return words


def run_command(command: Sequence[str], event: Mapping[str, object]) -> str | None:
    """Run a command without a shell, with the event as JSON on its standard input; return why it failed, or None."""
    data = json.dumps(event, ensure_ascii=False)
    try:
        done = subprocess.run(  # noqa: S603 -- the user's own command
            command, input=data, capture_output=True, encoding="utf-8", timeout=COMMAND_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return None
    return f"exit code {done.returncode}: {' '.join((done.stderr or done.stdout).split())[:200]}"
