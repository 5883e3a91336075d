from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="InstrumentRow")


@_attrs_define
class InstrumentRow:
    """One instrument. OKX sends more fields; they are kept as additional properties.
    一个产品。OKX 返回的其余字段保存在附加属性中。
    """

    inst_id: str
    """The instrument's id.
    产品 ID。
    """
    inst_type: str
    """Instrument type.
    产品类型。
    """
    base_ccy: str
    """Currency that is traded.
    交易货币。
    """
    quote_ccy: str
    """Currency that prices are given in.
    计价货币。
    """
    lever: str
    """Highest leverage that the exchange allows; empty where there is none.
    交易所允许的最高杠杆倍数；不适用时为空。
    """
    state: str
    """Whether it can be traded now.
    当前能否交易。
    `live`: It can be traded. 交易中。
    `suspend`: Trading is suspended. 暂停交易。
    `preopen`: It is listed and not yet open. 预上线，尚未开放。
    `post_only`: Only orders that add liquidity. 仅接受 post-only 订单（只做 maker）。
    `rebase`: It is being rebased. 变基中，不可交易。
    `test`: A test pair. 测试产品，不可交易。
    """
    trade_quote_ccy_list: list[str]
    """Quote currencies that a trade of it can be settled in; the values of `tradeQuoteCcy`.
    可用的计价币种，即 `tradeQuoteCcy` 的取值。
    """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        inst_id = self.inst_id

        inst_type = self.inst_type

        base_ccy = self.base_ccy

        quote_ccy = self.quote_ccy

        lever = self.lever

        state = self.state

        trade_quote_ccy_list = self.trade_quote_ccy_list

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "instId": inst_id,
                "instType": inst_type,
                "baseCcy": base_ccy,
                "quoteCcy": quote_ccy,
                "lever": lever,
                "state": state,
                "tradeQuoteCcyList": trade_quote_ccy_list,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        inst_id = d.pop("instId")

        inst_type = d.pop("instType")

        base_ccy = d.pop("baseCcy")

        quote_ccy = d.pop("quoteCcy")

        lever = d.pop("lever")

        state = d.pop("state")

        trade_quote_ccy_list = cast(list[str], d.pop("tradeQuoteCcyList"))

        instrument_row = cls(
            inst_id=inst_id,
            inst_type=inst_type,
            base_ccy=base_ccy,
            quote_ccy=quote_ccy,
            lever=lever,
            state=state,
            trade_quote_ccy_list=trade_quote_ccy_list,
        )

        instrument_row.additional_properties = d
        return instrument_row

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
