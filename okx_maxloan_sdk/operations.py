"""Operations of a client: validate parameters, send queries, return models."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from . import batching, codec, validation
from .batching import MAX_INST_IDS, BatchResult
from .exceptions import OkxError
from .models import Account, Instrument, MaxLoan, to_account
from .request import fetch_models, remaining_time, send_with_retries, sync_clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .codec import Query
    from .effects import Flow
    from .state import ClientState

# Each takes about 1 KB.
MAX_VALID_QUERIES = 64


def get_max_loan(state: ClientState, inst_ids: Any, parameters: Mapping[str, Any]) -> Flow[list[MaxLoan]]:
    """Return the rows of any number of pairs, in the order requested, or of one currency."""
    deadline = None if state.config.total_timeout is None else state.start_deadline()
    key = _arguments_key(inst_ids, parameters)
    if (valid_query := state.valid_queries.get(key)) is not None:
        return (yield from batching.fetch_all(state, [valid_query], deadline))
    query = codec.max_loan_query(**parameters)
    pairs = list(dict.fromkeys(batching.iter_inst_ids(inst_ids)))
    if inst_ids and not pairs and "ccy" in query.params:
        pairs = [""]  # an empty list of pairs is a mistake, not a query for a currency
    yield from ensure_account(state, deadline)
    valid_queries = state.valid_queries  # before the check: a new account, with other rules, replaces them
    chunks = batching.split_valid(state, query, pairs)
    if len(chunks) == 1 and key:
        if len(valid_queries) >= MAX_VALID_QUERIES:
            valid_queries.clear()
        valid_queries[key] = chunks[0]
    return (yield from batching.fetch_all(state, chunks, deadline))


def _arguments_key(inst_ids: Any, parameters: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Return what tells one call from another; None where there are lists of pairs, or something else than a str."""
    try:
        key = (",".join(inst_ids), *parameters.items())
        hash(key)
    except TypeError:
        return None
    return key


def iter_max_loan(
    state: ClientState, inst_ids: Any, parameters: Mapping[str, Any]
) -> Iterator[Flow[list[BatchResult]]]:
    """Return one flow for each request; pairs are taken as flows are, and each flow has `total_timeout` to itself."""
    query, pairs = codec.max_loan_query(**parameters), batching.iter_inst_ids(inst_ids)
    chunks = iter(lambda: tuple(dict.fromkeys(islice(pairs, MAX_INST_IDS))), ())
    return (_fetch_chunk(state, query.with_inst_ids(chunk), state.start_deadline()) for chunk in chunks)


def _fetch_chunk(state: ClientState, query: Query, deadline: float | None) -> Flow[list[BatchResult]]:
    try:
        yield from ensure_account(state, deadline)
    except OkxError as error:
        return [BatchResult(query.inst_ids, (), error)]
    return (yield from batching.fetch_chunk(state, query, deadline, is_valid=False))


def ensure_account(state: ClientState, deadline: float | None) -> Flow[None]:
    """Request the account's settings once, if the client was told to."""
    if state.account.value is None and state.config.account == "auto":
        timeout = remaining_time(state, deadline)
        yield from state.account.get(lambda: _fetch_account(state, deadline), timeout, None)


def get_account(state: ClientState) -> Flow[Account]:
    """Request the account's settings; the rules and the rate limit use them from now on."""
    return (yield from _fetch_account(state, state.start_deadline()))


def _fetch_account(state: ClientState, deadline: float | None) -> Flow[Account]:
    response = yield from send_with_retries(state, codec.ACCOUNT_QUERY, deadline)
    account = to_account(response.row)
    state.set_account(account)
    return account


def get_instruments(state: ClientState, inst_type: str, inst_id: str | None) -> Flow[list[Instrument]]:
    """Request the instruments that the account may trade."""
    query = codec.instruments_query(inst_type=inst_type, inst_id=inst_id)
    validation.validate(query, {}, state.config.language)
    return (yield from fetch_models(state, query, Instrument, state.start_deadline()))


def measure_clock_offset(state: ClientState) -> Flow[float]:
    """Measure the clock skew; later requests are signed with OKX's time."""
    return (yield from sync_clock(state, state.start_deadline(), state.clock_skew.value))
