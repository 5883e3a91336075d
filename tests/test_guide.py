"""READMEs and guide: every block runs, every table is up to date, and both languages have the same structure."""

import ast
import asyncio
import contextlib
import gc
import inspect
import io
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from sybil import Document, Example, Sybil
from sybil.parsers.markdown import CodeBlockParser

import okx_maxloan_sdk as sdk
from okx_maxloan_sdk.cli.app import main
from okx_maxloan_sdk.cli.base import COMMANDS
from okx_maxloan_sdk.cli.config import load_settings
from okx_maxloan_sdk.clock import SystemClock
from okx_maxloan_sdk.config import ENV_CREDENTIALS, settings_from_env
from okx_maxloan_sdk.mock import scenario
from okx_maxloan_sdk.mock.server import MockServer, run_mock_server

ROOT = Path(__file__).resolve().parent.parent
READMES = [ROOT / "README.md", ROOT / "README.zh.md"]
ENGLISH = sorted(path.name for path in (ROOT / "docs" / "en").glob("*.md"))
# Each page in English and in Chinese.
PAIRS = [READMES, *([ROOT / "docs" / language / name for language in ("en", "zh")] for name in ENGLISH)]
PAGES = [path for pair in PAIRS for path in pair]
MAX_README_LINES = 180
# Pages that exist only in the built site.
BUILT = {"openapi.json"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
COMMENT = re.compile(r"\s{2,}#.*")


def my_bot(client: sdk.MaxLoanClient) -> str:
    """Stand in for the reader's program."""
    return "bought" if client.get_max_loan("BTC-USDT", mgn_mode="cross") else ""


def run_python(example: Example) -> None:
    """Run a block as a reader would, with top-level await; run a test in it as well."""
    code = compile(str(example.parsed), example.path, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    names = dict(example.namespace)
    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(eval(code, names))  # noqa: S307 -- the README's own lines
    else:
        exec(code, names)  # noqa: S102 -- the same
    assert names.get("amounts", True), "there are amounts, whichever library asks"
    for name, test in names.items():
        if name.startswith("test_"):
            with run_mock_server() as okx:
                test(okx)


def run_console(example: Example) -> None:
    """Run our commands and compare their output; check that make's targets and pip's extras exist."""
    for block in re.split(r"^\$ ", str(example.parsed), flags=re.MULTILINE)[1:]:
        line, _, expected = block.partition("\n")
        program, *arguments = shlex.split(COMMENT.sub("", line))
        if program == "okx-maxloan":
            if ".zh" in str(example.path) or "/zh/" in Path(example.path).as_posix():
                arguments += ["--lang", "zh"]
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                assert main(arguments) == 0, line
            printed = "".join(f"{each.rstrip()}\n" for each in output.getvalue().splitlines())
            assert expected in ("", printed), printed
        elif program == "make":
            assert re.search(rf"^{arguments[0]}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE), line
        else:
            assert [program, arguments[0]] == ["pip", "install"], line
            name, _, extras = arguments[1].rstrip("]").partition("[")
            assert name == PROJECT["name"]
            assert set(filter(None, extras.split(","))) <= PROJECT["optional-dependencies"].keys()


def run_toml(example: Example) -> None:
    """Load a file of profiles, or a scenario of the mock exchange, as the command does."""
    if "[[failures]]" in str(example.parsed):
        assert scenario.build(tomllib.loads(str(example.parsed))).users
        return
    home = Path(example.namespace["home"])
    file = home / "okx-maxloan" / "config.toml"
    file.parent.mkdir()
    file.write_text(str(example.parsed), encoding="utf-8")
    file.chmod(0o600)
    for name in tomllib.loads(str(example.parsed)):
        profile = load_settings(name, {"XDG_CONFIG_HOME": str(home)})
        sdk.Credentials(profile.key, profile.secret, profile.passphrase)


def run_text(example: Example) -> None:
    """Compare the tree of errors with the package; an example on the page of commands needs a command of ours."""
    if not str(example.parsed).startswith("OkxError"):
        lines = str(example.parsed).splitlines()
        assert all(re.search(rf"okx-maxloan ({'|'.join(COMMANDS)})|okx_maxloan_sdk", line) for line in lines), lines
        return
    public = {
        name for name in sdk.__all__ if isinstance(each := getattr(sdk, name), type) and issubclass(each, Exception)
    }
    assert set(re.findall(r"\b(?:[A-Z][a-z]+){2,}\b|ServiceUnavailableError", str(example.parsed))) == public


PARSERS = {"python": run_python, "console": run_console, "toml": run_toml, "text": run_text}


def document(path: Path) -> Document:
    """Parse the blocks of a page."""
    return Sybil([CodeBlockParser(language, run) for language, run in PARSERS.items()]).parse(path)


BLOCKS = [
    pytest.param(path, index, id=f"{path.relative_to(ROOT)}:{example.line}")
    for path in PAGES
    for index, example in enumerate(document(path).examples())
]


@pytest.fixture
def exchange(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockServer]:
    """Point our variables and our default at the mock, without pauses between attempts."""
    monkeypatch.setattr(SystemClock, "sleep", lambda *_: False)
    with run_mock_server() as okx:
        for name, value in okx.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sdk.Site.GLOBAL, "_value_", okx.url)
        yield okx


def redirect(source: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the default of another library at the mock, if a block uses it."""
    if "import ccxt" in source:
        # It pins every library that it needs, so it is not in the development environment.
        okx: Any = pytest.importorskip("ccxt").okx
        describe = okx.describe
        api = {"urls": {"api": {"rest": url}}}
        monkeypatch.setattr(okx, "describe", lambda self: self.deep_extend(describe(self), api))
    if "from okx." in source:
        start: Any = pytest.importorskip("okx.Account").AccountAPI.__init__
        defaults = tuple(url if str(each).startswith("https://") else each for each in start.__defaults__)
        monkeypatch.setattr(start, "__defaults__", defaults)


# The other libraries leave connections to the garbage collector, and use a deprecated function for the time.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize(("path", "index"), BLOCKS)
def test_blocks_run(
    path: Path, index: int, exchange: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every block runs unchanged against the mock exchange."""
    monkeypatch.chdir(tmp_path)
    example = list(document(path).examples())[index]
    key = exchange.key("spot")
    names = {"key": key.key, "secret": key.secret, "passphrase": key.passphrase, "my_bot": my_bot, "home": tmp_path}
    example.namespace.update(names)
    redirect(str(example.parsed), exchange.url, monkeypatch)
    example.evaluate()
    gc.collect()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_block_runs_or_is_excluded(path: Path) -> None:
    """Each fenced block is of a kind that runs."""
    fences = [token for token in MarkdownIt().parse(path.read_text(encoding="utf-8")) if token.type == "fence"]
    assert {token.info for token in fences} <= set(PARSERS)
    assert len(fences) == len(list(document(path).examples()))


def test_tables_are_up_to_date() -> None:
    """The tables are what cog writes; `make guide` updates them."""
    command = [sys.executable, "-m", "cogapp", "--check", "-I", "scripts", "-I", "generated", "-I", "."]
    done = subprocess.run(
        [*command, *map(str, PAGES)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def shape(token: Token) -> Any:
    """Reduce a token to the part that a translation does not change."""
    if token.type == "fence":
        lines = (COMMENT.sub("", line).strip() for line in token.content.splitlines())
        same = {"text": r"\w*Error|okx-maxloan .*", "console": r"\$ .*"}.get(token.info, ".*")
        return token.info, [re.findall(same, line)[:1] for line in lines]
    if token.type == "inline":
        spans = [each.content for each in token.children or () if each.type == "code_inline"]
        targets = [each.attrs.get("src") or each.attrs.get("href") for each in token.children or ()]
        links = [str(each).replace("docs-v5/zh", "docs-v5/en") for each in targets if each]
        return sorted(each.replace(".zh", "") for each in spans if not re.search("[一-鿿]", each)), links
    return token.type, token.tag


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: str(pair[0].relative_to(ROOT)))
def test_languages_have_one_structure(pair: list[Path]) -> None:
    """Headings, paragraphs, lists, tables, code and links are in the same order in both languages."""
    assert pair[1].is_file(), "the page has no translation"
    english, chinese = (
        [shape(token) for token in MarkdownIt().enable("table").parse(path.read_text(encoding="utf-8"))]
        for path in pair
    )
    for number, (ours, theirs) in enumerate(zip(english, chinese, strict=False)):
        assert ours == theirs, f"token {number}"
    assert len(english) == len(chinese)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_methods_exist(path: Path) -> None:
    """Links lead to pages of the guide or to other sites, and the named methods exist."""
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        is_page = path not in READMES and (target in BUILT or (path.parent / target).is_file())
        assert is_page or target.startswith(("https://www.okx.com/docs-v5/", "https://pypi.org/project/")), target
    for name in re.findall(r"`client\.(\w+)", text):
        assert hasattr(sdk.MaxLoanClient, name)


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_readme(path: Path) -> None:
    """A README is short, and names every extra and the required Python version."""
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_README_LINES
    assert f"Python {PROJECT['requires-python'].removeprefix('>=')}" in text
    assert PROJECT["optional-dependencies"].keys() <= set(re.findall(r"`(\w+)`", text))


def test_variables() -> None:
    """The table of settings names the variables of `from_env`."""
    named = set(re.findall(r"OKX_\w+", (ROOT / "docs" / "en" / "settings.md").read_text(encoding="utf-8")))
    assert named == set(re.findall(r"OKX_\w+", inspect.getsource(settings_from_env))) | set(ENV_CREDENTIALS)
