"""Secrets: key, secret and passphrase are only in the headers of signed requests."""

import asyncio
import copy
import gc
import logging
import pickle
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
from okx_maxloan_api.contract import GET_MAX_LOAN

import okx_maxloan_sdk
from okx_maxloan_sdk import AsyncMaxLoanClient, Credentials, MaxLoanClient
from okx_maxloan_sdk.effects import Send
from okx_maxloan_sdk.exceptions import OkxError, PartialFailureError
from okx_maxloan_sdk.transport import Request
from okx_maxloan_sdk.transport.response import ResponseBuilder
from tests.support.clients import KEY, PASSPHRASE, SECRET, ClientFactory, credentials
from tests.support.fake_transport import FakeTransport, loans_response
from tests.support.raw import Behavior, RawServer, hang, head, reset, respond, send_bytes
from tests.support.state import RequestHarness
from tests.support.transports import HTTPX, OWN

SECRETS = (KEY, SECRET, PASSPHRASE)
OURS = str(Path(okx_maxloan_sdk.__file__).parent)
BOTH = [MaxLoanClient, AsyncMaxLoanClient]


def leaks(text: str) -> list[str]:
    """Return the secrets in a text."""
    return [secret for secret in SECRETS if secret in text]


def leaks_in_frames(error: BaseException, folder: str = OURS) -> list[str]:
    """Return the secrets in the locals of the frames of an error, of this package by default."""
    stack = traceback.TracebackException.from_exception(error, capture_locals=True).stack
    return leaks(str([line.locals for line in stack if line.filename.startswith(folder)]))


@pytest.mark.parametrize("make", BOTH)
def test_client(make: Any) -> None:
    """No representation of a client or of its parts shows a secret, and it cannot be pickled or copied."""
    client = make(credentials())
    for each in (client, client._state, client._state.config, vars(client)):
        assert leaks(f"{each!r} {each!s} {each}") == []
    assert leaks(str(vars(client._state))) == []
    for take in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            take(client)


def test_request() -> None:
    """The repr of a signed request shows its target and no header."""
    headers = RequestHarness().state.headers(GET_MAX_LOAN, "/x")
    request = Request("GET", "/x", headers)
    assert leaks(f"{request!r} {Send(request, 1.0)!r}") == []
    assert leaks(str(headers))


@pytest.mark.parametrize("client_factory", [*OWN, *HTTPX], indirect=True)
def test_logs(client_factory: ClientFactory, caplog: pytest.LogCaptureFixture) -> None:
    """No log message at any level, ours or a transport library's, has a secret."""
    echo = f'{{"code":"50110","msg":"203.0.113.7 {KEY} {SECRET} {PASSPHRASE}"}}'.encode()
    with caplog.at_level(logging.DEBUG), RawServer(respond(), respond(echo, 401), reset(), respond()) as server:
        client = client_factory.open(base_url=server.url)
        client.get_max_loan("BTC-USDT", mgn_mode="cross")
        with pytest.raises(OkxError):
            client.get_max_loan("BTC-USDT", mgn_mode="cross")
        client.get_max_loan("BTC-USDT", mgn_mode="cross")
        assert leaks(server.requests[0].decode()) == [KEY, PASSPHRASE]
    assert ("httpcore" in {each.name.partition(".")[0] for each in caplog.records}) == (
        client_factory.transport == "httpx"
    )
    for each in caplog.records:
        assert leaks(f"{each.getMessage()} {each.args} {vars(each)}") == []


ECHO = f"{KEY} {SECRET} {PASSPHRASE}"
FAILURES: dict[str, Behavior] = {
    "refusal": respond(f'{{"code":"50110","msg":"{ECHO}"}}'.encode(), 401),
    "split refusal": respond(f'{{"code":"51000","data":[],"msg":"{ECHO}"}}'.encode(), 400),
    "secret code": respond(f'{{"code":"{KEY}","msg":""}}'.encode(), 400),
    "secret request id": respond(b'{"code":"51000","data":[],"msg":""}', 400, f"X-Request-Id: {SECRET}"),
    "secret ray": respond(b'{"code":"51000","data":[],"msg":""}', 400, f"CF-Ray: {PASSPHRASE}"),
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
    "silence": hang(),
    "clock": respond(f'{{"code":"50102","msg":"{ECHO}"}}'.encode(), 401),
}


