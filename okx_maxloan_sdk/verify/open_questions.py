"""Open questions about the endpoint: their requests, what a response shows, and a report without anything private.

The spec lists them (`x-okx-open-questions`). Requests bypass the rules between parameters, which are what is asked
about, but not the rate limit; a question is sent once, and never to an account that its request is not meant for.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from okx_maxloan_api.contract import GET_MAX_LOAN, SPEC_VERSION, OpenQuestion, Outcome
from okx_maxloan_api.open_questions import OPEN_QUESTIONS

from okx_maxloan_sdk import Account, MaxLoanClient
from okx_maxloan_sdk.codec import ACCOUNT_QUERY, TIME_QUERY, Query, instruments_query, parse_envelope
from okx_maxloan_sdk.effects import Flow
from okx_maxloan_sdk.exceptions import ClockSkewError, InvalidResponseError, OkxError, PermissionDeniedError
from okx_maxloan_sdk.request import acquire_permits, build_api_error, send_once
from okx_maxloan_sdk.retry import is_retryable_status, lookup_error
from okx_maxloan_sdk.state import ClientState
from okx_maxloan_sdk.transport import Response
from okx_maxloan_sdk.validation import matches

from .checks import INCONCLUSIVE_ERRORS

REPORT_SCHEMA = 1
MAX_REQUESTS = 20
# Sent before the questions, without a retry: the clock, the account, its pairs.
REQUESTS_BEFORE = [
    f"{each.operation.method} {each.target}"
    for each in (TIME_QUERY, ACCOUNT_QUERY, instruments_query(inst_type="MARGIN", inst_id=None))
]
# Fields whose values stay in a report: they are in the request, or public.
PUBLIC_FIELDS = ("instId", "mgnMode", "mgnCcy", "side", "ccy")
PUBLIC_VALUE = re.compile(r"[A-Za-z0-9-]{0,41}")
FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
USER_ID = re.compile(r"uid|user_?id", re.IGNORECASE)
SETTING = re.compile(r"[a-z_]{1,40}")
CODE = re.compile(r"[0-9]{1,6}(_[0-9]{1,6})?")
RATE_LIMIT_HEADER = re.compile(r"[a-z0-9-]{0,40}(rate-?limit|retry-after)[a-z0-9-]{0,40}", re.IGNORECASE)
# The result that an error stands for, by the kind of its code; of any other kind it answers no question.
RESULT_BY_KIND = {"parameter": "refused", "account_mode": "refused", "instrument": "unlisted"}
# They say nothing about the question.
NO_ANSWER = (*INCONCLUSIVE_ERRORS, ClockSkewError, PermissionDeniedError)


class Answer(NamedTuple):
    """What a response shows; `rows` have shapes in place of values."""

    question: OpenQuestion
    status: int
    code: str
    headers: Sequence[str]
    rows: Sequence[Mapping[str, str]]

    @property
    def outcome(self) -> Outcome | None:
        """The verdict, None where the response is none that was thought of."""
        facts = facts_of(self.code, self.headers, self.rows)
        return next((each for each in self.question.outcomes if matches(each.when, facts)), None)


def allowed_questions(account: Account, tradable: Collection[str]) -> list[OpenQuestion]:
    """Return the questions whose requests this account may send, as many as one run sends.

    An account without a pair in their requests would be told so, whatever the question; an empty list tells nothing.
    """
    facts = account.rule_inputs
    allowed = [
        each
        for each in OPEN_QUESTIONS
        if any(matches(condition, facts) for condition in each.accounts)
        and (not tradable or needed_pairs(each) <= {*tradable})
    ]
    return allowed[: MAX_REQUESTS - len(REQUESTS_BEFORE)]


def needed_pairs(question: OpenQuestion) -> set[str]:
    """Return the pairs that an account has to be able to trade."""
    return {each.upper() for each in _query(question).inst_ids} - {*question.unlisted}


def request_of(question: OpenQuestion) -> str:
    """Return the request without its host and headers."""
    return f"{GET_MAX_LOAN.method} {_query(question).target}"


def ask(client: MaxLoanClient, question: OpenQuestion) -> Answer:
    """Send the question's request; raise `OkxError` where its response says nothing about the question."""
    state = client._state  # noqa: SLF001 -- the request that the public methods refuse to send
    return Answer(question, **client._run(_send(state, _query(question))))  # noqa: SLF001 -- the same


