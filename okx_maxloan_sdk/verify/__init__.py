"""Checks that OKX still behaves as this release expects; read-only, for CI."""

from .checks import CheckResult, verify

__all__ = ["CheckResult", "verify"]
