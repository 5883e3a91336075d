"""Any number of pairs: chunk into full requests, bisect a rejected chunk, collect results in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from okx_maxloan_api.contract import GET_MAX_LOAN

from . import validation
from .effects import Flow, Gather
from .exceptions import (
    AccountModeError,
    AuthenticationError,
    BadRequestError,
    ClientClosedError,
    ClockSkewError,
    InvalidParametersError,
    MissingDataError,
    OkxError,
    PartialFailureError,
    PermissionDeniedError,
    RateLimitTimeoutError,
    RequestNotSentError,
)
from .messages import text
from .models import MaxLoan
from .request import fetch_models, late

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .codec import Query
    from .state import ClientState

INST_ID = next(each for each in GET_MAX_LOAN.parameters if each.name == "instId")
MAX_INST_IDS = INST_ID.max_items
MAX_CONCURRENCY = GET_MAX_LOAN.limit.requests
# Depth of lists of pairs inside lists.
MAX_NESTING = 20
# Errors that affect all requests of a call; OKX blocks addresses that repeat the first two.
FATAL_ERRORS = (
    AuthenticationError,
    PermissionDeniedError,
    ClockSkewError,
    AccountModeError,
    ClientClosedError,
    RateLimitTimeoutError,
)
# Code 51000 is for any parameter, and only its message names it. The margin mode affects all pairs; other parameters
# may be wrong for one pair alone.
MARGIN_MODE_NAMES = ("MARGIN_MODE", "mgnMode")


@dataclass(frozen=True, slots=True)
class BatchResult:
    """Outcome of one request: the pairs, and their rows or the error.

    `missing` are the pairs that OKX returned no row for, as for a delisted pair; `hint` is what else is known of them.
    """

    inst_ids: tuple[str, ...]
    loans: tuple[MaxLoan, ...]
    error: OkxError | None
    missing: tuple[str, ...] = ()
    hint: str = ""


def iter_inst_ids(inst_ids: object, depth: int = 0) -> Iterator[str]:
    """Yield pairs one by one from strings, each of which may join several by commas, and iterables of them.

    Raises `TypeError` for anything else, `ValueError` for a list that is nested too deeply.
    """
    if isinstance(inst_ids, str):
        yield from inst_ids.split(",")
    elif isinstance(inst_ids, Iterable) and not isinstance(inst_ids, bytes):
        if depth > MAX_NESTING:
            message = f"pairs are nested more than {MAX_NESTING} lists deep; pass strings, or one list of them"
            raise ValueError(message)
        for item in inst_ids:
            yield from iter_inst_ids(item, depth + 1)
    else:
        message = f"a pair must be a str such as 'BTC-USDT', or an iterable of them, not {type(inst_ids).__name__}"
        raise TypeError(message)


def split_valid(state: ClientState, query: Query, inst_ids: Sequence[str]) -> list[Query]:
    """Return one query for each request; raise `InvalidParametersError` with all that is wrong with any pair."""
    starts, language = range(0, len(inst_ids), MAX_INST_IDS), state.config.language
    chunks = [query.with_inst_ids(inst_ids[start : start + MAX_INST_IDS]) for start in starts] or [query]
    violations = dict.fromkeys(validation.find_violations(chunks[0], state.rule_inputs, language))
    for chunk in chunks[1:]:
        violations |= dict.fromkeys(validation.find_violations(chunk, state.rule_inputs, language, only_pairs=True))
    if violations:
        raise InvalidParametersError(list(violations))
    return chunks


def fetch_all(state: ClientState, chunks: Sequence[Query], deadline: float | None) -> Flow[list[MaxLoan]]:
    """Return the rows of valid queries in their order; raise `PartialFailureError` with those that arrived."""
    first, rest = chunks[0], chunks[1:]
    if not rest and len(first.inst_ids) <= 1:
        # A pair or a currency: nothing to bisect or to sort, and an error is that of the call.
        if loans := (yield from fetch_models(state, first, MaxLoan, deadline)):
            state.accepted_params.add(first.other_params)
            return loans
        if not first.inst_ids:
            error = MissingDataError([first.params["ccy"]])
            error.language = state.config.language
            raise error
        collector = ResultCollector(state, chunks, deadline)
        collector.add(_to_result(state, first, []))
        return collector.finish()
    collector = ResultCollector(state, chunks, deadline)
    if not rest or first.other_params not in state.accepted_params:
        # Alone, so that an error that affects all pairs costs one request.
        for result in (yield from fetch_chunk(state, first, deadline)):
            collector.add(result)
        if collector.loans:
            state.accepted_params.add(first.other_params)
        if not rest or collector.is_stopped:
            return collector.finish()
        chunks = rest
    flows = (fetch_chunk(state, chunk, deadline) for chunk in chunks)
    yield Gather(takewhile(lambda _: not collector.is_stopped, flows), MAX_CONCURRENCY, collector.add)
    return collector.finish()


def fetch_chunk(
    state: ClientState, query: Query, deadline: float | None, *, is_valid: bool = True
) -> Flow[list[BatchResult]]:
    """Fetch the pairs of one request, validated first unless that was done; when it fails, fetch parts of it."""
    try:
        if not is_valid:
            validation.validate(query, state.rule_inputs, state.config.language)
        loans = yield from fetch_models(state, query, MaxLoan, deadline)
    except OkxError as error:
        failure = error
    else:
        return [_to_result(state, query, loans)]
    parts = _split(query.inst_ids, failure)
    if len(parts) <= 1:
        return [BatchResult(query.inst_ids, (), failure)]
    results: list[BatchResult] = []
    for part in parts:
        results += yield from fetch_chunk(state, query.with_inst_ids(part), deadline, is_valid=is_valid)
    return results


def _to_result(state: ClientState, query: Query, loans: Sequence[MaxLoan]) -> BatchResult:
    arrived = {loan.inst_id.upper() for loan in loans}
    missing = tuple([inst_id for inst_id in query.inst_ids if inst_id.upper() not in arrived])
    hint = validation.hint(query.with_inst_ids(missing), state.rule_inputs, state.config.language) if missing else ""
    return BatchResult(query.inst_ids, tuple(loans), None, missing, hint)


def _split(inst_ids: tuple[str, ...], error: OkxError) -> list[tuple[str, ...]]:
    """Return the parts of a failed request that may succeed without the others; none if the error affects all."""
    if isinstance(error, InvalidParametersError):
        invalid = [each for each in inst_ids if any(validation.check_parameter(INST_ID, each))]
        valid = tuple([each for each in inst_ids if each not in invalid])
        return [*((each,) for each in invalid), *([valid] if valid else [])]
    if isinstance(error, BadRequestError) and not affects_all(error):
        middle = (len(inst_ids) + 1) // 2
        return [half for half in (inst_ids[:middle], inst_ids[middle:]) if half]
    return []


def affects_all(error: OkxError | None) -> bool:
    """Return whether every other request of the call would fail in the same way."""
    if isinstance(error, BadRequestError):
        return any(name in error.message for name in MARGIN_MODE_NAMES)
    return isinstance(error, FATAL_ERRORS)


class ResultCollector:
    """Collects the results of one call into its rows, or its one error."""

    def __init__(self, state: ClientState, chunks: Sequence[Query], deadline: float | None) -> None:
        self._state, self._chunks, self._deadline = state, chunks, deadline
        self._seen: set[str] = set()
        self.loans: list[MaxLoan] = []
        self.failures: list[tuple[tuple[str, ...], OkxError]] = []
        # No other request can succeed any more.
        self.is_stopped: bool = False

    def add(self, result: BatchResult) -> None:
        """Add a result as it arrives."""
        self.loans += result.loans
        self._seen.update(result.inst_ids)
        if result.error is not None:
            self.failures.append((result.inst_ids, result.error))
        if result.missing:
            self.failures.append((result.missing, MissingDataError(result.missing, result.hint)))
        if affects_all(result.error) or self._is_late():
            self.is_stopped = True

    def finish(self) -> list[MaxLoan]:
        """Return all rows in the order requested; raise the only failure, or `PartialFailureError` with the rows."""
        inst_ids = [inst_id for chunk in self._chunks for inst_id in chunk.inst_ids]
        position = {inst_id.upper(): index for index, inst_id in enumerate(inst_ids)}
        self.loans.sort(key=lambda loan: position.get(loan.inst_id.upper(), len(position)))
        if not_sent := tuple(each for each in inst_ids if each not in self._seen):
            reason = late(self._state) if self._is_late() else text(self._state.config.language, "reason.fatal")
            self.failures.append((not_sent, RequestNotSentError(reason)))
        if not self.failures:
            return self.loans
        self.failures.sort(key=lambda failure: position[failure[0][0].upper()])
        failure: OkxError = PartialFailureError(self.loans, self.failures)
        if not self.loans and len(self.failures) == 1 and not isinstance(self.failures[0][1], MissingDataError):
            failure = self.failures[0][1]
        for error in (failure, *(error for _, error in self.failures)):
            error.language = self._state.config.language
        raise failure

    def _is_late(self) -> bool:
        return self._deadline is not None and self._state.clock.monotonic() >= self._deadline
