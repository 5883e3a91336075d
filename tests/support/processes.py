"""Processes that a test interrupts as Ctrl-C does."""

from __future__ import annotations

import signal
import subprocess


def interrupt(process: subprocess.Popen[str], seconds: float = 20) -> str:
    """Interrupt a process, and return what it writes to stderr; kill it where it has not ended after `seconds`."""
    process.send_signal(signal.SIGINT)
    try:
        return process.communicate(timeout=seconds)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        raise
