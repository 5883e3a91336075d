"""Command okx-maxloan show."""

from __future__ import annotations

import csv
import gc
import io
import json
import threading
from typing import TYPE_CHECKING, TypedDict

import attrs
import pytest
from okx_maxloan_api.contract import GET_MAX_LOAN

from okx_maxloan_sdk import MaxLoanClient
from okx_maxloan_sdk.mock.margin import PAIRS
from tests.support.contract_values import MODES, SIZE

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from okx_maxloan_sdk.batching import BatchResult
    from okx_maxloan_sdk.mock.server import MockServer

    from .conftest import Run

ENGLISH, CHINESE = "Which `kind`, e.g. 1. More of it.", "哪一种`类型`。其余说明。"
OPEN = {name for name, pair in PAIRS.items() if pair.state == "live"}


def test_demo(run: Run) -> None:
    """The command of `make demo` prints a header and six rows, without keys."""
    code, out, err = run("show", "BTC-USDT", "ETH-USDT", "SOL-USDT", "--mode", "cross", "--mock")
    assert (code, err) == (0, "")
    assert [line.split()[:2] for line in out.splitlines()][1:] == [
        [pair, "cross"] for pair in ("BTC-USDT", "ETH-USDT", "SOL-USDT") for _ in range(2)
    ]


def test_pairs_of_the_environments_account(run: Run, exchange: MockServer) -> None:
    """The environment selects the account; rows come in the order of the pairs, joined by commas or not."""
    code, out, _ = run("show", "ETH-USDT,BTC-USDT", "SOL-USDT", "--format", "json")
    assert code == 0
    assert [row["inst_id"] for row in json.loads(out)][::2] == ["ETH-USDT", "BTC-USDT", "SOL-USDT"]
    assert [each.status for each in exchange.exchange.log] == [200]


@pytest.mark.parametrize(
    ("arguments", "user", "row"),
    [
        (["--ccy", "USDT"], "spot", {"ccy": "USDT", "inst_id": ""}),
        (["BTC-USDT", "--mode", "isolated"], "futures", {"mgn_mode": "isolated"}),
        (["BTC-USDT", "--mgn-ccy", "BTC"], "futures", {"mgn_ccy": "BTC"}),
        (["BTC-USDC", "--trade-quote-ccy", "USD"], "spot", {"inst_id": "BTC-USDC", "ccy": "USD"}),
    ],
)
def test_parameters(run: Run, arguments: list[str], user: str, row: dict[str, str]) -> None:
    """Each parameter of the endpoint has an option."""
    code, out, err = run("show", *arguments, "--mock-user", user, "--format", "ndjson")
    assert (code, err) == (0, "")
    assert row.items() <= json.loads(out.splitlines()[-1]).items()


class ExtraParameters(TypedDict, total=False):
    """Parameters that OKX might add later."""

    new_kind: str
    class_: str


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """Add parameters to the contract; yield the parameters that the client receives."""
    mode, inst_id, *_ = GET_MAX_LOAN.parameters
    new = (
        mode._replace(name="newKind", attribute="new_kind", required=False, en=ENGLISH, zh=CHINESE),
        inst_id._replace(name="class", attribute="class_", en=ENGLISH, zh=CHINESE),
    )
    grown = GET_MAX_LOAN._replace(parameters=GET_MAX_LOAN.parameters + new)
    monkeypatch.setattr("okx_maxloan_sdk.cli.query.GET_MAX_LOAN", grown)
    monkeypatch.setattr("okx_maxloan_sdk.cli.query.ExtraParameters", ExtraParameters)
    received: list[dict[str, str]] = []

    def stream(*_: object, **given: str) -> Generator[BatchResult, None, None]:
        received.append(given)
        yield from ()

    monkeypatch.setattr(MaxLoanClient, "iter_max_loan", stream)
    monkeypatch.setattr(MaxLoanClient, "get_max_loan", lambda *_, **given: list(stream(**given)))
    return received


