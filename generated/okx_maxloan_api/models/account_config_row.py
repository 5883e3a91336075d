from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="AccountConfigRow")


@_attrs_define
class AccountConfigRow:
    """Settings of one account. OKX sends more fields than the ones that matter here; they are kept as additional
    properties.
    账户配置。OKX 返回的字段更多，其余字段保存在附加属性中。
    """

    uid: str
    """The account's User ID, which the rate limit is counted by.
    账户的 User ID，限速按它计算。
    """
    main_uid: str
    """User ID of the main account; equal to `uid` for a main account.
    母账户的 User ID；母账户自身与 `uid` 相同。
    """
    acct_lv: str
    """Account mode.
    账户模式。
    `1`: Spot mode. 现货模式。
    `2`: Futures mode. 合约模式。
    `3`: Multi-currency margin. 跨币种保证金模式。
    `4`: Portfolio margin. 组合保证金模式。
    """
    auto_loan: bool
    """Whether coins are borrowed automatically.
    是否自动借币。
    """
    enable_spot_borrow: bool
    """Whether borrowing is enabled in Spot mode.
    现货模式是否已开通借币。
    """
    mgn_iso_mode: str
    """How isolated margin is transferred.
    逐仓杠杆保证金的划转方式。
    `automatic`: Margin moves in when a position opens. 开仓划转。
    `auto_transfers_ccy`: As automatic; base or quote currency may be the margin. 开仓划转，交易货币与计价货币均可作保证金。
    `quick_margin`: Quick margin. 一键借币模式。
    """
    perm: str
    """What the API key may do, joined by commas.
    API key 的权限，用半角逗号连接。
    `read_only`: Reading. 读取。
    `trade`: Trading. 交易。
    `withdraw`: Withdrawing. 提币。
    """
    ip: str
    """Addresses that the API key is bound to, joined by commas; empty when it is bound to none.
    API key 绑定的 IP，用半角逗号连接；未绑定时为空。
    """
    label: str
    """Name that the API key was given.
    API key 的备注名。
    """
    type_: str
    """Kind of account; "0" is a main account, any other a sub-account.
    账户类型；"0" 为母账户，其余为子账户。
    """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        uid = self.uid

        main_uid = self.main_uid

        acct_lv = self.acct_lv

        auto_loan = self.auto_loan

        enable_spot_borrow = self.enable_spot_borrow

        mgn_iso_mode = self.mgn_iso_mode

        perm = self.perm

        ip = self.ip

        label = self.label

        type_ = self.type_

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "uid": uid,
                "mainUid": main_uid,
                "acctLv": acct_lv,
                "autoLoan": auto_loan,
                "enableSpotBorrow": enable_spot_borrow,
                "mgnIsoMode": mgn_iso_mode,
                "perm": perm,
                "ip": ip,
                "label": label,
                "type": type_,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        uid = d.pop("uid")

        main_uid = d.pop("mainUid")

        acct_lv = d.pop("acctLv")

        auto_loan = d.pop("autoLoan")

        enable_spot_borrow = d.pop("enableSpotBorrow")

        mgn_iso_mode = d.pop("mgnIsoMode")

        perm = d.pop("perm")

        ip = d.pop("ip")

        label = d.pop("label")

        type_ = d.pop("type")

        account_config_row = cls(
            uid=uid,
            main_uid=main_uid,
            acct_lv=acct_lv,
            auto_loan=auto_loan,
            enable_spot_borrow=enable_spot_borrow,
            mgn_iso_mode=mgn_iso_mode,
            perm=perm,
            ip=ip,
            label=label,
            type_=type_,
        )

        account_config_row.additional_properties = d
        return account_config_row

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
