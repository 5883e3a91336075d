"""Error codes of the mock for broken rules and invalid parameters."""

from okx_maxloan_api.contract import ERRORS, GET_MAX_LOAN

from okx_maxloan_sdk import validation
from okx_maxloan_sdk.mock.query import CODE_BY_CHECK, ERROR_BY_RULE
from okx_maxloan_sdk.mock.responses import ERROR_RESPONSES


def test_every_rule_has_an_error() -> None:
    """Every rule of the spec has an error in the mock, which may say that it is not enforced."""
    assert ERROR_BY_RULE.keys() == {rule.id for rule in GET_MAX_LOAN.rules}


def test_every_code_is_documented() -> None:
    """The mock uses only checks and codes that there are, and has a status and a message for each code."""
    codes = {*CODE_BY_CHECK.values(), *(error[0] for error in ERROR_BY_RULE.values() if error)}
    assert CODE_BY_CHECK.keys() <= validation.MESSAGES["en"].keys()
    assert codes <= ERROR_RESPONSES.keys() <= ERRORS.keys()