def report(answers: Iterable[Answer], account: Account, *, site: str, version: str, is_demo: bool) -> dict[str, Any]:
    """Return what the answers show, as JSON can express it: no key, amount, uid or message of OKX is in it."""
    return {
        "schema": REPORT_SCHEMA,
        "spec_version": SPEC_VERSION,
        "sdk_version": version,
        "date": datetime.now(UTC).date().isoformat(),
        "site": site,
        "trading": "demo" if is_demo else "live",
        "account": {name: value for name, value in account.rule_inputs.items() if SETTING.fullmatch(value)},
        "answers": [
            {
                "question": each.question.id,
                "outcome": each.outcome.id if each.outcome else None,
                "sent": request_of(each.question),
                "status": each.status,
                "code": each.code,
                "headers": each.headers,
                "rows": each.rows,
            }
            for each in answers
        ],
    }


def facts_of(code: str, headers: Sequence[str], rows: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return what the outcomes of a question are told apart by."""
    listed = lookup_error(code)
    rejection = RESULT_BY_KIND.get(listed.kind if listed else "", "failed")
    facts = {
        "result": rejection if code != "0" else "rows" if rows else "empty",
        "code": code,
        "rows": str(len(rows)),
        "headers": ",".join(headers),
    }
    for name in PUBLIC_FIELDS:
        facts[name] = ",".join(sorted({row[name] for row in rows if row.get(name)}))
    for side in ("buy", "sell"):
        facts[side] = ",".join(sorted({row.get("ccy", "") for row in rows if row.get("side") == side}))
    # Empty is absent, so that outcomes can say so.
    return {name: value for name, value in facts.items() if value}


def _query(question: OpenQuestion) -> Query:
    return Query(GET_MAX_LOAN, GET_MAX_LOAN.path, question.query)


def _send(state: ClientState, query: Query) -> Flow[dict[str, Any]]:
    deadline = state.start_deadline()
    permits: list[Any] = []
    yield from acquire_permits(state, query.operation, deadline, permits)
    return (yield from send_once(state, query, permits, deadline, _decode)).row


def _decode(state: ClientState, query: Query, response: Response) -> list[dict[str, Any]] | OkxError:
    """Return one row, what the response shows, or the error that says nothing about the question."""
    redact = state.config.credentials.redact
    try:
        code, message, rows = parse_envelope(response)
    except InvalidResponseError as invalid:
        return invalid.redacted(redact)
    code = code if CODE.fullmatch(code) else "odd"
    error = build_api_error(state, query, response, code, redact(message))
    if code != "0" and (isinstance(error, NO_ANSWER) or is_retryable_status(response.status)):
        return error
    headers = sorted(name for name in response.headers if RATE_LIMIT_HEADER.fullmatch(name))
    shapes = [
        {name: redact(_shape(name, value)) for name, value in row.items() if FIELD_NAME.fullmatch(name)}
        for row in rows
        if isinstance(row, dict)
    ]
    return [{"status": response.status, "code": code, "headers": headers, "rows": shapes}]


def _shape(name: str, value: object) -> str:
    """Return a public value as it is, nothing of a user id, and of any other its type and length."""
    if USER_ID.search(name):
        return "removed"
    if isinstance(value, str):
        if name in PUBLIC_FIELDS and PUBLIC_VALUE.fullmatch(value):
            return value
        if re.fullmatch(r"-?\d+(\.\d+)?", value):
            whole, _, decimals = value.partition(".")
            return f"number of {len(whole.lstrip('-'))}+{len(decimals)} digits"
        return f"text of {len(value)} characters" if value else "empty text"
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    return type(value).__name__
