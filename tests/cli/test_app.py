"""The command as a whole: help, complaints, exit codes, start-up."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

import okx_maxloan_sdk.cli as package
from okx_maxloan_sdk.cli import cells
from okx_maxloan_sdk.cli.app import COMMANDS, main
from okx_maxloan_sdk.cli.troubles import PIPE_CLOSED, Trouble, nearest
from tests.support import clean_env

if TYPE_CHECKING:
    from okx_maxloan_sdk.mock.server import MockServer

    from .conftest import Run

PROGRAM = "import sys; from okx_maxloan_sdk.cli import main; sys.exit(main())"
HELPS = [(), *((name,) for name in COMMANDS["en"])]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("room", [40, 80, 200])
@pytest.mark.parametrize("path", HELPS)
def test_help(run: Run, monkeypatch: pytest.MonkeyPatch, path: tuple[str, ...], room: int, lang: str) -> None:
    """Every page of help fits its terminal, in cells, and explains options and exit codes."""
    monkeypatch.setenv("COLUMNS", str(room))
    code, out, err = run(*path, "--help", "--lang", lang)
    assert (code, err) == (0, "")
    assert {"en": "Exit codes: 0", "zh": "退出码：0"}[lang] in out
    assert "--debug" in out
    assert not re.search(r"\{\w+\}|None", out)
    before_examples = re.split("^(?:Examples|示例):$", out, flags=re.MULTILINE)[0]
    assert max(cells.width(line) for line in before_examples.splitlines()) <= min(room, 100)


def test_nothing_said_is_help(run: Run) -> None:
    """Without arguments the page of help comes."""
    assert run() == run("--help")


def test_version(run: Run) -> None:
    """--version names the command and a version."""
    assert re.fullmatch(r"okx-maxloan \d+\.\d+\.\d+\S*\n", run("--version").out)


@pytest.mark.parametrize(
    ("arguments", "words", "where"),
    [
        (["shwo"], "There is no command 'shwo'; did you mean show?", "okx-maxloan --help"),
        (["xyzzy"], "There is no command 'xyzzy'.", "okx-maxloan --help"),
        (["show", "--moed", "x"], "There is no option --moed; did you mean --mode?", "okx-maxloan show --help"),
        (["show", "--mode"], "--mode needs a value.", "--help"),
        (["show", "--lang", "cn"], "--lang: 'cn' is not one of en, zh", "okx-maxloan show --help"),
        (["watch", "BTC-USDT", "--count", "many"], "--count: 'many'", "okx-maxloan watch --help"),
        (["doctor", "BTC-USDT"], "BTC-USDT", "okx-maxloan doctor --help"),
        (["completion"], "{bash|zsh|fish} is missing", "okx-maxloan completion --help"),
    ],
)
def test_complaints(run: Run, arguments: list[str], words: str, where: str) -> None:
    """Wrong arguments exit 2, say what is wrong and what was probably meant, and where help is."""
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("okx-maxloan: ")
    assert words in err
    assert err.splitlines()[-1].endswith(where)


def test_complaints_in_chinese(run: Run) -> None:
    """In Chinese they are Chinese."""
    assert "没有选项 --moed；是否想写 --mode？" in run("show", "--moed", "--lang=zh").err
    assert "没有命令 'shwo'；是否想写 show？" in run("--lang", "zh", "shwo").err


def test_language_of_the_locale(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --lang the locale decides."""
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "用法" in run("--help").out
    assert "Usage" in run("--help", "--lang", "en").out


def test_a_fault_of_ours_is_no_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What should not have happened is a sentence; --debug shows where, without values and with secrets masked."""

    def fail(*_: object, **__: object) -> None:
        number = "local-value"
        raise LookupError("secret-word", number[:5])

    monkeypatch.setattr("okx_maxloan_sdk.cli.show.client", fail)
    for name, value in (("KEY", "secret-key-1"), ("SECRET", "secret-word"), ("PASSPHRASE", "passphrase")):
        monkeypatch.setenv(f"OKX_API_{name}", value)
    code, _, err = run("show", "BTC-USDT")
    assert code == 1
    assert "This should not have happened: LookupError" in err
    assert "--debug" in err


def test_debug_masks(run: Run, exchange: MockServer) -> None:
    """--debug shows the traceback with key, secret and passphrase blanked out."""
    user = exchange.key("spot")
    exchange.exchange.fail_next(1, code="50110", path="/api/v5/account/max-loan")
    exchange.exchange.fail_next(1, html=f"<p>{user.key} {user.secret} {user.passphrase}", status=403)
    for _ in range(2):
        code, _, err = run("show", "BTC-USDT", "--debug")
        assert code == 1
        assert "Traceback" in err
        assert not any(secret in err for secret in (user.key, user.secret, user.passphrase))


def test_missing_extras(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an extra would bring is named with the way to install it."""
    monkeypatch.setitem(sys.modules, "okx_maxloan_sdk.mock.serve", None)
    monkeypatch.setattr("okx_maxloan_sdk.cli.show.client", lambda *_, **__: __import__("uvicorn.nothing"))
    code, _, err = run("show", "BTC-USDT", "--mock")
    assert code == 1
    assert 'uvicorn is missing; install it with: pip install "okx-maxloan-sdk[mock]"' in err


