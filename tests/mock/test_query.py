"""Error codes of the mock for broken rules and invalid parameters."""

from okx_maxloan_api.contract import ERRORS, GET_MAX_LOAN

from okx_maxloan_sdk import validation
from okx_maxloan_sdk.mock.query import CODE_BY_CHECK, CODE_BY_RULE, NOT_ENFORCED
from okx_maxloan_sdk.mock.responses import ERROR_RESPONSES


def test_every_rule_has_an_error_code() -> None:
    """Every rule of the spec has an error code in the mock, or is one that OKX does not enforce."""
    assert CODE_BY_RULE.keys() | NOT_ENFORCED == {rule.id for rule in GET_MAX_LOAN.rules}
    assert not CODE_BY_RULE.keys() & NOT_ENFORCED


def test_every_parameter_violation_has_an_error_code() -> None:
    """Every violation of a single parameter has an error code."""
    assert CODE_BY_CHECK.keys() == validation.MESSAGES["en"].keys() - {"suggestion"}


def test_every_code_is_documented() -> None:
    """The mock uses only codes of the contract, and has a status and a message for each."""
    assert (
        {*CODE_BY_CHECK.values(), *(code for code, *_ in CODE_BY_RULE.values())}
        <= ERROR_RESPONSES.keys()
        <= ERRORS.keys()
    )
