"""Edits of a page, each with the differences that check_docs.py must report."""

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
    """An edit of a page and the expected report."""

    id: str
    apply: Change
    severity: Severity | None
    places: set[str]


def set_parts(**changes: Any) -> Change:
    """Change a part of the page that is the same in both languages."""
    return lambda page: page.with_parts(**changes)


def set_texts(**texts: tuple[str, str]) -> Change:
    """Change texts of the page; each has an English and a Chinese form."""
    return lambda page: page.with_parts(**{key: each[page.language == "zh"] for key, each in texts.items()})


def set_cells(table: str, name: str, /, **texts: tuple[str, str]) -> Change:
    """Change cells of a row; each text has an English and a Chinese form."""
    return lambda page: page.row(table, name, **{key: each[page.language == "zh"] for key, each in texts.items()})


def describe_parameter(name: str, description: tuple[str, str]) -> Change:
    """Change the description of a request parameter."""
    return set_cells("request", name, description=description)


def describe_field(name: str, description: tuple[str, str]) -> Change:
    """Change the description of a field."""
    return set_cells("response", name, description=description)


def add_row(table: str, row: Row, at: int = 2, required: tuple[str, str] = ("", "")) -> Change:
    """Add a row."""
    return lambda page: page.with_row(table, replace(row, required=required[page.language == "zh"]), at)


def drop_row(table: str, name: str) -> Change:
    """Remove a row."""
    return lambda page: page.without(table, name)


def chain(*edits: Change) -> Change:
    """Apply several edits in order."""
    return lambda page: reduce(lambda now, edit: edit(now), edits, page)


