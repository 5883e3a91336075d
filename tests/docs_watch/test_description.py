"""description.py: the values that a description lists, and its limit of items."""

import time

import pytest
from docs_watch.description import limit, values
from docs_watch.facts import PageParseError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kind\n`isolated` `cross`", {"isolated": "", "cross": ""}),
        ("Kind\n`isolated`, `cross` or `none`", {"isolated": "", "cross": "", "none": ""}),
        ("种类\n`isolated`：单独\n`cross`：共用", {"isolated": "单独", "cross": "共用"}),
        ("State\n`live`   \n`stop`. It stops", {"live": "", "stop": "It stops"}),
        ("Role\n`0`: Nobody；`1`: Somebody", {"0": "Nobody", "1": "Somebody"}),
        ("Which, `C`: Call `P`: Put", {"C": "Call", "P": "Put"}),
        ('Kind\n`1`: Coin\n`""`: Unknown', {"1": "Coin", "": "Unknown"}),
        ("~~Gone\n`1`: Once~~", {"1": "Once"}),
        ("For `isolated` `MARGIN` in `Spot mode`", {}),
        ("`现货模式`下可用", {}),
        ("Pairs, e.g. `BTC-USDT,ETH-USDT`", {}),
        ("In the coin that `ctType`: says", {}),
        ("`0` means nothing", {}),
        ("Mode\n`a` `b`\n`c`, only for x", {"a": "", "b": "", "c": "only for x"}),
        ("方式\n`a`：一\n`c`，仅用于带单", {"a": "一", "c": "仅用于带单"}),
        ("Mode\n`a` `b`\n`c` (new)", {"a": "", "b": "", "c": "new"}),
        ("Mode\n`a`, of x\n`b`, of y", {"a": "of x", "b": "of y"}),
        ("Mode\n`a` - of x\n`b` - of y", {"a": "of x", "b": "of y"}),
        ("Mode\n`0` = off, `1` = on", {"0": "off", "1": "on"}),
        ("Mode\n- `a`\n- `b`", {"a": "", "b": ""}),
        ("Mode\n1. `a`\n2. `b`", {"a": "", "b": ""}),
        ("Order side, `buy` `sell`", {"buy": "", "sell": ""}),
        ("订单方向，`buy` `sell`", {"buy": "", "sell": ""}),
        ("Side: `buy`, `sell`, as ordered", {"buy": "", "sell": ""}),
        ("Side (`buy` or `sell`)", {"buy": "", "sell": ""}),
        ("Kind. `a` (default) / `b`. More", {"a": "", "b": ""}),
        ("Valid values are `a` and `b`.", {"a": "", "b": ""}),
        ("取值为 `a`、`b`", {"a": "", "b": ""}),
        ("`a`逐仓 `b`全仓", {"a": "", "b": ""}),
        ("`a` 逐仓 `b` 全仓", {"a": "", "b": ""}),
        ("方式\n`a` 逐仓\n`b` 全仓", {"a": "", "b": ""}),
        ("买卖，`a`（买入）`b`（卖出）", {"a": "", "b": ""}),
        ("方式\n`a` 逐仓", {}),
        ("Apart: `a`, together: `b`", {"a": "", "b": ""}),
        ("方式\n逐仓：`a`\n全仓：`b`", {"a": "", "b": ""}),
        ("买卖，`a` 买入 `b` 卖出", {"a": "", "b": ""}),
        ("买卖：买 `a`、卖 `b`", {"a": "", "b": ""}),
        ("买卖（买入`a`，卖出`b`）", {"a": "", "b": ""}),
        ("方式\n逐仓 `a`\n全仓 `b`", {"a": "", "b": ""}),
        ("方式\n逐仓 `a`", {}),
        ("方式\n填写 `a`，返回 `b`", {}),
        ("币，填写 `a` 时返回 `b`", {}),
        ("币\n从 `a` 到 `b`", {}),
        ("币，现货 `a` 与杠杆 `b`可用", {}),
        ("Note: `a`, `b`", {}),
        ("Deprecated: `a`, `b`", {}),
        ("Replaces: `a`, `b`", {}),
        ("废弃：`a`、`b`", {}),
        ("与之互斥：`a`、`b`", {}),
        ("相关参数：`a`、`b`", {}),
        ("`a` ~~`b`~~", {"a": ""}),
        ("Mode\n`a`, all\n`b`, no longer supported\n`c`, some", {"a": "all", "c": "some"}),
        ("Only for `SPOT`. The default is the coin of `instId`.", {}),
        ("The maximum is `300`. The default is `100`.", {}),
        ("最大为`300`，不填默认返回`100`条", {}),
        ("Default: `USDT`. Otherwise: `BTC`.", {}),
        ("默认：`USDT`\n最大：`BTC`", {}),
        ("The coin, e.g. `BTC` `ETH`", {}),
        ("币，如 `BTC`、`ETH`", {}),
        ("Applicable to `SPOT` `MARGIN`.", {}),
        ("Only for: `SPOT`, `MARGIN`", {}),
        ("适用于`SPOT`、`MARGIN`", {}),
        ("`SPOT`和`MARGIN`下可用", {}),
        ("Range\n`1` - `100`", {}),
        ("Mode\n`a`, if x", {}),
        ("It depends, e.g. `a`: x, or `b`: y", {}),
        ("Coin (`a`, `b`, etc.)", {}),
        ("币种，`a`、`b`等", {}),
        ("`SPOT`, `MARGIN` and `SWAP` have it", {}),
        ("Set `a`, or `b` later", {}),
        ("`automatic`: some begin with `automatic`, some with `quick`", {"automatic": "some begin with"}),
    ],
)
def test_values(text: str, expected: dict[str, str]) -> None:
    """A line of values, or of values with a colon, lists them; a mention in a sentence does not."""
    assert values(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Either: `instId`, `ccy`", ()),
        ("A coin\n`instId`: it has to be given as well", ()),
        ("One of `instId`, `ccy`.", ()),
        ("`instId`, a pair\n`ccy`, a coin", ()),
        ("Which to sort by\n`instId`\n`ccy`", ("instId", "ccy")),
        ("Which, `instId` `other`", ("instId", "other")),
    ],
)
def test_names_of_parameters(text: str, expected: tuple[str, ...]) -> None:
    """A parameter's name in a sentence is a mention; on a line of values it is a value."""
    assert tuple(values(text, frozenset({"instId", "ccy"}))) == expected


