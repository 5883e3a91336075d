"""A fast exchange to measure against: rows of maximum loan at once, or late, or refused beyond a limit.

It checks no signature, since what it spends is not the client's. Run as a program, it prints its port; it takes TLS
where it is given a certificate. A request for /bench names a room, which every later request with that API key is in:
`rtt` seconds pass around each answer, and more than `limit` requests in any 2 s are refused. Asked again, /bench says
what the room saw.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import sys
import time
from collections import deque
from functools import lru_cache
from urllib.parse import parse_qs, urlsplit

PERIOD = 2.0
KEY = re.compile(rb"\r\nok-access-key: *([^\r]*)", re.IGNORECASE)
HEAD = (
    "HTTP/1.1 {status}\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: application/json\r\n"
    "Content-Length: {length}\r\nConnection: keep-alive\r\nx-request-id: 0\r\n\r\n"
)


def answer(status: str, body: str) -> bytes:
    """Write an answer."""
    return (HEAD.format(status=status, length=len(body)) + body).encode()


REFUSED = answer("429 Too Many Requests", '{"msg":"Too Many Requests","code":"50011"}')


@lru_cache(4096)
def rows(target: bytes) -> bytes:
    """Answer a question with two rows for each pair, shaped as the documented example."""
    query = parse_qs(urlsplit(target.decode()).query)
    found = [
        {"instId": pair, "mgnMode": query["mgnMode"][0], "mgnCcy": "", "maxLoan": amount, "ccy": ccy, "side": side}
        for pair in query["instId"][0].split(",")
        for amount, ccy, side in zip(("0.1", "0.2"), pair.split("-"), ("sell", "buy"), strict=True)
    ]
    return answer("200 OK", json.dumps({"code": "0", "msg": "", "data": found}, separators=(",", ":")))


class Room:
    """The rate limit of one user, and the times of its requests."""

    def __init__(self, rtt: float, limit: int) -> None:
        self.rtt, self.limit = rtt, limit
        self.arrivals: deque[float] = deque()
        self.requests = self.rejected = 0

    def admit(self) -> bool:
        """Count a request that arrives now."""
        now = time.monotonic()
        self.requests += 1
        while self.arrivals and self.arrivals[0] <= now - PERIOD:
            self.arrivals.popleft()
        if self.limit and len(self.arrivals) >= self.limit:
            self.rejected += 1
            return False
        self.arrivals.append(now)
        return True


class Line(asyncio.Protocol):
    """One connection."""

    rooms: dict[bytes, Room] = {}  # noqa: RUF012 -- all connections share them

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 -- for the type checker
        self.transport, self.received = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self.received += data
        while b"\r\n\r\n" in self.received:
            head, _, self.received = self.received.partition(b"\r\n\r\n")
            self.request(head)

    def request(self, head: bytes) -> None:
        """Answer one request, now or when its time has come."""
        target = head[4 : head.index(b" ", 4)]
        if target.startswith(b"/bench"):
            self.transport.write(self.bench(target))
            return
        key = KEY.search(head) if self.rooms else None
        room = self.rooms.get(key[1]) if key else None
        if room is None:
            self.transport.write(rows(target))
        elif not room.rtt:
            self.transport.write(rows(target) if room.admit() else REFUSED)
        else:
            asyncio.get_running_loop().call_later(room.rtt / 2, self.arrive, room, target)

    def arrive(self, room: Room, target: bytes) -> None:
        """Count a request half a round trip after it was sent, and answer another half later."""
        reply = rows(target) if room.admit() else REFUSED
        asyncio.get_running_loop().call_later(room.rtt / 2, self.transport.write, reply)

    def bench(self, target: bytes) -> bytes:
        """Open a room, or say what one saw."""
        asked = {name: found[0] for name, found in parse_qs(urlsplit(target.decode()).query).items()}
        name = asked["key"].encode()
        if "rtt" in asked:
            self.rooms[name] = Room(float(asked["rtt"]), int(asked["limit"]))
        room = self.rooms[name]
        return answer("200 OK", json.dumps({"requests": room.requests, "rejected": room.rejected}))


async def main() -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    tls = None
    if sys.argv[1:]:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(sys.argv[1])
    server = await loop.create_server(Line, "127.0.0.1", 0, backlog=1024, ssl=tls)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, input_ended)


def input_ended() -> None:
    """Wait until the parent process has ended."""
    sys.stdin.read()


if __name__ == "__main__":
    asyncio.run(main())
