from typing import Literal

GetMaxLoanMgnMode = Literal["cross", "isolated"]

GET_MAX_LOAN_MGN_MODE_VALUES: set[GetMaxLoanMgnMode] = {
    "cross",
    "isolated",
}


def check_get_max_loan_mgn_mode(value: str) -> GetMaxLoanMgnMode:
    if value in GET_MAX_LOAN_MGN_MODE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_MAX_LOAN_MGN_MODE_VALUES!r}")
