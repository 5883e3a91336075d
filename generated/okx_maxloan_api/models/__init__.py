"""The models of what is asked and answered; each is loaded when it is first asked for."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .account_config_answer import AccountConfigAnswer
    from .account_config_row import AccountConfigRow
    from .get_account_instruments_inst_type import GetAccountInstrumentsInstType
    from .get_max_loan_mgn_mode import GetMaxLoanMgnMode
    from .instrument_row import InstrumentRow
    from .instruments_answer import InstrumentsAnswer
    from .max_loan_answer import MaxLoanAnswer
    from .max_loan_row import MaxLoanRow
    from .refusal import Refusal
    from .time_answer import TimeAnswer
    from .time_row import TimeRow

_HOME = {
    "AccountConfigAnswer": ".account_config_answer",
    "AccountConfigRow": ".account_config_row",
    "GetAccountInstrumentsInstType": ".get_account_instruments_inst_type",
    "GetMaxLoanMgnMode": ".get_max_loan_mgn_mode",
    "InstrumentRow": ".instrument_row",
    "InstrumentsAnswer": ".instruments_answer",
    "MaxLoanAnswer": ".max_loan_answer",
    "MaxLoanRow": ".max_loan_row",
    "Refusal": ".refusal",
    "TimeAnswer": ".time_answer",
    "TimeRow": ".time_row",
}

__all__ = (
    "AccountConfigAnswer",
    "AccountConfigRow",
    "GetAccountInstrumentsInstType",
    "GetMaxLoanMgnMode",
    "InstrumentRow",
    "InstrumentsAnswer",
    "MaxLoanAnswer",
    "MaxLoanRow",
    "Refusal",
    "TimeAnswer",
    "TimeRow",
)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_HOME[name], __name__), name)
