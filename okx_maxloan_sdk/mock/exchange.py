"""A mock exchange that responds as OKX does: no sockets, no waiting, only requests and responses.

It imitates four operations with their limits, the signature, and what the contract says of parameters. Where nobody
knows what OKX does, it rejects rather than accepts. It does not imitate:

- orders, positions, real prices or real quotas: amounts come from a small model (`market.py`), whose prices stand
  still unless `drift_seed` moves them;
- OKX's messages: tell errors apart by `code`;
- what a gateway does to bursts below the limit, whether it counts what it rejects (here it does not), regional sites;
- HTTP/2, TLS, WebSocket, and every other operation of OKX: those paths give 404, contracts are not listed;
- which of several errors OKX reports first: that the timestamp precedes the key was seen, the rest is ours;
- when a delisted pair "may fail": BTC-USD, merged into BTC-USDC on 2026-09-30, always has no row here;
- the row of a currency (`ccy=`), which was never seen: here `instId`, `mgnCcy` and `side` are empty in it.
"""

import base64
import hmac
import re
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from threading import RLock
from urllib.parse import parse_qs

from attrs import Factory, define, evolve, field, frozen
from okx_maxloan_api.contract import DEMO_HEADER, GET_ACCOUNT_CONFIG, GET_ACCOUNT_INSTRUMENTS, OPERATIONS, Operation

from okx_maxloan_sdk.clock import Clock, SystemClock
from okx_maxloan_sdk.validation import check_parameter, violated_rules

from .market import drift_after, instrument_rows, max_loan_rows
from .responses import CODE_BY_CHECK, ERROR_BY_RULE, MockApiError, MockResponse, error_response, json_response
from .user import User

BY_PATH: Mapping[bytes, Operation] = {each.path.encode(): each for each in OPERATIONS}
# The order of their codes, as OKX's documentation lists them.
REQUIRED: Mapping[str, str] = {
    "ok-access-key": "50103",
    "ok-access-passphrase": "50104",
    "ok-access-sign": "50106",
    "ok-access-timestamp": "50107",
}
TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
API_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TOLERANCE = 30.0


@frozen
class MockRequest:
    """One request as received; header names in lower case."""

    method: str
    path: bytes
    query: bytes
    headers: Mapping[str, str]
    body: bytes
    address: str

    @property
    def target(self) -> bytes:
        """Path and query."""
        return self.path + (b"?" + self.query if self.query else b"")

    @property
    def params(self) -> Mapping[str, list[str]]:
        """The values of each parameter, with a character for each byte."""
        return parse_qs(self.query.decode("latin-1"), keep_blank_values=True, encoding="latin-1")


@frozen
class LogEntry:
    """One line of the exchange's log."""

    at: float
    method: str
    target: str
    status: int


@define
class _PlannedFailure:
    remaining: int
    path: str | None
    response: MockResponse | None
    delay: float


