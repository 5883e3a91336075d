"""Interruption of child processes by SIGINT."""

import signal
import subprocess


def interrupt(process: subprocess.Popen[str], seconds: float = 20) -> str:
    """Send SIGINT to a process and return its stderr; kill it if it has not ended after `seconds`."""
    process.send_signal(signal.SIGINT)
    try:
        return process.communicate(timeout=seconds)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        raise
