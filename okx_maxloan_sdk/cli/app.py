"""Entry point of the command: parse the arguments, run, report what went wrong."""

import contextlib
import os
import re
import sys
import traceback
from collections.abc import Sequence

import click

from .base import COMPLETION_VARIABLE, NAME, CommandGroup, Run
from .errors import CliError, ExitCode, find_nearest
from .i18n import LANGUAGE, detect_language, text, use_language

# Which extra of the package brings a module.
EXTRAS = {"uvicorn": "mock", "plotext": "chart", "matplotlib": "chart", "redis": "redis"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; without arguments, those of the process are used."""
    arguments = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    run = Run(debug="--debug" in arguments)
    # Closed, as by `>&-`: the caller wants no output.
    sys.stdout, sys.stderr = (stream or open(os.devnull, "w", encoding="utf-8") for stream in (sys.stdout, sys.stderr))  # noqa: PTH123, SIM115 -- for the whole run
    for stream in (sys.stdout, sys.stderr):
        # A terminal without Chinese characters shows question marks, not a traceback.
        if callable(reconfigure := getattr(stream, "reconfigure", None)):
            reconfigure(errors="replace")
    with use_language(detect_language(arguments)):
        try:
            code = CommandGroup().main(arguments, NAME, standalone_mode=False, obj=run)
            sys.stdout.flush()
        except (SystemExit, BrokenPipeError) as error:
            # Click exits by itself after completing a word for the shell, and where it meets a broken pipe.
            if isinstance(error, SystemExit) and COMPLETION_VARIABLE in os.environ:
                raise
            # The reader has gone; the interpreter must not write to the pipe either when it exits.
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return ExitCode.BROKEN_PIPE
        except (click.Abort, KeyboardInterrupt):
            return ExitCode.INTERRUPTED
        except Exception as error:  # noqa: BLE001 -- users get a message, not a traceback
            return print_error(run, error)
    return int(code or ExitCode.OK)


def print_error(run: Run, error: Exception) -> ExitCode:
    """Print what went wrong to stderr and return the exit code."""
    code, message = classify_error(error)
    if run.debug:
        print(run.redact("".join(traceback.format_exception(error))), file=sys.stderr)
    lines = run.redact("\n".join([message, *getattr(error, "__notes__", ())])).splitlines()
    print(f"{NAME}: " + "\n  ".join(lines), file=sys.stderr)
    return code


def classify_error(error: Exception) -> tuple[ExitCode, str]:  # noqa: PLR0911 -- one for each kind
    """Return the exit code and the message of an error."""
    match error:
        case CliError():
            return error.code, str(error)
        case click.ClickException():
            return ExitCode.USAGE, format_usage_error(error)
        case ModuleNotFoundError(name=str(name)) if name.partition(".")[0] in EXTRAS:
            module = name.partition(".")[0]
            return ExitCode.FAILURE, text("error.extra", module=module, extra=EXTRAS[module])
        case OSError(filename=str(path)):
            return ExitCode.FAILURE, text("error.file", path=path, reason=error.strerror)
        case OSError(strerror=str(reason)):
            return ExitCode.FAILURE, reason
    # Only here, so that help does not import the library.
    from okx_maxloan_sdk import AuthenticationError, InvalidParametersError, OkxError  # noqa: PLC0415 -- see above

    match error:
        case InvalidParametersError():
            lines = [f"{each.expected} ({each.given})" for each in error.violations]
            return ExitCode.USAGE, "\n".join([*lines, *{each.docs_url: "" for each in error.violations}])
        case ValueError() | AuthenticationError():
            return ExitCode.USAGE, str(error)
        case OkxError() | ImportError():
            return ExitCode.FAILURE, str(error)
    return ExitCode.FAILURE, text("error.bug", kind=type(error).__name__, reason=error)


def format_usage_error(error: click.ClickException) -> str:
    """Return what is wrong with the arguments, and where help is."""
    if isinstance(error, click.NoSuchOption) and error.possibilities:
        # The dashes, which all options have, make any two of them look alike.
        near = find_nearest(error.option_name.lstrip("-"), [each.lstrip("-") for each in error.possibilities])
        options = [each for each in error.possibilities if each.lstrip("-") == near]
        error = click.NoSuchOption(error.option_name, possibilities=options, ctx=error.ctx)
    message = error.format_message()
    if LANGUAGE.get() == "zh":
        # Click's own full stops and spaces, which its catalogue does not hold.
        message = re.sub(r"(?<=[。：？]) ", "", re.sub(r"\.$", "。", message)).replace(" integer range", "整数")
    path = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else NAME
    return f"{message}\n{text('error.see_help', path=path)}"
