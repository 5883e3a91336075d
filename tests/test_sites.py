"""Sites: regional URLs, and the URLs that are accepted."""

import pytest
from okx_maxloan_api.contract import SITES

from okx_maxloan_sdk.sites import Site, parse_origin
from tests.support.cases import cases

CASES = cases(__file__)


def test_sites_are_the_contract() -> None:
    """The sites are exactly those of the spec."""
    assert {site.name.lower(): site.value for site in Site} == SITES


@pytest.mark.parametrize(("url", "netloc"), CASES["accepted"])
def test_accepted(url: str, netloc: str) -> None:
    """An https URL, or http on loopback, is accepted and converted to the Host header's form."""
    assert parse_origin(url).netloc == netloc


@pytest.mark.parametrize(("url", "reason"), CASES["rejected"])
def test_rejected(url: str, reason: str) -> None:
    """Any other URL is rejected with the reason, and without a password."""
    with pytest.raises(ValueError, match=reason) as caught:
        parse_origin(url)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__context__ is None, "urlsplit's error repeats what it takes for a port"
