"""Credentials: signatures, and secrecy."""

import copy
import itertools
import pickle
import traceback
from typing import Any

import pytest

from okx_maxloan_sdk import credentials as module
from okx_maxloan_sdk.credentials import Credentials

# OKX's documentation and recorded calls; the secret is the documentation's example.
SECRET = "22582BD0CFF14C41EDBF1AB98506286D"
MAX_LOAN = "/api/v5/account/max-loan?mgnMode=cross&instId=BTC-USDT"
VECTORS = [
    (1787415600.0, "/api/v5/account/balance?ccy=BTC", "FN++QZPqWIZja9FNV7ev3w3IvSQUleBYxtJidJKKB+E="),
    (1607418537.715, f"{MAX_LOAN},ETH-USDT", "qbYiZpBMa/DTXRg7SZopzPB5oBj0jnqr0/v2rkJ6F/M="),
    (1607418537.715, f"{MAX_LOAN}%2CETH-USDT", "jUmBXcC7863vAZA8G7P84m7aqL7JSnGnWY0irJzntfQ="),
]
PARTS = ("the-api-key", SECRET, "the passphrase")


def credentials() -> Credentials:
    """Make the credentials of the test vectors."""
    return Credentials(*PARTS)


@pytest.mark.parametrize(("timestamp", "target", "signature"), VECTORS)
def test_signature_vectors(timestamp: float, target: str, signature: str) -> None:
    """The signatures match the test vectors, which distinguish a raw comma from %2C."""
    assert credentials().sign("GET", target, timestamp)["OK-ACCESS-SIGN"] == signature


def test_headers() -> None:
    """The headers are key, passphrase, signature and a UTC timestamp with milliseconds, and no others."""
    headers = credentials().sign("GET", "/x", 1607418537.7156)
    assert {name: value for name, value in headers.items() if name != "OK-ACCESS-SIGN"} == {
        "OK-ACCESS-KEY": "the-api-key",
        "OK-ACCESS-PASSPHRASE": "the passphrase",
        "OK-ACCESS-TIMESTAMP": "2020-12-08T09:08:57.715Z",
    }
    assert credentials().sign("GET", "/x", 1607418537)["OK-ACCESS-TIMESTAMP"] == "2020-12-08T09:08:57.000Z"


def test_never_shown() -> None:
    """No representation of credentials shows a part of them, and they have no __dict__."""
    for show in (repr, str, "{}".format, ascii):
        assert not any(part in show(credentials()) for part in PARTS)
    with pytest.raises(TypeError):
        vars(credentials())


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy])
def test_no_pickle(take: object) -> None:
    """The error for pickling and copying says what to do instead."""
    with pytest.raises(TypeError, match=r"^credentials are not pickled or copied; create them"):
        take(credentials())  # type: ignore[operator]


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    "illegal", ["", " s3cret", "s3cret\n", "s3cret\r\ny", "clé s3cret", "s3cret\x00", "s3cret\x7f", 5]
)
def test_illegal_characters(place: int, illegal: Any) -> None:
    """The error for an illegal part names it, and no traceback with locals shows its value."""
    parts: list[Any] = [*PARTS]
    parts[place] = illegal
    name = ("API key", "API secret", "API passphrase")[place]
    with pytest.raises(ValueError, match=f"{name} must be a str, not int" if illegal == 5 else name) as caught:
        Credentials(*parts)
    stack = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    ours = [str(frame.locals) for frame in stack if frame.filename == module.__file__]
    assert ours
    assert not any(part in shown for shown in ours for part in (*PARTS, "s3cret"))


def test_redact() -> None:
    """Redaction replaces every part, one inside another too, anything in the format of an API key, and a signature."""
    signature = credentials().sign("GET", "/x", 1.0)["OK-ACCESS-SIGN"]
    text = f"key the-api-key, 01234567-89ab-cdef-0123-456789abcdef, the passphrase, {signature}."
    assert credentials().redact(text) == "key ***, ***, ***, ***."
    for parts in itertools.permutations(("bc", "abcd", "zabcdz")):
        assert Credentials(*parts).redact("zabcdz abcd bc") == "*** *** ***"


def test_fingerprint() -> None:
    """The fingerprint is stable, differs by key, and does not contain the key."""
    assert credentials().fingerprint == credentials().fingerprint != Credentials("other-key", "s", "p").fingerprint
    assert "the-api-key" not in credentials().fingerprint
