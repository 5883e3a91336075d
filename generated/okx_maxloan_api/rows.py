"""Rows of responses: immutable, hashable, equal by value; never edited by hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class MaxLoanFields:
    "Row of /api/v5/account/max-loan."

    inst_id: str = field(default="", kw_only=True)
    "Trading pair of the row; empty in the response to a query for a currency.\n所查询的币对；按币种查询时为空。"
    mgn_mode: Literal["isolated", "cross"] | str = field(default="", kw_only=True)
    "Margin mode of the query.\n所查询的保证金模式。"
    mgn_ccy: str = field(default="", kw_only=True)
    "Currency posted as margin; empty where it does not apply.\n保证金币种；不适用时为空。"
    max_loan: str
    "Amount that can be borrowed, in units of `ccy`, exact, never negative; up to 16 decimals were observed. Empty where OKX returns no number.\n可借数量，单位为 `ccy`，不为负数；按原始精度返回，目前实测最多 16 位小数；OKX 未返回数值时为空。"
    ccy: str
    "Currency of the loan.\n所借币种。"
    side: Literal["buy", "sell"] | str = field(default="", kw_only=True)
    "Side of the order that uses the loan.\n订单方向，即所借币种用于买单还是卖单。"
    additional_properties: Mapping[str, Any] = field(default_factory=dict, hash=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class InstrumentFields:
    "Row of /api/v5/account/instruments."

    inst_id: str
    "The instrument's id.\n产品 ID。"
    inst_type: str = field(default="", kw_only=True)
    "Instrument type.\n产品类型。"
    base_ccy: str = field(default="", kw_only=True)
    "Currency that is traded.\n交易货币。"
    quote_ccy: str = field(default="", kw_only=True)
    "Currency that prices are given in.\n计价货币。"
    lever: str = field(default="", kw_only=True)
    "Highest leverage that the exchange allows; empty where there is none.\n交易所允许的最高杠杆倍数；不适用时为空。"
    state: Literal["live", "suspend", "preopen", "post_only", "rebase", "test"] | str = field(default="", kw_only=True)
    "Whether it can be traded now.\n当前能否交易。"
    trade_quote_ccy_list: tuple[str, ...] = field(default=(), kw_only=True)
    "Quote currencies that a trade of it can be settled in; the values of `tradeQuoteCcy`.\n可用的计价币种，即 `tradeQuoteCcy` 的取值。"
    additional_properties: Mapping[str, Any] = field(default_factory=dict, hash=False, kw_only=True)