def test_standard_output_that_somebody_replaced(run: Run) -> None:
    """Where a program has put something simpler in its place, the same is written there."""
    with contextlib.redirect_stdout(io.StringIO()) as simple:
        assert main(["--version"]) == 0
    assert simple.getvalue() == run("--version").out


def test_interrupt(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends without a word, with 130."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("okx_maxloan_sdk.cli.show.client", interrupt)
    assert main(["show", "BTC-USDT"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_nearest_prefers_swapped_letters() -> None:
    """Of equally near words, the one with the same letters was meant."""
    assert nearest("BTC-USTD", ["BTC-USD", "BTC-USDT"], "en") == "; did you mean BTC-USDT?"
    assert nearest("zzz", ["BTC-USDT"], "en", ".") == "."


def test_trouble_in_both_languages() -> None:
    """A trouble can be told in either language."""
    trouble = Trouble("pair", pair="A-B", near=("A-B", ["A-C"]))
    assert trouble.text("en") == "A-B is not a margin pair of this account; did you mean A-C?"
    assert trouble.text("zh") == "A-B 不是该账户的杠杆币对；是否想写 A-C？"


@pytest.mark.parametrize("name", COMMANDS["en"])
def test_options_are_unique(name: str) -> None:
    """No two options of a command have one name, so that a parameter that OKX adds hides none of ours."""
    params = import_module(f"{package.__name__}.{name}").command("en").params
    for names in ([each.name for each in params], [opt for each in params for opt in each.opts]):
        assert len(set(names)) == len(names)


def test_start_up() -> None:
    """Help loads neither the sub-commands' libraries nor httpx and asyncio."""
    assert not loaded("--help") & {"okx_maxloan_sdk.cli.show", "rich", "httpx", "asyncio"}
    assert not loaded("show", "--help") & {"rich", "httpx", "httpcore", "asyncio"}


def loaded(*arguments: str) -> set[str]:
    """List the modules that a run loads."""
    program = f"import sys; from okx_maxloan_sdk.cli.app import main; main({arguments}); print(*sys.modules)"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=clean_env.clean_env(), check=True, capture_output=True, text=True, timeout=20)
    return set(done.stdout.split())


def test_closed_pipe() -> None:
    """Who reads only the first line gets it, and no traceback."""
    command = [sys.executable, "-c", PROGRAM, "rules"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
    assert (process.returncode, errors) == (PIPE_CLOSED, b"")


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are POSIX's")
def test_terminal_of_forty_columns() -> None:
    """On a real terminal of forty columns the table becomes blocks, in colour, and no line is longer."""
    import fcntl  # noqa: PLC0415 -- POSIX only
    import pty  # noqa: PLC0415 -- the same
    import struct  # noqa: PLC0415 -- the same
    import termios  # noqa: PLC0415 -- the same

    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 40, 0, 0))
    environ = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    command = [sys.executable, "-c", PROGRAM, "show", "BTC-USDT", "ETH-USDT", "--mock"]
    with subprocess.Popen(
        command, stdout=follower, stderr=follower, env={**environ, "TERM": "xterm-256color"}
    ) as process:
        os.close(follower)
        text = b""
        try:
            while chunk := os.read(leader, 4096):
                text += chunk
        except OSError:  # Linux ends a pseudo-terminal this way
            pass
    os.close(leader)
    lines = re.sub("\x1b\\[[0-9;]*m", "", text.decode()).splitlines()
    assert process.returncode == 0
    assert lines[0] == "BTC-USDT cross"
    assert len(lines) == 6
    assert max(map(len, lines)) <= 40
    assert b"\x1b[31msell" in text