@pytest.mark.parametrize(
    "text",
    [
        "`a`, " * 30_000,
        "x, `a` `b`. " * 10_000,
        "`a`" + " " * 100_000,
        "`a`：" * 30_000,
        "逐" * 100_000,
        "逐仓 `a` " * 10_000,
    ],
)
def test_long_lines_end(text: str) -> None:
    """A line that is designed to slow the patterns down ends soon."""
    start = time.perf_counter()
    values(f"{text}x")
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Multiple pairs (no more than 5)", 5),
        ("up to 20 ids, separated with comma", 20),
        ("A maximum of ten pairs in a list", 10),
        ("At most 3 pairs, comma between", 3),
        ("查询多个（不超过5个）", 5),
        ("instId个数不超过20个，逗号分隔", 20),
        ("最多支持十个，逗号隔开", 10),
        ("多个，最多两个", 2),
        ("No more than 50 letters", None),
        ("不超过50位字母，逗号隔开", None),
        ("不超过5个字，多个", None),
        ("Multiple pairs", None),
        ("Several pairs (5 at most)", 5),
        ("A list; the maximum is 7", 7),
        ("多个，上限为20个", 20),
        ("多个，3个以内", 3),
        ("多个，最多可以传5个", 5),
        ("Multiple, no more than five hundred", None),
        ("Multiple, up to twenty-five", None),
        ("Multiple, up to 5,000", None),
        ("多个，不超过五十个", None),
        ("Multiple, up to 20 characters each, no more than 5", 5),
    ],
)
def test_limit(text: str, expected: int | None) -> None:
    """A number, in digits or words, is a limit of items if the text speaks of several items."""
    assert limit(text) == expected


@pytest.mark.parametrize("text", ["Multiple, up to 20 in all, no more than 5 a pair", "多个，不超过5个，最多20个"])
def test_two_limits_are_rejected(text: str) -> None:
    """Two numbers of items are ambiguous and rejected."""
    with pytest.raises(PageParseError, match="which of 5, 20 is the limit"):
        limit(text)
