from typing import Literal

GetAccountInstrumentsInstType = Literal["FUTURES", "MARGIN", "OPTION", "SPOT", "SWAP"]

GET_ACCOUNT_INSTRUMENTS_INST_TYPE_VALUES: set[GetAccountInstrumentsInstType] = {
    "FUTURES",
    "MARGIN",
    "OPTION",
    "SPOT",
    "SWAP",
}


def check_get_account_instruments_inst_type(value: str) -> GetAccountInstrumentsInstType:
    if value in GET_ACCOUNT_INSTRUMENTS_INST_TYPE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_ACCOUNT_INSTRUMENTS_INST_TYPE_VALUES!r}")
