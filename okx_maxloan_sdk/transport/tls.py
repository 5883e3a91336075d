"""The TLS context of every connection: certificates and host names are always checked."""

from __future__ import annotations

import os
import ssl
from functools import cache
from pathlib import Path

import certifi

from .base import not_sent


@cache
def client_context() -> ssl.SSLContext:
    """Make the one context of the process, as that takes 30 ms.

    SSL_CERT_FILE and SSL_CERT_DIR replace certifi's certificates; an empty one counts as unset.
    """
    file, folder = os.environ.get("SSL_CERT_FILE") or None, os.environ.get("SSL_CERT_DIR") or None
    for name, path in (("SSL_CERT_FILE", file), ("SSL_CERT_DIR", folder)):
        if path and not Path(path).exists():
            raise not_sent(f"{name} is {path!r}, which does not exist; correct or unset it")
    try:
        context = ssl.create_default_context(cafile=file if file or folder else certifi.where(), capath=folder)
    except (OSError, ssl.SSLError) as error:
        raise not_sent(f"the certificates of SSL_CERT_FILE {file!r} cannot be read: {error}") from None
    context.set_alpn_protocols(["http/1.1"])
    return context
