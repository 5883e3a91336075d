"""The models of what is asked and answered; each is loaded when it is first asked for."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .account_config_response import AccountConfigResponse
    from .account_config_row import AccountConfigRow
    from .error_response import ErrorResponse
    from .get_account_instruments_inst_type import GetAccountInstrumentsInstType
    from .get_max_loan_mgn_mode import GetMaxLoanMgnMode
    from .instrument_row import InstrumentRow
    from .instruments_response import InstrumentsResponse
    from .max_loan_response import MaxLoanResponse
    from .max_loan_row import MaxLoanRow
    from .time_response import TimeResponse
    from .time_row import TimeRow

_HOME = {
    "AccountConfigResponse": ".account_config_response",
    "AccountConfigRow": ".account_config_row",
    "ErrorResponse": ".error_response",
    "GetAccountInstrumentsInstType": ".get_account_instruments_inst_type",
    "GetMaxLoanMgnMode": ".get_max_loan_mgn_mode",
    "InstrumentRow": ".instrument_row",
    "InstrumentsResponse": ".instruments_response",
    "MaxLoanResponse": ".max_loan_response",
    "MaxLoanRow": ".max_loan_row",
    "TimeResponse": ".time_response",
    "TimeRow": ".time_row",
}

__all__ = (
    "AccountConfigResponse",
    "AccountConfigRow",
    "ErrorResponse",
    "GetAccountInstrumentsInstType",
    "GetMaxLoanMgnMode",
    "InstrumentRow",
    "InstrumentsResponse",
    "MaxLoanResponse",
    "MaxLoanRow",
    "TimeResponse",
    "TimeRow",
)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_HOME[name], __name__), name)