@pytest.mark.parametrize("command", [("show", "BTC-USDT"), ("show", "--all"), ("watch", "BTC-USDT", "--count", "1")])
def test_new_parameters(run: Run, newer: list[dict[str, str]], command: tuple[str, ...]) -> None:
    """A parameter that only the contract knows is an option, and is passed on only if given."""
    assert run(*command, "--mock").code == 0
    assert run(*command, "--mock", "--new-kind", "cross", "--class", "a,b").code == 0
    before, now = newer
    assert {**before, "new_kind": "cross", "class_": "a,b"} == now
    assert not before.keys() & {"new_kind", "class_"}
    assert "Did you mean cross?" in run(*command, "--mock", "--new-kind", "corss").err


@pytest.mark.usefixtures("newer")
@pytest.mark.parametrize(("lang", "description"), [("en", "Which kind, e.g. 1.\n"), ("zh", "哪一种类型。\n")])
def test_help_on_new_parameters(run: Run, lang: str, description: str) -> None:
    """Help shows the first sentence of its description, in the language, and the values if they are closed."""
    text = run("show", "--help", "--lang", lang).out
    assert f"--new-kind [{'|'.join(MODES)}]" in text
    assert "--class VALUE" in text
    assert text.count(description) == 2


@pytest.mark.usefixtures("exchange")
def test_some_fail(run: Run) -> None:
    """Available rows are printed, failures named with a suggestion, and the exit code is 3."""
    code, out, err = run("show", "BTC-USDT", "BTC-USTD", "NEWCO-USDT", "--format", "csv")
    assert code == 3
    assert {row["inst_id"] for row in csv.DictReader(io.StringIO(out))} == {"BTC-USDT"}
    assert "BTC-USTD: OKX rejected the request with code 51001" in err
    assert "NEWCO-USDT: OKX rejected the request with code 51021" in err
    assert "BTC-USTD is not a margin pair of this account. Did you mean BTC-USDT?" in err
    assert "instId" not in err


@pytest.mark.usefixtures("exchange")
@pytest.mark.parametrize("form", ["table", "json", "ndjson", "csv"])
def test_no_such_pair(run: Run, form: str) -> None:
    """Pairs that do not exist exit with 1 and print nothing on stdout, in every format."""
    for pairs in (["BTC-USTD"], ["BTC-USTD", "NEWCO-USDT"]):
        code, out, err = run("show", *pairs, "--format", form)
        assert (code, out) == (1, "")
        assert "Did you mean BTC-USDT?" in err


def test_wrong_format_is_not_sent(run: Run, exchange: MockServer) -> None:
    """A pair in another exchange's format is named with OKX's format before anything is sent."""
    code, out, err = run("show", "BTC/USDT")
    assert (code, out) == (2, "")
    assert "'BTC/USDT'" in err
    assert "Did you mean BTC-USDT?" in err
    assert not exchange.exchange.log


@pytest.mark.parametrize(
    ("user", "arguments", "rule", "message"),
    [
        ("spot", ["--mode", "isolated"], "spot-is-cross", "no isolated margin"),
        ("spot", ["--mgn-ccy", "BTC"], "cross-margin-currency-is-futures", "Futures mode only"),
        ("spot_plain", [], "spot-needs-borrowing", "borrowing to be enabled"),
        ("futures", [], "futures-cross-needs-margin-currency", "mgnCcy"),
        ("portfolio", ["--mode", "isolated"], "isolated-is-futures", "no longer offer isolated margin"),
        ("spot", ["ETH-USDT", "--mode", "isolated"], "spot-is-cross", "no isolated margin"),
        ("spot_plain", ["ETH-USDT", "SOL-USDT"], "spot-needs-borrowing", "borrowing to be enabled"),
    ],
)
def test_account_is_the_cause(run: Run, user: str, arguments: list[str], rule: str, message: str) -> None:
    """If no pair is invalid, the account is fetched and its rules explain the error: 2 before sending, else a hint."""
    bases = {each.id: each.basis for each in GET_MAX_LOAN.rules}
    if rule not in bases:
        pytest.skip("OKX has refuted the rule")
    result = run("show", "BTC-USDT", *arguments, "--mock-user", user)
    assert (result.code, result.out) == (1 if bases[rule] == "inferred" else 2, "")
    assert message in result.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "pairs such as BTC-USDT, or --ccy USDT, or --all"),
        (["--all", "BTC-USDT"], "leave out BTC-USDT"),
        (["--all", "--ccy", "USDT"], "leave out --ccy"),
        (["BTC-USDT", "--ccy", "usdt"], "leave out BTC-USDT or --ccy USDT"),
        (["BTC-USDT", "--mock", "--profile", "bot"], "--mock and --profile exclude each other"),
        (["BTC-USDT", "--site", "eaa"], "Did you mean eea?"),
        (["BTC-USDT", "--mode", "croos"], "Did you mean cross?"),
        (["BTC-USDT", "--format", "jsno"], "Did you mean json?"),
        (["BTC-USDT", "--mock-user", "sopt"], "Did you mean spot?"),
        (["BTC-USDT"], "OKX_API_KEY"),
        (["BTC-USDT", "--profile", "bot"], "config.toml"),
    ],
)
def test_wrong_arguments(run: Run, arguments: list[str], message: str) -> None:
    """Invalid parameters exit with 2, with the reason and the nearest word."""
    code, out, err = run("show", *arguments)
    assert (code, out) == (2, "")
    assert message in err