@define
class MockExchange:
    """Handles requests of its `users`, which are found by name.

    Change users, `clock_skew` (seconds that this exchange's clock is ahead), `enforce_rate_limit` and `drift_seed`
    (with a number prices drift, the same way for the same number) while it runs; `log` holds the last 1,000 requests.
    """

    users: dict[str, User]
    clock: Clock = Factory(SystemClock)
    clock_skew: float = 0.0
    enforce_rate_limit: bool = True
    drift_seed: int | None = None
    _opened_at: float = field(default=Factory(lambda self: self.clock.monotonic(), takes_self=True), init=False)
    log: deque[LogEntry] = field(factory=lambda: deque(maxlen=1000), init=False)
    _planned_failures: list[_PlannedFailure] = field(factory=list, init=False)
    _accepted_at: defaultdict[tuple[str, ...], deque[float]] = field(factory=lambda: defaultdict(deque), init=False)
    _lock: RLock = field(factory=RLock, init=False, repr=False)

    def handle(
        self,
        method: str,
        raw_path: bytes,
        raw_query: bytes = b"",
        headers: Iterable[tuple[bytes, bytes]] = (),
        body: bytes = b"",
        address: str = "127.0.0.1",
    ) -> MockResponse:
        """Handle one request, given in the bytes that were received."""
        request = MockRequest(method, raw_path, raw_query, _join_headers(headers), body, address)
        with self._lock:
            response = self._respond(request)
            self.log.append(LogEntry(self.clock.monotonic(), method, request.target.decode("latin-1"), response.status))
        return response

    def fail_next(
        self,
        n: int = 1,
        *,
        code: str | int | None = None,
        status: int | None = None,
        html: str | None = None,
        delay: float = 0.0,
        path: str | None = None,
    ) -> None:
        """Inject failures: the next `n` requests (to `path`, if given) get an error code, an HTTP status or a page.

        With `delay` alone they get the usual response, that many seconds late. Failures are used up in order.
        Raises `ValueError` for fewer than one request.
        """
        if n < 1:
            raise ValueError(f"n must be at least 1, not {n}")
        response = None
        if code is not None and html is None:
            response = error_response(code, "-", "-", status=status)
        elif status is not None or html is not None:
            response = MockResponse(status or 502, (("content-type", "text/html"),), (html or "").encode())
        with self._lock:
            self._planned_failures.append(_PlannedFailure(n, path, response, delay))

    def _respond(self, request: MockRequest) -> MockResponse:
        path = request.path.decode("latin-1")
        plan = next((each for each in self._planned_failures if each.path in (None, path)), None)
        response = plan.response if plan else None
        try:
            response = response or json_response(self._handle_request(request))
        except MockApiError as error:
            response = error_response(*error.args)
        if plan is None:
            return response
        plan.remaining -= 1
        if not plan.remaining:
            self._planned_failures.remove(plan)
        return evolve(response, delay=plan.delay)

    def _handle_request(self, request: MockRequest) -> Mapping[str, object]:  # noqa: C901, PLR0912 -- the steps stand in one place, in order
        # 1. Path and method.
        operation = BY_PATH.get(request.path)
        if operation is None:
            raise MockApiError("404")
        if request.method != operation.method:
            raise MockApiError("50115", request.method)
        # 2. The rate limit of the user whom the key names, whether or not the rest of the request is valid.
        name = request.headers.get("ok-access-key", "")
        pairs = ((user, key) for user in self.users.values() for key in user.keys if key.key == name)
        user, key = next(pairs, (None, None))
        self._check_rate_limit(operation, request, user)
        if not operation.signed:
            return {"code": "0", "msg": "", "data": [{"ts": str(int(self._now() * 1000))}]}
        # 3. The four headers are present.
        for header, code in REQUIRED.items():
            if not request.headers.get(header):
                raise MockApiError(code)
        # 4. The timestamp: its format, then its distance from this exchange's clock.
        timestamp = request.headers["ok-access-timestamp"]
        if abs(_parse_timestamp(timestamp) - self._now()) > TOLERANCE:
            raise MockApiError("50102")
        # 5. The key is known.
        if user is None or key is None:
            raise MockApiError("50119" if API_KEY.fullmatch(name) else "50111")
        # 6. It was made for this environment, live or demo.
        if key.demo != (request.headers.get(DEMO_HEADER[0]) == DEMO_HEADER[1]):
            raise MockApiError("50101")
        # 7. The passphrase is the key's.
        if request.headers["ok-access-passphrase"].encode("latin-1") != key.passphrase.encode():
            raise MockApiError("50105")
        # 8. The caller's address is on the key's list.
        if key.addresses and request.address not in key.addresses:
            raise MockApiError("50110", request.address, key.key)
        # 9. The signature, over the bytes received.
        signed = timestamp.encode() + request.method.encode() + request.target + request.body
        digest = hmac.digest(key.secret.encode(), signed, "sha256")
        if request.headers["ok-access-sign"] != base64.b64encode(digest).decode():
            raise MockApiError("50113")
        # 10. The key may read.
        if "read_only" not in key.permissions:
            raise MockApiError("50120")
        # 11. Each parameter by itself.
        query = _parse_query(operation, request.params)
        if operation is GET_ACCOUNT_CONFIG:
            return {"code": "0", "data": [user.config_row(key)], "msg": ""}
        if operation is GET_ACCOUNT_INSTRUMENTS:
            return {"code": "0", "msg": "", "data": instrument_rows(query)}
        # 12. The rules between parameters, and with the account's mode.
        violated = {rule.id for rule in violated_rules(operation.rules, {**query, **user.rule_inputs})}
        for rule, error in ERROR_BY_RULE.items():
            if rule in violated and error:
                raise MockApiError(*error)
        # 13. The pairs and currencies exist, are tradable, and match each other.
        drift = drift_after(self.clock.monotonic() - self._opened_at, self.drift_seed)
        return {"code": "0", "msg": "", "data": max_loan_rows(user, query, drift)}

    def _now(self) -> float:
        return self.clock.time() + self.clock_skew

    def _check_rate_limit(self, operation: Operation, request: MockRequest, user: User | None) -> None:
        """Count the request in a strict sliding window, or reject it uncounted."""
        limit, now = operation.limit, self.clock.monotonic()
        caller = request.address if limit.per == "ip" else user.uid if user else None
        if not self.enforce_rate_limit or caller is None:
            return
        inst_type = request.params.get("instType", []) if limit.per == "user and instType" else []
        accepted_at = self._accepted_at[operation.id, caller, *inst_type]
        while accepted_at and accepted_at[0] <= now - limit.period:
            accepted_at.popleft()
        if len(accepted_at) >= limit.requests:
            raise MockApiError("50011")
        accepted_at.append(now)


def _join_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    # RFC 9110, 5.2: a field that comes twice is one list, which no key, passphrase or signature is.
    joined: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1").strip()
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def _parse_timestamp(timestamp: str) -> float:
    if not TIMESTAMP.fullmatch(timestamp):
        raise MockApiError("50112")
    try:
        return datetime.strptime(timestamp, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise MockApiError("50112") from None


def _parse_query(operation: Operation, given: Mapping[str, list[str]]) -> dict[str, str]:
    """Parse the parameters that the operation has, and ignore unknown ones as web frameworks do."""
    query: dict[str, str] = {}
    for parameter in operation.parameters:
        if values := given.get(parameter.name):
            try:
                (value,) = values
                query[parameter.name] = value.encode("latin-1").decode()
            except ValueError:  # several values, or no UTF-8
                raise MockApiError("51000", parameter.name, "") from None
        for check, context in check_parameter(parameter, query.get(parameter.name)):
            raise MockApiError(CODE_BY_CHECK.get(check, "51000"), parameter.name, context.get("value", ""))
    return query
