"""Rows as table, JSON, NDJSON and CSV; cases.toml has the tables and documents of usual rows."""

import csv
import io
from collections.abc import Callable
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import pytest
from okx_maxloan_api.contract import GET_MAX_LOAN

from okx_maxloan_sdk.cli.render import loan_fields, print_csv
from tests.support.contract_values import loan

from .conftest import Run


@pytest.mark.parametrize("width", [40, 100])
def test_colour_is_for_terminals(
    run: Run, terminal: Callable[[int], None], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    """Sides have a colour on a terminal, wide or narrow, unless NO_COLOR is set, and none in a pipe."""
    command = ("show", "BTC-USDT", "--mock")
    assert "\x1b[" not in run(*command).out
    terminal(width)
    assert "\x1b[31m" not in run(*command).out
    monkeypatch.delenv("NO_COLOR")
    assert "\x1b[31msell" in run(*command).out


def test_csv_has_fields_that_came_later(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A field that only the contract knows is the last column; a value that is no text is written as JSON."""
    later = tuple(GET_MAX_LOAN.fields[-1]._replace(attribute=name) for name in ("flag", "tags", "word"))
    grown = GET_MAX_LOAN._replace(fields=GET_MAX_LOAN.fields + later)
    monkeypatch.setattr("okx_maxloan_sdk.cli.render.GET_MAX_LOAN", grown)
    row: Any = SimpleNamespace(**asdict(loan()), flag=True, tags=["a", "b"], word="x")
    print_csv([loan_fields(row)])
    (columns,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert list(columns.items())[-3:] == [("flag", "true"), ("tags", '["a", "b"]'), ("word", "x")]
