from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="MaxLoanRow")


@_attrs_define
class MaxLoanRow:
    """How much could be borrowed for one side of one pair, or of one currency.
    某币对的一个方向（或某个币种）最多可借多少。
    """

    inst_id: str
    """Trading pair of the row; empty in the response to a query for a currency.
    所查询的币对；按币种查询时为空。
    """
    mgn_mode: str
    """Margin mode of the query.
    所查询的保证金模式。
    `isolated`: The margin of one position stands apart from the rest of the account. 逐仓：单个仓位的保证金与账户其余资产分开。
    `cross`: All positions share the account's margin. 全仓：所有仓位共用账户保证金。
    """
    mgn_ccy: str
    """Currency posted as margin; empty where it does not apply.
    保证金币种；不适用时为空。
    """
    max_loan: str
    """Amount that can be borrowed, in units of `ccy`, exact, never negative; up to 16 decimals were observed. Empty
    where OKX returns no number.
    可借数量，单位为 `ccy`，不为负数；按原始精度返回，目前实测最多 16 位小数；OKX 未返回数值时为空。
    """
    ccy: str
    """Currency of the loan.
    所借币种。
    """
    side: str
    """Side of the order that uses the loan.
    订单方向，即所借币种用于买单还是卖单。
    `buy`: Buying the base currency with borrowed quote currency. 买入：借入计价货币。
    `sell`: Selling borrowed base currency. 卖出：借入交易货币。
    """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        inst_id = self.inst_id

        mgn_mode = self.mgn_mode

        mgn_ccy = self.mgn_ccy

        max_loan = self.max_loan

        ccy = self.ccy

        side = self.side

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "instId": inst_id,
                "mgnMode": mgn_mode,
                "mgnCcy": mgn_ccy,
                "maxLoan": max_loan,
                "ccy": ccy,
                "side": side,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        inst_id = d.pop("instId")

        mgn_mode = d.pop("mgnMode")

        mgn_ccy = d.pop("mgnCcy")

        max_loan = d.pop("maxLoan")

        ccy = d.pop("ccy")

        side = d.pop("side")

        max_loan_row = cls(
            inst_id=inst_id,
            mgn_mode=mgn_mode,
            mgn_ccy=mgn_ccy,
            max_loan=max_loan,
            ccy=ccy,
            side=side,
        )

        max_loan_row.additional_properties = d
        return max_loan_row

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
