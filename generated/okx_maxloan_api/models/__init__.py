"""Contains all the data models used in inputs/outputs"""

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
