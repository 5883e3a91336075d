"""Sites: regional URLs, and the URLs that are accepted."""

import pytest
from okx_maxloan_api.contract import SITES

from okx_maxloan_sdk.sites import Site, parse_origin


def test_sites_are_the_contract() -> None:
    """The sites are exactly those of the spec."""
    assert {site.name.lower(): site.value for site in Site} == SITES


@pytest.mark.parametrize(
    ("url", "netloc"),
    [
        ("https://openapi.okx.com", "openapi.okx.com"),
        ("https://openapi.okx.com/", "openapi.okx.com"),
        ("https://openapi.okx.com:443", "openapi.okx.com"),
        ("https://gateway.example:8443", "gateway.example:8443"),
        ("http://127.0.0.1:8899", "127.0.0.1:8899"),
        ("http://localhost:80", "localhost"),
        ("http://[::1]:8899", "[::1]:8899"),
    ],
)
def test_accepted(url: str, netloc: str) -> None:
    """An https URL, or http on loopback, is accepted and converted to the Host header's form."""
    assert parse_origin(url).netloc == netloc


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://openapi.okx.com", "loopback only"),
        ("http://127.0.0.1.evil.example", "loopback only"),
        ("https://user:s3cret@openapi.okx.com", "user or password"),
        ("https://openapi.okx.com/api", "path, query or fragment"),
        ("https://openapi.okx.com?x=1", "path, query or fragment"),
        ("https://openapi.okx.com?", "path, query or fragment"),
        ("https://openapi.okx.com#x", "path, query or fragment"),
        ("ftp://openapi.okx.com", "https"),
        ("openapi.okx.com", "https"),
        ("https://", "no host"),
        ("https://openapi.okx.com:x", "host or port"),
        ("https://[::1", "host or port"),
        ("https://exa mple.com", "white space"),
        ("https://exämple.com", "no host"),
        *((f"https://user:s3cret{mark}@openapi.okx.com", "base_url must look like") for mark in "#/?@:"),
        ("user:s3cret", "base_url must look like"),
    ],
)
def test_rejected(url: str, reason: str) -> None:
    """Any other URL is rejected with the reason, and without a password."""
    with pytest.raises(ValueError, match=reason) as caught:
        parse_origin(url)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__context__ is None, "urlsplit's error repeats what it takes for a port"
