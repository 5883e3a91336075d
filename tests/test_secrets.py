"""Secrets: key, secret and passphrase are nowhere but in the headers of the requests that need them."""

from __future__ import annotations

import asyncio
import copy
import gc
import logging
import pickle
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from attrs import asdict

import okx_maxloan_sdk
from okx_maxloan_sdk import AsyncMaxLoanClient, Credentials, MaxLoanClient, state
from okx_maxloan_sdk.codec import GET_MAX_LOAN
from okx_maxloan_sdk.effects import Send
from okx_maxloan_sdk.exceptions import OkxError, PartialFailureError
from okx_maxloan_sdk.transport import Request
from tests.support.clients import KEY, PASSPHRASE, SECRET, credentials
from tests.support.clock import QuickClock
from tests.support.fake_transport import FakeTransport, loans_response
from tests.support.raw import RawServer, hang, head, reset, respond, send_bytes
from tests.support.state import RequestHarness
from tests.support.transports import HTTPX, OWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Run
    from tests.support.clients import ClientFactory
    from tests.support.raw import Behavior

SECRETS = (KEY, SECRET, PASSPHRASE)
OURS = str(Path(okx_maxloan_sdk.__file__).parent)


def leaks(text: str) -> list[str]:
    """Find secrets in words."""
    return [secret for secret in SECRETS if secret in text]


@pytest.mark.parametrize("make", [MaxLoanClient, AsyncMaxLoanClient])
def test_client(make: Any) -> None:
    """No way of printing a client or what it is made of shows a secret."""
    client = make(credentials())
    for each in (client, client._state, client._state.config, vars(client)):
        assert leaks(f"{each!r} {each!s} {each}") == []
    assert leaks(str(asdict(client._state, recurse=False))) == []


def test_request() -> None:
    """A signed request shows its target, and no header."""
    bench = RequestHarness()
    headers = bench.state.headers(GET_MAX_LOAN, "/x")
    request = Request("GET", "/x", headers)
    assert leaks(f"{request!r} {Send(request, 1.0)!r}") == []
    assert leaks(str(headers))


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy])
def test_client_is_not_pickled(take: Any) -> None:
    """A client is not pickled or copied, since its credentials are not."""
    with pytest.raises(TypeError):
        take(MaxLoanClient(credentials())._state.config.credentials)
    if take is not copy.copy:
        with pytest.raises(TypeError):
            take(MaxLoanClient(credentials()))