@pytest.mark.usefixtures("exchange")
def test_all(run: Run) -> None:
    """--all queries every live pair of the account."""
    code, out, err = run("show", "--all", "--format", "json")
    assert (code, err) == (0, "")
    assert {row["inst_id"] for row in json.loads(out)} == OPEN
    assert len(json.loads(out)) == 2 * len(OPEN)


def test_all_with_failures(run: Run, exchange: MockServer) -> None:
    """With --all, failures are named and the other rows are shown."""
    exchange.exchange.fail_next(1, code="50064", path="/api/v5/account/max-loan")
    code, out, err = run("show", "--all", "--format", "ndjson")
    assert code == 3
    printed = {json.loads(line)["inst_id"] for line in out.splitlines()}
    assert {*printed, *err.partition(":")[0].split(", ")} == OPEN
    assert "rejected the request with code 50064" in err


EMPTY = '{"code": "0", "msg": "", "data": []}'


@pytest.mark.parametrize("arguments", [["BTC-USDT"], ["--all"], ["--ccy", "BTC"]])
def test_missing_data(run: Run, exchange: MockServer, arguments: list[str]) -> None:
    """A pair for which OKX returns no row is named on stderr, and the exit code is 3."""
    exchange.exchange.fail_next(1, status=200, html=EMPTY, path="/api/v5/account/max-loan")
    code, out, err = run("show", *arguments, "--format", "csv")
    assert code == 3
    printed = {row["inst_id"] for row in csv.DictReader(io.StringIO(out))}
    named = set(err.partition(": OKX returned no data for ")[0].split(", "))
    assert named | printed == (OPEN if arguments == ["--all"] else {arguments[-1]})
    assert not named & printed
    assert len(named) <= SIZE, "one request had no data, whichever arrived first"
    assert "delisted" in err


def test_all_gives_up(run: Run) -> None:
    """A request that the account rejects for every pair is not sent for all of them."""
    code, out, err = run("show", "--all", "--mode", "isolated", "--mock-user", "spot")
    assert (code, out) == (2, "")
    assert "no isolated margin" in err


# Requests that were in flight when it gave up end by themselves, after the client was closed.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_all_gives_up_after_many_rejections(run: Run, exchange: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the first pairs are all rejected, the rest is not sent."""
    many = {f"A{number}-USDT": attrs.evolve(PAIRS["BTC-USDT"], base=f"A{number}") for number in range(600)}
    monkeypatch.setattr("okx_maxloan_sdk.mock.rows.PAIRS", many)
    exchange.exchange.fail_next(1000, code="51010", path="/api/v5/account/max-loan")
    code, out, err = run("show", "--all")
    assert (code, out) == (1, "")
    assert err.count("rejected the request with code 51010") == 1
    for thread in threading.enumerate():
        if thread.name.startswith("okx-maxloan"):
            thread.join(10)
    gc.collect()
    assert len(exchange.exchange.log) < 60


