"""Edits of a page, and what has to be said about each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from typing import Any, NamedTuple

from docs_watch.compare import Severity

from tests.docs_watch.pages import EN, Page, Row

WORDING, ADDITIVE, BREAKING = Severity
Change = Callable[[Page], Page]


class Edit(NamedTuple):
    """An edit of a page, and what has to be said about it."""

    id: str
    of: Change
    severity: Severity | None
    places: set[str]


def put(**changes: Any) -> Change:
    """Change a part of the page that is the same in both languages."""
    return lambda page: page.but(**changes)


def say(**texts: tuple[str, str]) -> Change:
    """Change a part of the page in its own language."""
    return lambda page: page.but(**{key: each[page.language == "zh"] for key, each in texts.items()})


def cell(table: str, name: str, /, **texts: tuple[str, str]) -> Change:
    """Change a row in the page's own language."""
    return lambda page: page.row(table, name, **{key: each[page.language == "zh"] for key, each in texts.items()})


def ask(name: str, about: tuple[str, str]) -> Change:
    """Change the description of a request parameter."""
    return cell("request", name, about=about)


def answer(name: str, about: tuple[str, str]) -> Change:
    """Change the description of a field."""
    return cell("response", name, about=about)


def add(table: str, row: Row, at: int = 2, required: tuple[str, str] = ("", "")) -> Change:
    """Add a row."""
    return lambda page: page.with_row(table, replace(row, required=required[page.language == "zh"]), at)


def drop(table: str, name: str) -> Change:
    """Take a row out."""
    return lambda page: page.without(table, name)


def chain(*edits: Change) -> Change:
    """Make several edits."""
    return lambda page: reduce(lambda now, edit: edit(now), edits, page)


def filled(pair: tuple[str, str], *words: str) -> tuple[str, str]:
    """Fill in both languages."""
    return pair[0].format(*words), pair[1].format(*words)


MODES = ("Kind of margin\n`isolated` `cross`{}", "保证金种类\n`isolated`：单独\n`cross`：共用{}")
SIDES = ("Which side the order takes\n{}", "买还是卖\n{}")
YES, NO, IF = ("Yes", "是"), ("No", "否"), ("Conditional", "条件必填")
ITEMS = ("One pair, or multiple pairs (no more than {}) with a comma between", "可以一次查多个（不超过{}个），逗号隔开")


