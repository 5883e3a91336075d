"""text.py: which words of a description are values, and which number is a limit."""

import pytest
from docs.text import limit, values


@pytest.mark.parametrize(
    ("text", "found"),
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
        ("`automatic`: some begin with `automatic`, some with `quick`", {"automatic": "some begin with"}),
    ],
)
def test_values(text: str, found: dict[str, str]) -> None:
    """A line of values, or of values with a colon, lists them; a mention in a sentence does not."""
    assert values(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
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
    ],
)
def test_limit(text: str, found: int | None) -> None:
    """A number counts as a limit of items where the text speaks of several items, in figures or words."""
    assert limit(text) == found
