"""Exit codes, and errors of the command with their message."""

from collections.abc import Iterable
from difflib import get_close_matches
from enum import IntEnum

from .i18n import text


class ExitCode(IntEnum):
    """How a run ended; `exit_codes` of the catalogue describes them to users."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    PARTIAL = 3
    INTERRUPTED = 130  # 128 + SIGINT
    BROKEN_PIPE = 141  # 128 + SIGPIPE


def find_nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the most similar of some words, or None where none is similar."""
    # Swapped letters are the likelier slip: BTC-USTD is BTC-USDT rather than BTC-USD.
    close = sorted(get_close_matches(word, list(words)), key=lambda each: sorted(each) != sorted(word))
    return close[0] if close else None


def did_you_mean(message: str, nearest: str | None) -> str:
    """Append a suggestion to a message."""
    return message if nearest is None else message + text("error.did_you_mean", word=nearest)


class CliError(Exception):
    """The command cannot go on: the message `error.<message_id>`, the nearest of some words, and an exit code."""

    def __init__(
        self,
        message_id: str,
        *,
        code: ExitCode = ExitCode.USAGE,
        suggest_from: tuple[str, Iterable[str]] | None = None,
        **args: object,
    ) -> None:
        nearest = find_nearest(*suggest_from) if suggest_from else None
        super().__init__(did_you_mean(text(f"error.{message_id}", **args), nearest))
        self.code = code