@pytest.mark.parametrize("client_factory", [*OWN, *HTTPX], indirect=True)
def test_logs(client_factory: ClientFactory, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing that is logged at any level, by us or by what carries requests, has a secret in it."""
    echo = f'{{"code":"50110","msg":"203.0.113.7 {KEY} {SECRET} {PASSPHRASE}"}}'.encode()
    with caplog.at_level(logging.DEBUG), RawServer(respond(), respond(echo, 401), reset(), respond()) as server:
        client = client_factory.open(base_url=server.url, clock=QuickClock())
        client.get_max_loan("BTC-USDT", mgn_mode="cross")
        with pytest.raises(OkxError):
            client.get_max_loan("BTC-USDT", mgn_mode="cross")
        client.get_max_loan("BTC-USDT", mgn_mode="cross")
        client.close()
        assert leaks(server.heads[0].decode()) == [KEY, PASSPHRASE]
    assert ("httpcore" in {each.name.partition(".")[0] for each in caplog.records}) == (
        client_factory.transport == "httpx"
    )
    for each in caplog.records:
        assert leaks(f"{each.getMessage()} {each.args} {vars(each)}") == []


ECHO = f"{KEY} {SECRET} {PASSPHRASE}"
FAULTS: dict[str, Behavior] = {
    "refusal": respond(f'{{"code":"50110","msg":"{ECHO}"}}'.encode(), 401),
    "refusal by number": respond(f'{{"code":50119,"msg":"{ECHO}"}}'.encode(), 401),
    "split refusal": respond(f'{{"code":"51000","data":[],"msg":"{ECHO}"}}'.encode(), 400),
    "no JSON": respond(f"<html>{ECHO}</html>".encode(), 502),
    "no UTF-8": respond(ECHO.encode() + b"\xff"),
    "wrong row": respond(f'{{"code":"0","msg":"","data":[{{"ccy":"A","maxLoan":"{KEY}"}}]}}'.encode()),
    "wrong rows": respond(f'{{"code":"0","msg":"{ECHO}","data":["{ECHO}"]}}'.encode()),
    "wrong code": respond(f'{{"code":["{ECHO}"],"msg":""}}'.encode()),
    "redirect": respond(ECHO.encode(), 302, f"Location: /{KEY}"),
    "encoding": respond(b"", 200, f"Content-Encoding: {KEY}"),
    "no HTTP": send_bytes(f"{KEY}\r\n\r\n".encode()),
    "cut short": send_bytes(head(999) + ECHO.encode()),
    "reset": reset(),
    "closed": send_bytes(b""),
    "silence": hang(),
    "clock": respond(f'{{"code":"50102","msg":"{ECHO}"}}'.encode(), 401),
}


def errors(error: BaseException) -> Iterator[BaseException]:
    """List an error and everything that hangs on it, shown or not."""
    seen: list[BaseException] = []
    todo: list[BaseException | None] = [error]
    while todo:
        each = todo.pop()
        if each is not None and each not in seen:
            seen.append(each)
            todo += [each.__cause__, each.__context__]
            todo += [inner for _, inner in each.failures] if isinstance(each, PartialFailureError) else []
    return iter(seen)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("number", [1, 11])
def test_errors(client_factory: ClientFactory, fault: str, number: int) -> None:
    """No error of a call shows a secret: not in its words, its parts, its pickle, nor in a traceback with locals."""
    with RawServer(FAULTS[fault]) as server:
        # Real time for the one that is silent: short, as nothing else needs it.
        timeout = 0.2 if fault == "silence" else 10.0
        client = client_factory.open(base_url=server.url, clock=QuickClock(), max_retries=1, timeout=timeout)
        with pytest.raises(OkxError) as caught:
            client.get_max_loan([f"C{each}-USDT" for each in range(number)], mgn_mode="cross")
        client.close()
    for error in errors(caught.value):
        assert leaks(f"{error!r} {error!s} {vars(error)} {error.args}") == []
        assert leaks(pickle.dumps(error).decode("latin-1")) == []
        rendered = traceback.TracebackException.from_exception(error, capture_locals=True)
        for line in rendered.stack:
            if line.filename.startswith(OURS):
                assert leaks(f"{line.locals}") == []
        # The frames of a transport hold signed headers: none of them hangs on an error of ours.
        assert not any("/transport/" in line.filename for line in rendered.stack)


def test_errors_of_cancelled_tasks(run: Run) -> None:
    """A task that is cancelled with a request on its way shows no secret in the frames of this package."""

    async def main() -> None:
        with RawServer(hang()) as server:
            async with AsyncMaxLoanClient(credentials(), base_url=server.url) as client:
                task = asyncio.ensure_future(client.get_max_loan("BTC-USDT", mgn_mode="cross"))
                await asyncio.to_thread(server.wait, 1)
                task.cancel()
                with pytest.raises(asyncio.CancelledError) as caught:
                    await task
        for error in errors(caught.value):
            for line in traceback.TracebackException.from_exception(error, capture_locals=True).stack:
                if line.filename.startswith(OURS):
                    assert leaks(f"{line.locals}") == []

    run(main())


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_errors_while_signing(
    client_factory: ClientFactory, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    """Ctrl-C or a bug in the middle of signing shows no secret either."""

    class Interrupt:
        def __iter__(self) -> Any:
            raise error

    # Read once the others are signed.
    monkeypatch.setattr(state, "DEMO_HEADER", Interrupt())
    client = client_factory.open(FakeTransport(loans_response), demo=True)
    with pytest.raises(error) as caught:
        client.get_max_loan("BTC-USDT", mgn_mode="cross")
    stack = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    assert not any(line.filename.endswith("state.py") for line in stack)
    assert leaks(str([line.locals for line in stack if line.filename.startswith(OURS)])) == []


def test_errors_of_programs(client_factory: ClientFactory) -> None:
    """Errors of the calling program, raised in our frames, show none either."""
    client = client_factory.open(FakeTransport(loans_response))
    for ask in (
        lambda: client.get_max_loan(5, mgn_mode="cross"),
        lambda: client.get_max_loan(mgn_mode="cross", instid="A-B"),
        client.get_max_loan,
    ):
        with pytest.raises((TypeError, OkxError)) as caught:
            ask()
        stack = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
        assert leaks(str([line.locals for line in stack if line.filename.startswith(OURS)])) == []


def test_nothing_signed_is_kept(client_factory: ClientFactory) -> None:
    """After a call no signed request is left in memory, for as long as the client is kept."""
    key = f"a-key-of-this-test-{client_factory.kind}"

    class Forgetful(FakeTransport):
        def send(self, request: Request, timeout: float) -> Any:  # noqa: ARG002 -- it notes nothing
            return loans_response(request)

    client = client_factory.open(Forgetful(loans_response), credentials=Credentials(key, SECRET, PASSPHRASE))
    client.get_max_loan("A-B", mgn_mode="cross")
    gc.collect()
    requests = [each for each in gc.get_objects() if isinstance(each, Request)]
    assert [each for each in requests if each.headers.get("OK-ACCESS-KEY") == key] == []
