"""Command okx-maxloan show: parameters that OKX adds, every pair, several accounts; cases.toml has the rest."""

import gc
import json
import threading
from collections.abc import Generator
from typing import TypedDict

import attrs
import pytest
from okx_maxloan_api.contract import GET_MAX_LOAN

from okx_maxloan_sdk import MaxLoanClient
from okx_maxloan_sdk.batching import BatchResult
from okx_maxloan_sdk.mock.market import PAIRS
from okx_maxloan_sdk.mock.server import MockServer
from tests.support.contract_values import MODES

from .conftest import Run

ENGLISH, CHINESE = "Which\n`kind`, e.g. 1.", "哪一种`类型`。"
OPEN = {name for name, pair in PAIRS.items() if pair.state == "live"}
LOANS = "/api/v5/account/max-loan"


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
@pytest.mark.parametrize(("lang", "description"), [("en", "Which kind, e.g. 1."), ("zh", "哪一种类型。")])
def test_help_on_new_parameters(run: Run, lang: str, description: str) -> None:
    """Help shows its description, in the language, and the values if they are closed."""
    text = run("show", "--help", "--lang", lang).out
    assert f"--new-kind [{'|'.join(MODES)}]" in text
    assert "--class VALUE" in text
    assert text.count(description) == 2


@pytest.mark.parametrize(
    ("user", "arguments", "rule", "message"),
    [
        ("spot", ["--mode", "isolated"], "spot-is-cross", "no isolated margin"),
        ("spot_plain", [], "spot-needs-borrowing", "borrowing to be enabled"),
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


def test_all(run: Run, exchange: MockServer) -> None:
    """--all queries every live pair of the account; failures are named and the other rows are shown."""
    code, out, err = run("show", "--all", "--json")
    assert (code, err) == (0, "")
    assert sorted(row["inst_id"] for row in json.loads(out)) == sorted([*OPEN, *OPEN])
    exchange.exchange.fail_next(1, code="50064", path=LOANS)
    code, out, err = run("show", "--all", "--json")
    assert code == 3
    assert {*(row["inst_id"] for row in json.loads(out)), *err.partition(":")[0].split(", ")} == OPEN
    assert "rejected the request with code 50064" in err


# Requests that were in flight when it gave up end by themselves, after the client was closed.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_all_gives_up_after_many_rejections(run: Run, exchange: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the first pairs are all rejected, the rest is not sent."""
    many = {f"A{number}-USDT": attrs.evolve(PAIRS["BTC-USDT"], base=f"A{number}") for number in range(600)}
    monkeypatch.setattr("okx_maxloan_sdk.mock.market.PAIRS", many)
    exchange.exchange.fail_next(1000, code="51010", path=LOANS)
    code, out, err = run("show", "--all")
    assert (code, out) == (1, "")
    assert err.count("rejected the request with code 51010") == 1
    for thread in threading.enumerate():
        if thread.name.startswith("okx-maxloan"):
            thread.join(10)
    gc.collect()
    assert len(exchange.exchange.log) < 60


@pytest.mark.usefixtures("profiles")
@pytest.mark.parametrize("query", [["btc-usdt", "--mgn-ccy", "btc"], ["--all"]])
@pytest.mark.parametrize("form", ["table", "json", "ndjson", "csv"])
def test_several_profiles(run: Run, query: list[str], form: str) -> None:
    """Accounts are shown one after the other, with a column or key for the profile; a failing one hides no other."""
    profiles = ["--profile", "wrong", "--profile", "futures" if "--mgn-ccy" in query else "spot"]
    code, out, err = run("show", *query, *profiles, "--format", form)
    assert code == 3
    assert out.count(profiles[-1]) == 2 * (len(OPEN) if query == ["--all"] else 1)
    assert "wrong" not in out
    assert ("Profile" if form == "table" else "profile") in out
    assert err.startswith("[wrong] ")
    assert "50105" in err


@pytest.mark.usefixtures("profiles")
def test_one_profile_several_times(run: Run) -> None:
    """The exit code is that of the accounts together, and their failures are in the order of the options."""
    code, out, err = run("show", "BTC-USDT", "--profile", "spot", "--profile", "spot", "--json")
    assert (code, err, len(json.loads(out))) == (0, "", 4)
    code, _, err = run("show", "BTC-USDT", "--profile", "wrong", "--profile", "futures")
    assert (code, [line.split()[0] for line in err.splitlines() if line[0] == "["]) == (1, ["[wrong]", "[futures]"])


def test_site(run: Run, exchange: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """--site selects the URL, in any case of its letters."""
    monkeypatch.setattr("okx_maxloan_sdk.Site.EEA._value_", exchange.url)
    monkeypatch.delenv("OKX_BASE_URL")
    assert run("show", "BTC-USDT", "--site", "EEA").code == 0
    assert exchange.exchange.log
