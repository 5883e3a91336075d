from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.max_loan_row import MaxLoanRow


T = TypeVar("T", bound="MaxLoanResponse")


@_attrs_define
class MaxLoanResponse:
    """Envelope of maximum loan.
    最大可借接口的返回结果。
    """

    code: str
    """"0" on success; any other value is an error code.
    "0" 表示成功，其他值表示被拒绝。
    """
    msg: str
    """The exchange's message for an error; empty on success.
    被拒绝时交易所给出的说明；成功时为空。
    """
    data: list[MaxLoanRow]
    """One row for each pair and side, or for the currency; a delisted pair may have none.
    每个币对的每个方向一条；按币种查询时为该币种的一条。已下线的币对可能没有数据。
    """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        code = self.code

        msg = self.msg

        data = []
        for data_item_data in self.data:
            data_item = data_item_data.to_dict()
            data.append(data_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "code": code,
                "msg": msg,
                "data": data,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.max_loan_row import MaxLoanRow  # noqa: PLC0415

        d = dict(src_dict)
        code = d.pop("code")

        msg = d.pop("msg")

        data = []
        _data = d.pop("data")
        for data_item_data in _data:
            data_item = MaxLoanRow.from_dict(data_item_data)

            data.append(data_item)

        max_loan_response = cls(
            code=code,
            msg=msg,
            data=data,
        )

        max_loan_response.additional_properties = d
        return max_loan_response

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