WHOSE = Row("subAcct", "Whose? 谁的")
T = "request.instId.text"
M = "request.mgnMode.text"
S = "response.side.text"
SEEDED = [
    # the operation
    Edit("another path under the same title", put(path="/api/v6/account/max-loan"), BREAKING, {"path"}),
    Edit("another method under the same title", put(method="POST"), BREAKING, {"method"}),
    Edit("another title", put(title="Borrowing power 借"), WORDING, {"title"}),
    Edit("a notice", put(prose="This will go away. 即将下线"), WORDING, {"prose"}),
    # the limit
    Edit("fewer requests", say(rate=("Rate Limit: 10 requests per 2 seconds", "限速：10次/2s")), BREAKING, {"rate"}),
    Edit("more requests", say(rate=("Rate Limit: 40 requests per 2 seconds", "限速：40次/2s")), ADDITIVE, {"rate"}),
    Edit("a longer period", say(rate=("Rate Limit: 20 requests per 3 seconds", "限速：20次/3秒")), BREAKING, {"rate"}),
    Edit("a shorter burst", say(rate=("Rate limit: 10 requests per second", "限速：每秒10次请求")), BREAKING, {"rate"}),
    Edit("a longer window", say(rate=("Rate limit: 40 requests per 4 seconds", "限速：40次/4秒")), ADDITIVE, {"rate"}),
    Edit(
        "a second limit",
        say(rate=("Rate Limit: 20 requests per 2 seconds; 80 requests per 1 hour", "限速：20次/2s；80次/1小时")),
        BREAKING,
        {"rate"},
    ),
    Edit(
        "the same limit in other words",
        say(rate=("Rate limit：20 requests per 2 second", "限速：每2秒20次")),
        None,
        set(),
    ),
    Edit("counted by address", say(per=("Rate limit rule: IP", "限速规则：IP")), BREAKING, {"per"}),
    Edit(
        "counted by type too",
        say(per=("Rate limit rule: User ID + Instrument Type", "限速规则：User ID + 产品类型")),
        ADDITIVE,
        {"per"},
    ),
    # the permission
    Edit("a permission to trade", say(permission=("Permission: Trade", "权限：交易")), BREAKING, {"permission"}),
    # request parameters
    Edit("an optional parameter", add("request", WHOSE, required=NO), ADDITIVE, {"request.subAcct"}),
    Edit("a conditional parameter", add("request", WHOSE, required=IF), ADDITIVE, {"request.subAcct"}),
    Edit("a required parameter", add("request", WHOSE, required=YES), BREAKING, {"request.subAcct"}),
    Edit("a parameter gone", drop("request", "mgnCcy"), BREAKING, {"request.mgnCcy"}),
    Edit(
        "a parameter renamed", cell("request", "ccy", name=("coin", "coin")), BREAKING, {"request.ccy", "request.coin"}
    ),
    Edit("two parameters swapped", lambda page: page.but(request=page.request[::-1]), None, set()),
    Edit(
        "optional to required",
        cell("request", "tradeQuoteCcy", required=YES),
        BREAKING,
        {"request.tradeQuoteCcy.required"},
    ),
    Edit("conditional to required", cell("request", "instId", required=YES), BREAKING, {"request.instId.required"}),
    Edit("required to optional", cell("request", "mgnMode", required=NO), ADDITIVE, {"request.mgnMode.required"}),
    Edit("required to conditional", cell("request", "mgnMode", required=IF), ADDITIVE, {"request.mgnMode.required"}),
    Edit(
        "another type of parameter",
        cell("request", "ccy", type=("Array of strings", "Array of strings")),
        BREAKING,
        {"request.ccy.type"},
    ),
    Edit(
        "a list of values for a free parameter",
        ask("ccy", ("Coin\n`BTC` `ETH`", "币\n`BTC`：一\n`ETH`：二")),
        BREAKING,
        {"request.ccy.values", "request.ccy.text"},
    ),
    # values
    Edit("a new value", ask("mgnMode", filled(MODES, "\n`portfolio`")), ADDITIVE, {"request.mgnMode.values", M}),
    Edit(
        "a value gone",
        ask("mgnMode", ("Kind of margin\n`cross`", "保证金种类\n`cross`：共用")),
        BREAKING,
        {"request.mgnMode.values", M},
    ),
    Edit(
        "a value renamed",
        ask("mgnMode", ("Kind of margin\n`isolated` `shared`", "保证金种类\n`isolated`：单独\n`shared`：共用")),
        BREAKING,
        {"request.mgnMode.values", M},
    ),
    Edit(
        "values no longer listed",
        ask("mgnMode", ("Kind of margin", "保证金种类")),
        BREAKING,
        {"request.mgnMode.values", M},
    ),
    Edit(
        "values in another order",
        ask("mgnMode", ("Kind of margin\n`cross` `isolated`", "保证金种类\n`cross`：共用\n`isolated`：单独")),
        WORDING,
        {M},
    ),
    Edit(
        "values explained",
        ask(
            "mgnMode",
            ("Kind of margin\n`isolated`: apart\n`cross`: shared", "保证金种类\n`isolated`：分开\n`cross`：共用"),
        ),
        WORDING,
        {M},
    ),
    Edit("a value mentioned", ask("mgnMode", filled(MODES, "\nNot in `portfolio` mode 不用")), WORDING, {M}),
    # limits
    Edit("fewer items", ask("instId", filled(ITEMS, "3")), BREAKING, {"request.instId.limit", T}),
    Edit("more items", ask("instId", filled(ITEMS, "20")), ADDITIVE, {"request.instId.limit", T}),
    Edit(
        "more items in words",
        ask("instId", ("Up to ten pairs, comma between: multiple", "最多支持十个，用逗号隔开")),
        ADDITIVE,
        {"request.instId.limit", T},
    ),
    Edit(
        "no limit that can be read",
        ask("instId", ("Multiple pairs, a comma between", "可查多个，逗号隔开")),
        BREAKING,
        {"request.instId.limit", T},
    ),
    Edit(
        "a limit where none was",
        ask("ccy", ("Up to 3 coins, a comma between", "不超过3个币，逗号隔开")),
        BREAKING,
        {"request.ccy.limit", "request.ccy.text"},
    ),
    Edit(
        "the same limit in other words",
        ask("instId", ("At most five pairs, a comma between", "最多5个，逗号隔开")),
        WORDING,
        {T},
    ),
    # fields of the answer
    Edit("a new field", add("response", Row("quota", "What is left 剩下")), ADDITIVE, {"response.quota"}),
    Edit(
        "a nested field",
        chain(
            add("response", Row("> part", "Half 一半")),
            add("response", Row("tiers", "Steps 档", type="Array of objects")),
        ),
        ADDITIVE,
        {"response.tiers", "response.tiers.part"},
    ),
    Edit("a field gone", drop("response", "mgnCcy"), BREAKING, {"response.mgnCcy"}),
    Edit(
        "a field renamed",
        cell("response", "maxLoan", name=("loan", "loan")),
        BREAKING,
        {"response.maxLoan", "response.loan"},
    ),
    Edit(
        "another type of field",
        cell("response", "maxLoan", type=("Number", "Number")),
        BREAKING,
        {"response.maxLoan.type"},
    ),
    Edit(
        "a new value of a field",
        answer("side", filled(SIDES, "`buy` `sell` `net`")),
        ADDITIVE,
        {"response.side.values", S},
    ),
    Edit("a field in the example only", put(sample=(*EN.sample, "quota")), ADDITIVE, {"sample", "answers"}),
    Edit("a field no longer in the example", put(sample=EN.sample[1:]), WORDING, {"sample", "answers"}),
    Edit("another answer in the example", put(value="1"), WORDING, {"answers"}),
    # words and layout
    Edit("another example", put(queries=("mgnMode=cross&ccy=BTC",)), WORDING, {"examples"}),
    Edit("a description reworded", ask("ccy", ("The coin you want", "想借的币")), WORDING, {"request.ccy.text"}),
    Edit("a field reworded", answer("ccy", ("The coin you get", "得到的币")), WORDING, {"response.ccy.text"}),
    Edit(
        "a field struck out", answer("mgnCcy", ("~~The coin put up~~", "~~押的币~~")), WORDING, {"response.mgnCcy.text"}
    ),
    Edit("another capital letter", answer("ccy", ("The Coin of the loan", "借的币。")), WORDING, {"response.ccy.text"}),
    Edit(
        "other white space",
        ask("ccy", ("The  coin\nto be borrowed For `Spot mode` only", "要借的 币  只在 `现货模式`可用")),
        None,
        set(),
    ),
    Edit("nothing", lambda page: page, None, set()),
]
