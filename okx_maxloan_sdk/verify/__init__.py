"""Whether the exchange is what this release takes it for: a short check that only reads, for CI."""

from .check import Finding, verify
from .report import run

__all__ = ["Finding", "run", "verify"]