def fill(pair: tuple[str, str], *values: str) -> tuple[str, str]:
    """Format a text in both languages."""
    return pair[0].format(*values), pair[1].format(*values)


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
    Edit("another path under the same title", set_parts(path="/api/v6/account/max-loan"), BREAKING, {"path"}),
    Edit("another method under the same title", set_parts(method="POST"), BREAKING, {"method"}),
    Edit("another title", set_parts(title="Borrowing power 借"), WORDING, {"title"}),
    Edit("a notice", set_parts(prose="This will go away. 即将下线"), WORDING, {"prose"}),
    # the rate limit
    Edit(
        "fewer requests", set_texts(rate=("Rate Limit: 10 requests per 2 seconds", "限速：10次/2s")), BREAKING, {"rate"}
    ),
    Edit(
        "more requests", set_texts(rate=("Rate Limit: 40 requests per 2 seconds", "限速：40次/2s")), ADDITIVE, {"rate"}
    ),
    Edit(
        "a longer period",
        set_texts(rate=("Rate Limit: 20 requests per 3 seconds", "限速：20次/3秒")),
        BREAKING,
        {"rate"},
    ),
    Edit(
        "a shorter burst",
        set_texts(rate=("Rate limit: 10 requests per second", "限速：每秒10次请求")),
        BREAKING,
        {"rate"},
    ),
    Edit(
        "a longer window",
        set_texts(rate=("Rate limit: 40 requests per 4 seconds", "限速：40次/4秒")),
        ADDITIVE,
        {"rate"},
    ),
    Edit(
        "a second limit",
        set_texts(rate=("Rate Limit: 20 requests per 2 seconds; 80 requests per 1 hour", "限速：20次/2s；80次/1小时")),
        BREAKING,
        {"rate"},
    ),
    Edit(
        "the same limit in other words",
        set_texts(rate=("Rate limit：20 requests per 2 second", "限速：每2秒20次")),
        None,
        set(),
    ),
    Edit("counted by address", set_texts(per=("Rate limit rule: IP", "限速规则：IP")), BREAKING, {"per"}),
    Edit(
        "counted by type too",
        set_texts(per=("Rate limit rule: User ID + Instrument Type", "限速规则：User ID + 产品类型")),
        ADDITIVE,
        {"per"},
    ),
    # the permission
    Edit("a permission to trade", set_texts(permission=("Permission: Trade", "权限：交易")), BREAKING, {"permission"}),
    # request parameters
    Edit("an optional parameter", add_row("request", WHOSE, required=NO), ADDITIVE, {"request.subAcct"}),
    Edit("a conditional parameter", add_row("request", WHOSE, required=IF), ADDITIVE, {"request.subAcct"}),
    Edit("a required parameter", add_row("request", WHOSE, required=YES), BREAKING, {"request.subAcct"}),
    Edit("a parameter gone", drop_row("request", "mgnCcy"), BREAKING, {"request.mgnCcy"}),
    Edit(
        "a parameter renamed",
        set_cells("request", "ccy", name=("coin", "coin")),
        BREAKING,
        {"request.ccy", "request.coin"},
    ),
    Edit("two parameters swapped", lambda page: page.with_parts(request=page.request[::-1]), None, set()),
    Edit(
        "optional to required",
        set_cells("request", "tradeQuoteCcy", required=YES),
        BREAKING,
        {"request.tradeQuoteCcy.required"},
    ),
    Edit(
        "conditional to required", set_cells("request", "instId", required=YES), BREAKING, {"request.instId.required"}
    ),
    Edit("required to optional", set_cells("request", "mgnMode", required=NO), ADDITIVE, {"request.mgnMode.required"}),
    Edit(
        "required to conditional", set_cells("request", "mgnMode", required=IF), ADDITIVE, {"request.mgnMode.required"}
    ),
    Edit(
        "another type of parameter",
        set_cells("request", "ccy", type=("Array of strings", "Array of strings")),
        BREAKING,
        {"request.ccy.type"},
    ),
    Edit(
        "a list of values for a free parameter",
        describe_parameter("ccy", ("Coin\n`BTC` `ETH`", "币\n`BTC`：一\n`ETH`：二")),
        BREAKING,
        {"request.ccy.values", "request.ccy.text"},
    ),
    # values
    Edit(
        "a new value",
        describe_parameter("mgnMode", fill(MODES, "\n`portfolio`")),
        ADDITIVE,
        {"request.mgnMode.values", M},
    ),
    Edit(
        "a value gone",
        describe_parameter("mgnMode", ("Kind of margin\n`cross`", "保证金种类\n`cross`：共用")),
        BREAKING,
        {"request.mgnMode.values", M},
    ),
    Edit(
        "a value renamed",
        describe_parameter(
            "mgnMode", ("Kind of margin\n`isolated` `shared`", "保证金种类\n`isolated`：单独\n`shared`：共用")
        ),
        BREAKING,
        {"request.mgnMode.values", M},
    ),
    Edit(
        "values no longer listed",
        describe_parameter("mgnMode", ("Kind of margin", "保证金种类")),
        BREAKING,
        {"request.mgnMode.values", M},
    ),
    Edit(
        "values in another order",
        describe_parameter(
            "mgnMode", ("Kind of margin\n`cross` `isolated`", "保证金种类\n`cross`：共用\n`isolated`：单独")
        ),
        WORDING,
        {M},
    ),
    Edit(
        "values explained",
        describe_parameter(
            "mgnMode",
            ("Kind of margin\n`isolated`: apart\n`cross`: shared", "保证金种类\n`isolated`：分开\n`cross`：共用"),
        ),
        WORDING,
        {M},
    ),
    Edit(
        "a value mentioned", describe_parameter("mgnMode", fill(MODES, "\nNot in `portfolio` mode 不用")), WORDING, {M}
    ),
    # limits
    Edit("fewer items", describe_parameter("instId", fill(ITEMS, "3")), BREAKING, {"request.instId.limit", T}),
    Edit("more items", describe_parameter("instId", fill(ITEMS, "20")), ADDITIVE, {"request.instId.limit", T}),
    Edit(
        "more items in words",
        describe_parameter("instId", ("Up to ten pairs, comma between: multiple", "最多支持十个，用逗号隔开")),
        ADDITIVE,
        {"request.instId.limit", T},
    ),
    Edit(
        "no limit that can be read",
        describe_parameter("instId", ("Multiple pairs, a comma between", "可查多个，逗号隔开")),
        BREAKING,
        {"request.instId.limit", T},
    ),
    Edit(
        "a limit where none was",
        describe_parameter("ccy", ("Up to 3 coins, a comma between", "不超过3个币，逗号隔开")),
        BREAKING,
        {"request.ccy.limit", "request.ccy.text"},
    ),
    Edit(
        "the same limit in other words",
        describe_parameter("instId", ("At most five pairs, a comma between", "最多5个，逗号隔开")),
        WORDING,
        {T},
    ),
    # response fields
    Edit("a new field", add_row("response", Row("quota", "What is left 剩下")), ADDITIVE, {"response.quota"}),
    Edit(
        "a nested field",
        chain(
            add_row("response", Row("> part", "Half 一半")),
            add_row("response", Row("tiers", "Steps 档", type="Array of objects")),
        ),
        ADDITIVE,
        {"response.tiers", "response.tiers.part"},
    ),
    Edit("a field gone", drop_row("response", "mgnCcy"), BREAKING, {"response.mgnCcy"}),
    Edit(
        "a field renamed",
        set_cells("response", "maxLoan", name=("loan", "loan")),
        BREAKING,
        {"response.maxLoan", "response.loan"},
    ),
    Edit(
        "another type of field",
        set_cells("response", "maxLoan", type=("Number", "Number")),
        BREAKING,
        {"response.maxLoan.type"},
    ),
    Edit(
        "a new value of a field",
        describe_field("side", fill(SIDES, "`buy` `sell` `net`")),
        ADDITIVE,
        {"response.side.values", S},
    ),
    Edit("a field in the example only", set_parts(sample=(*EN.sample, "quota")), ADDITIVE, {"sample", "answers"}),
    Edit("a field no longer in the example", set_parts(sample=EN.sample[1:]), WORDING, {"sample", "answers"}),
    Edit("another answer in the example", set_parts(value="1"), WORDING, {"answers"}),
    # texts and layout
    Edit("another example", set_parts(queries=("mgnMode=cross&ccy=BTC",)), WORDING, {"examples"}),
    Edit(
        "a description reworded",
        describe_parameter("ccy", ("The coin you want", "想借的币")),
        WORDING,
        {"request.ccy.text"},
    ),
    Edit("a field reworded", describe_field("ccy", ("The coin you get", "得到的币")), WORDING, {"response.ccy.text"}),
    Edit(
        "a field struck out",
        describe_field("mgnCcy", ("~~The coin put up~~", "~~押的币~~")),
        WORDING,
        {"response.mgnCcy.text"},
    ),
    Edit(
        "another capital letter",
        describe_field("ccy", ("The Coin of the loan", "借的币。")),
        WORDING,
        {"response.ccy.text"},
    ),
    Edit(
        "other white space",
        describe_parameter("ccy", ("The  coin\nto be borrowed For `Spot mode` only", "要借的 币  只在 `现货模式`可用")),
        None,
        set(),
    ),
    Edit("nothing", lambda page: page, None, set()),
]
