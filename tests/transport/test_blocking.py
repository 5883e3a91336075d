"""Blocking transport: threads and garbage collection."""

import gc
import socket
from concurrent.futures import ThreadPoolExecutor

from okx_maxloan_sdk.sites import parse_origin
from okx_maxloan_sdk.transport import Request
from okx_maxloan_sdk.transport.blocking import BlockingTransport
from tests.support.raw import RawServer, head, respond
from tests.support.transports import GET, in_use


class EchoServer(RawServer):
    """A server that responds with the target of each request."""

    def _serve(self, connection: socket.socket, number: int) -> None:  # noqa: ARG002 -- the base class has it
        with connection:
            while request := self._read(connection):
                target = request.split()[1]
                connection.sendall(head(len(target)) + target)


def test_many_threads() -> None:
    """Requests of many concurrent threads get their own responses over no more connections than threads."""
    with EchoServer() as server:
        transport = BlockingTransport(parse_origin(server.url))

        def work(thread: int) -> list[bytes]:
            targets = [f"/{thread}/{number}" for number in range(50)]
            return [transport.send(Request("GET", target, {}), 30.0).body for target in targets]

        with ThreadPoolExecutor(6) as pool:
            for thread, bodies in enumerate(pool.map(work, range(6))):
                assert bodies == [f"/{thread}/{number}".encode() for number in range(50)]
        assert server.connections <= 6
        assert in_use(transport) == []
        transport.close()


def test_forgotten_transport() -> None:
    """A transport that is garbage-collected without close() closes its connections."""
    with RawServer(respond()) as server:
        transport = BlockingTransport(parse_origin(server.url))
        transport.send(GET, 5.0)
        del transport
        gc.collect()
        server.wait_until_closed()


def test_response_is_in_no_cycle() -> None:
    """A response that was read forms no reference cycle."""
    with RawServer(respond()) as server:
        transport = BlockingTransport(parse_origin(server.url))
        transport.send(GET, 5.0)
        gc.collect()
        gc.disable()
        try:
            for _ in range(20):
                transport.send(GET, 5.0)
            assert gc.collect() == 0
        finally:
            gc.enable()
        transport.close()