@pytest.fixture
def profiles(exchange: MockServer, tmp_path: Path) -> MockServer:
    """Write a profile for each user of the exchange, one with a wrong passphrase, and one of another site."""
    file = tmp_path / "config" / "okx-maxloan" / "config.toml"
    file.parent.mkdir(parents=True)
    tables = []
    for name in ("spot", "futures", "wrong"):
        key = exchange.key("spot" if name == "wrong" else name)
        passphrase = "Wrong-1" if name == "wrong" else key.passphrase
        parts = {"key": key.key, "secret": key.secret, "passphrase": passphrase, "base_url": exchange.url}
        tables.append(f"[{name}]\n" + "".join(f'{part} = "{value}"\n' for part, value in parts.items()))
    file.write_text("".join(tables))
    file.chmod(0o600)
    return exchange


@pytest.mark.usefixtures("profiles")
def test_several_profiles(run: Run) -> None:
    """Accounts are shown side by side; a failing one is named and hides no other."""
    several = ["--profile", "spot", "--profile", "futures", "--profile", "wrong"]
    code, out, err = run("show", "btc-usdt", *several, "--mgn-ccy", "btc", "--format", "csv")
    assert code == 3
    assert {row["profile"] for row in csv.DictReader(io.StringIO(out))} <= {"spot", "futures"}
    assert "[wrong] " in err
    assert "50105" in err
    code, out, err = run("show", "BTC-USDT", "--profile", "spot", "--profile", "spot", "--json")
    assert (code, err) == (0, "")
    assert {row["profile"] for row in json.loads(out)} == {"spot"}
    assert run("show", "BTC-USDT", "--profile", "wrong", "--profile", "wrong").code == 1


@pytest.mark.usefixtures("profiles")
def test_all_of_several_profiles(run: Run) -> None:
    """--all queries every account, even if one fails."""
    code, out, err = run("show", "--all", "--profile", "wrong", "--profile", "spot", "--format", "csv")
    assert code == 3
    rows = list(csv.DictReader(io.StringIO(out)))
    assert {row["inst_id"] for row in rows} == OPEN
    assert {row["profile"] for row in rows} == {"spot"}
    assert "[wrong] " in err


def test_site_and_demo(run: Run, exchange: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """--demo sends the demo trading header, --site selects the URL; both override the environment."""
    code, _, err = run("show", "BTC-USDT", "--demo")
    assert code == 2
    assert "50101" in err
    assert run("show", "BTC-USDT", "--mock", "--demo").code == 0
    monkeypatch.setattr("okx_maxloan_sdk.Site.EEA._value_", exchange.url)
    monkeypatch.delenv("OKX_BASE_URL")
    assert run("show", "BTC-USDT", "--site", "EEA").code == 0


@pytest.mark.usefixtures("exchange")
def test_no_network(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing response is reported with advice, once for many pairs."""
    monkeypatch.setenv("OKX_BASE_URL", "http://127.0.0.1:9")
    for pairs in (["BTC-USDT"], [f"A{number}-USDT" for number in range(7)]):
        code, out, err = run("show", *pairs)
        assert (code, out) == (1, "")
        assert err.count("\n") == 1
        assert "No response from http://127.0.0.1:9" in err
        assert "okx-maxloan doctor" in err


@pytest.mark.usefixtures("exchange")
def test_limiter(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """--limiter and OKX_LIMITER select the shared limiter; an invalid one is rejected."""
    folder = (tmp_path / "limit").as_uri()
    assert run("show", "BTC-USDT", "--limiter", folder).code == 0
    monkeypatch.setenv("OKX_LIMITER", "carrier-pigeon:x")
    code, _, err = run("show", "BTC-USDT")
    assert code == 2
    assert "carrier-pigeon" in err


@pytest.mark.usefixtures("exchange")
def test_chinese(run: Run) -> None:
    """In Chinese, headings, errors and rules are Chinese."""
    assert "最大可借" in run("show", "BTC-USDT", "--lang", "zh").out
    assert "请说明要查询什么" in run("show", "--lang", "zh").err
    assert "您是不是想输入 BTC-USDT？" in run("show", "BTC-USTD", "--lang", "zh").err
    assert "现货模式没有逐仓杠杆" in run("show", "BTC-USDT", "--mode", "isolated", "--lang", "zh").err
