"""Checks that OKX still behaves as this release expects; read-only, for CI."""
