"""Tracebacks without the frames that may hold secrets."""

import sys
import traceback

import pytest

from okx_maxloan_sdk.drivers import hide_frames
from okx_maxloan_sdk.exceptions import OkxError


def fail(error: BaseException, cause: BaseException | None = None) -> None:
    """Raise an error in a frame with a secret, while another error is handled."""
    secret = "in-a-local"
    try:
        raise LookupError(len(secret))
    except LookupError:
        raise error from cause


def hidden(error: BaseException, cause: BaseException | None = None) -> BaseException:
    """Raise an error as `fail` does, and hide its frames."""
    handled = sys.exception()
    try:
        fail(error, cause)
    except BaseException as caught:  # noqa: BLE001 -- any error
        return hide_frames(caught, handled)
    raise AssertionError


def rendered(error: BaseException) -> str:
    """Render an error with the locals of each frame."""
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


@pytest.mark.parametrize("kind", [OkxError, ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("cause", [None, KeyError("x")])
def test_frames_are_gone(kind: type[BaseException], cause: BaseException | None) -> None:
    """An error, its context and its cause show no local of the hidden frames."""
    error = hidden(kind("x"), cause)
    assert error.__context__ is not None
    assert "in-a-local" not in rendered(error)


def test_group() -> None:
    """The errors of a group are treated like the group."""
    errors = []
    for number in range(2):
        try:
            fail(ValueError(number))
        except ValueError as error:
            errors.append(error)
    assert "in-a-local" not in rendered(hidden(ExceptionGroup("several", errors)))


def test_unexpected_error_names_its_line() -> None:
    """An unexpected error names the line that raised it, since its frames are hidden; one of ours does not."""
    (note,) = hidden(ValueError("x")).__notes__
    assert note.startswith(f"raised at {__file__}:")
    assert not hasattr(hidden(OkxError("x")), "__notes__")


def test_error_of_the_caller_keeps_its_frames() -> None:
    """An error that the caller was handling keeps its traceback."""
    outer = LookupError()
    try:
        raise outer
    except LookupError:
        assert hidden(ValueError("x")).__traceback__ is None
    assert outer.__traceback__ is not None