def errors(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error with its causes, contexts and nested errors."""
    if error is not None:
        yield error
        failures = [each for _, each in error.failures] if isinstance(error, PartialFailureError) else []
        group = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
        for each in (error.__cause__, error.__context__, *failures, *group):
            yield from errors(each)


@pytest.mark.parametrize("client_factory", [*OWN, *HTTPX], indirect=True)
@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("number", [1, 11])
def test_errors(client_factory: ClientFactory, failure: str, number: int) -> None:
    """No error of a call shows a secret: not in message, attributes, pickle or traceback with locals."""
    with RawServer(FAILURES[failure]) as server:
        # Real time for the silent server: short, since no other case needs it.
        timeout = 0.2 if failure == "silence" else 10.0
        client = client_factory.open(base_url=server.url, max_retries=1, timeout=timeout)
        with pytest.raises(OkxError) as caught:
            client.get_max_loan([f"C{each}-USDT" for each in range(number)], mgn_mode="cross")
    for error in errors(caught.value):
        assert leaks(f"{error!r} {error!s} {vars(error)} {error.args}") == []
        assert leaks(pickle.dumps(error).decode("latin-1")) == []
        assert leaks_in_frames(error) == []
        # The frames of a transport hold signed headers, so an error of ours must not reference them.
        frames = traceback.extract_tb(error.__traceback__)
        assert not any("/transport/" in frame.filename for frame in frames)


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("transport", ["own", "httpx"])
@pytest.mark.parametrize("how", ["cancel", "timeout", "group"])
async def test_errors_of_cancelled_tasks(transport: str, how: str) -> None:
    """The traceback of a task that is cancelled with its request in flight has no secret in frames of this package."""

    async def end(client: AsyncMaxLoanClient) -> None:
        if how == "timeout":
            async with asyncio.timeout(0.2):
                await client.get_max_loan("BTC-USDT", mgn_mode="cross")
        async with asyncio.TaskGroup() as group:
            task = group.create_task(client.get_max_loan("BTC-USDT", mgn_mode="cross"))
            await asyncio.to_thread(server.wait, 1)
            if how == "group":
                raise ZeroDivisionError
            task.cancel()
        await task

    http_client = httpx.AsyncClient() if transport == "httpx" else None
    with RawServer(hang()) as server:
        async with AsyncMaxLoanClient(credentials(), base_url=server.url, http_client=http_client) as client:
            with pytest.raises(BaseException) as caught:  # noqa: PT011 -- each way has its own
                await end(client)
    if http_client:
        await http_client.aclose()
    for error in errors(caught.value):
        assert leaks_in_frames(error) == []


@pytest.mark.parametrize("client_factory", [*OWN, *HTTPX], indirect=True)
@pytest.mark.parametrize(
    ("place", "name", "error"),
    [
        (okx_maxloan_sdk.credentials, "b64encode", KeyboardInterrupt),
        (okx_maxloan_sdk.credentials, "b64encode", ZeroDivisionError),
        (ResponseBuilder, "feed", ZeroDivisionError),
    ],
)
def test_errors_inside_a_call(
    client_factory: ClientFactory, monkeypatch: pytest.MonkeyPatch, place: Any, name: str, error: type[BaseException]
) -> None:
    """Ctrl-C or a bug, while a request is signed or a response is read, shows no secret in frames of this package."""
    monkeypatch.setattr(place, name, Mock(side_effect=error))
    with RawServer(respond()) as server:
        client = client_factory.open(base_url=server.url, demo=True)
        with pytest.raises(error) as caught:
            client.get_max_loan("BTC-USDT", mgn_mode="cross")
    files = {Path(line.filename).name for line in traceback.extract_tb(caught.value.__traceback__)}
    assert files.isdisjoint({"state.py", "credentials.py"})
    assert leaks_in_frames(caught.value) == []


@pytest.mark.parametrize("make", BOTH)
def test_errors_of_constructors(make: Any) -> None:
    """The traceback of a constructor that failed can be rendered with its locals, and shows no secret."""
    with pytest.raises(ValueError, match="base_url") as caught:
        make(credentials(), base_url="nowhere")
    assert leaks_in_frames(caught.value, folder="") == []


def test_errors_of_programs(client_factory: ClientFactory) -> None:
    """Errors of the calling program that pass through our frames show no secret."""
    client = client_factory.open(FakeTransport(loans_response))
    for call in (
        lambda: client.get_max_loan(5, mgn_mode="cross"),
        lambda: client.get_max_loan(mgn_mode="cross", instid="A-B"),
        client.get_max_loan,
    ):
        with pytest.raises((TypeError, OkxError)) as caught:
            call()
        assert leaks_in_frames(caught.value) == []


def test_signed_requests_are_freed(client_factory: ClientFactory) -> None:
    """After a call no signed request stays in memory while the client exists."""
    key = f"a-key-of-this-test-{client_factory.kind}"
    transport = FakeTransport(loans_response)
    client = client_factory.open(transport, credentials=Credentials(key, SECRET, PASSPHRASE))
    client.get_max_loan("A-B", mgn_mode="cross")
    transport.requests.clear()
    gc.collect()
    requests = [each for each in gc.get_objects() if isinstance(each, Request)]
    assert [each for each in requests if each.headers.get("OK-ACCESS-KEY") == key] == []
