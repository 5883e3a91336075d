"""What the mock makes of broken rules and faulty parameters: every one of the contract's has an answer."""

from okx_maxloan_api.contract import ERRORS, GET_MAX_LOAN

from okx_maxloan_sdk import validation
from okx_maxloan_sdk.mock.query import CODE_BY_CHECK, CODE_BY_RULE, NOT_ENFORCED
from okx_maxloan_sdk.mock.responses import ERROR_RESPONSES


def test_every_rule_has_a_refusal() -> None:
    """A rule that is added to the spec needs a code here or is answered, and none is left over."""
    assert CODE_BY_RULE.keys() | NOT_ENFORCED == {rule.id for rule in GET_MAX_LOAN.rules}
    assert not CODE_BY_RULE.keys() & NOT_ENFORCED


def test_every_fault_has_a_refusal() -> None:
    """So does a fault of a single parameter."""
    assert CODE_BY_CHECK.keys() == validation.MESSAGES["en"].keys() - {"suggestion"}


def test_every_code_is_documented() -> None:
    """The mock refuses with codes of the contract only, and has a status and words for each that it uses."""
    assert (
        {*CODE_BY_CHECK.values(), *(code for code, *_ in CODE_BY_RULE.values())}
        <= ERROR_RESPONSES.keys()
        <= ERRORS.keys()
    )
