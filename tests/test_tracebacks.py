"""Tracebacks: no frame inside the block is left on what it raises, or on what hangs on that."""

from __future__ import annotations

import traceback

import pytest

from okx_maxloan_sdk.exceptions import OkxError
from okx_maxloan_sdk.tracebacks import HiddenFrames


def fail(error: BaseException, cause: BaseException | None = None) -> None:
    """Raise an error in a frame with a secret, while another one is handled."""
    secret = "hush"
    try:
        raise LookupError(len(secret))
    except LookupError:
        raise error from cause


def rendered(error: BaseException) -> str:
    """Render an error with the locals of each frame."""
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


@pytest.mark.parametrize("kind", [OkxError, ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("cause", [None, KeyError("x")])
def test_frames_are_gone(kind: type[BaseException], cause: BaseException | None) -> None:
    """An error, its context and its cause show no local of the frames that they passed in the block."""
    with pytest.raises(kind) as caught, HiddenFrames():
        fail(kind("x"), cause)
    assert caught.value.__context__ is not None
    assert "hush" not in rendered(caught.value)


def test_group() -> None:
    """The errors of a group are treated like the group."""
    errors = []
    for number in range(2):
        try:
            fail(ValueError(number))
        except ValueError as error:
            errors.append(error)
    with pytest.raises(ExceptionGroup) as caught, HiddenFrames():
        raise ExceptionGroup("several", errors)
    assert "hush" not in rendered(caught.value)


def test_unexpected_error_says_where() -> None:
    """An error that is not ours names the line that raised it, since its frames are gone; one of ours needs none."""
    with pytest.raises(ValueError, match="x") as caught, HiddenFrames():
        fail(ValueError("x"))
    (note,) = caught.value.__notes__
    assert note.startswith(f"raised at {__file__}:")
    with pytest.raises(OkxError) as ours, HiddenFrames():
        fail(OkxError("x"))
    assert not hasattr(ours.value, "__notes__")


def test_what_the_caller_handles_keeps_its_frames() -> None:
    """The error that was being handled before the block keeps its traceback."""
    outer = LookupError()
    try:
        raise outer
    except LookupError:
        with pytest.raises(ValueError, match="x"), HiddenFrames():
            fail(ValueError("x"))
    assert outer.__traceback__ is not None


def test_nothing_raised() -> None:
    """A block that raises nothing is left as it is."""
    with HiddenFrames():
        pass
