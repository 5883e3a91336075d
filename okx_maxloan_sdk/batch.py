"""Any number of pairs: full requests, answers in the order asked, and no pair lost to another's fault."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from . import questions, rules
from .endpoint import GET_MAX_LOAN, MaxLoan
from .endpoint import query as make_query
from .errors import (
    AccountModeRejected,
    AuthenticationError,
    BatchError,
    ClientClosed,
    ClockSkew,
    MissingDataError,
    NotSent,
    OkxError,
    ParameterRejected,
    PermissionDenied,
    RuleError,
)
from .flow import Flow, gather
from .matching import find_missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from .session import Session

INST_ID = next(each for each in GET_MAX_LOAN.parameters if each.name == "instId")
SIZE = INST_ID.max_items
WIDTH = GET_MAX_LOAN.limit.requests
# After one of these the other requests would fail as well, and OKX blocks addresses that keep asking.
HOPELESS = (AuthenticationError, PermissionDenied, ClockSkew, AccountModeRejected, ClientClosed)
# 51000 is for any parameter, and only its text says for which. The margin mode is the whole account's; other
# parameters may be wrong for one pair alone.
MARGIN_MODE = ("MARGIN_MODE", "mgnMode")


@frozen
class Batch:
    """One request's worth of a stream: the pairs it asked about, and their rows or the error.

    `missing` are those of the pairs that OKX answered without a row for, as it may for a delisted pair.
    """

    inst_ids: tuple[str, ...]
    loans: tuple[MaxLoan, ...]
    error: OkxError | None
    missing: tuple[str, ...] = ()


def ask(session: Session, parameters: Mapping[str, Any]) -> Flow[list[MaxLoan]]:
    """Ask a question of any size: a currency, or any number of pairs."""
    deadline = session.until()
    if parameters.get("inst_id") is None:
        query = make_query(GET_MAX_LOAN, parameters)
        yield from begin(session, query, (), deadline)
        loans = yield from questions.max_loan(session, query, deadline)
        if not loans:
            raise MissingDataError([query["ccy"]])
        return loans
    query, found = split(parameters)
    inst_ids = list(dict.fromkeys(found))
    yield from begin(session, query, inst_ids, deadline)
    if not inst_ids:  # and a currency
        rules.check(GET_MAX_LOAN, {**query, "instId": ""}, session.facts, session.language)
    join, parts = Join(inst_ids, lambda missing: missing_data(session, query, missing)), chunks(iter(inst_ids))
    if len(inst_ids) <= SIZE or tuple(query.items()) not in session.accepted:
        # Alone, so that an error that affects all pairs costs one request.
        is_open = join.add((yield from fetch(session, query, next(parts, ()), deadline)))
        if not is_open or len(inst_ids) <= SIZE:
            return join.result()
    yield from gather((fetch(session, query, part, deadline) for part in parts), WIDTH, join.add)
    return join.result()


def stream(session: Session, parameters: Mapping[str, Any]) -> Iterator[Flow[list[Batch]]]:
    """Plan the flows of a stream; pairs are taken only as flows are, and each flow has the deadline to itself."""
    query, inst_ids = split(parameters)
    return (fetch_right(session, query, chunk, session.until()) for chunk in chunks(inst_ids))


def split(parameters: Mapping[str, Any]) -> tuple[dict[str, str], Iterator[str]]:
    """Part a question into what all its requests share, and its pairs."""
    return make_query(GET_MAX_LOAN, {**parameters, "inst_id": None}), pairs(parameters["inst_id"])


def pairs(given: object) -> Iterator[str]:
    """Take pairs one by one from texts, each of which may join several by commas, and iterables of them."""
    if isinstance(given, str):
        yield from given.split(",")
    elif isinstance(given, Iterable):
        for each in given:
            yield from pairs(each)
    else:
        message = f"inst_id must be a str or an iterable of them, not {type(given).__name__}"
        raise TypeError(message)


def begin(session: Session, query: Mapping[str, str], inst_ids: Sequence[str], deadline: float | None) -> Flow[None]:
    """Report everything that is wrong with a whole list of pairs before any of them is asked about."""
    yield from questions.prepare(session, deadline)
    first = {**query, "instId": ",".join(inst_ids[:SIZE])} if inst_ids else query
    wrong = dict.fromkeys(rules.wrongs(GET_MAX_LOAN, first, session.facts, session.language))
    for start in range(SIZE, len(inst_ids), SIZE):
        chunk = {**query, "instId": ",".join(inst_ids[start : start + SIZE])}
        wrong |= dict.fromkeys(rules.parameter_wrongs(GET_MAX_LOAN, chunk, session.language))
    if wrong:
        raise RuleError(list(wrong))


def chunks(inst_ids: Iterator[str]) -> Iterator[tuple[str, ...]]:
    """Take as many pairs as fit into a request, again and again."""
    while chunk := tuple(dict.fromkeys(islice(inst_ids, SIZE))):
        yield chunk


def fetch_right(
    session: Session, query: Mapping[str, str], inst_ids: tuple[str, ...], deadline: float | None
) -> Flow[list[Batch]]:
    """Hold one request against the rules, then fetch; those of its pairs that are none stand alone."""
    try:
        yield from begin(session, query, inst_ids, deadline)
    except OkxError as error:
        failure, parts = error, _right(inst_ids) if isinstance(error, RuleError) else []
    else:
        return (yield from fetch(session, query, inst_ids, deadline))
    return (yield from _apart(inst_ids, failure, parts, lambda part: fetch_right(session, query, part, deadline)))


def fetch(
    session: Session, query: Mapping[str, str], inst_ids: tuple[str, ...], deadline: float | None
) -> Flow[list[Batch]]:
    """Ask about the pairs of one request; when one of them is refused, part them until it stands alone."""
    try:
        loans = yield from questions.max_loan(session, {**query, "instId": ",".join(inst_ids)}, deadline)
    except OkxError as error:
        is_divisible = isinstance(error, ParameterRejected) and not affects_all_pairs(error)
        failure, parts = error, _halves(inst_ids) if is_divisible else []
    else:
        session.accepted.add(tuple(query.items()))
        return [Batch(inst_ids, tuple(loans), None, find_missing(inst_ids, (loan.inst_id for loan in loans)))]
    return (yield from _apart(inst_ids, failure, parts, lambda part: fetch(session, query, part, deadline)))


def missing_data(session: Session, query: Mapping[str, str], inst_ids: tuple[str, ...]) -> MissingDataError:
    """Make the error of pairs that OKX answered without a row for."""
    asked = {**query, "instId": ",".join(inst_ids)}
    return MissingDataError(inst_ids, rules.hint(GET_MAX_LOAN, asked, session.facts, session.language))


def affects_all_pairs(error: OkxError) -> bool:
    """Return whether the same parameters fail for any other pair as well."""
    if isinstance(error, ParameterRejected):
        return any(name in error.message for name in MARGIN_MODE)
    return isinstance(error, HOPELESS)


def _apart(
    inst_ids: tuple[str, ...],
    error: OkxError,
    parts: list[tuple[str, ...]],
    again: Callable[[tuple[str, ...]], Flow[list[Batch]]],
) -> Flow[list[Batch]]:
    """Try the parts of a request that failed, so that one bad pair costs the others nothing."""
    if len(parts) <= 1:
        return [Batch(inst_ids, (), error)]
    batches: list[Batch] = []
    for part in parts:
        batches += yield from again(part)
    return batches


def _right(inst_ids: tuple[str, ...]) -> list[tuple[str, ...]]:
    bad = [each for each in inst_ids if any(rules.faults(INST_ID, each))]
    good = tuple(each for each in inst_ids if each not in bad)
    return [*((each,) for each in bad), *([good] if good else [])]


def _halves(inst_ids: tuple[str, ...]) -> list[tuple[str, ...]]:
    middle = (len(inst_ids) + 1) // 2
    return [half for half in (inst_ids[:middle], inst_ids[middle:]) if half]


@define
class Join:
    """Collects the batches of one call into its rows, or its one error."""

    inst_ids: Sequence[str]
    missing_data: Callable[[tuple[str, ...]], MissingDataError]
    loans: list[MaxLoan] = field(factory=list)
    failures: list[tuple[tuple[str, ...], OkxError]] = field(factory=list)
    asked: set[str] = field(factory=set)

    def add(self, batches: Iterable[Batch]) -> bool:
        """Take batches as they come; tell whether it is worth going on."""
        for batch in batches:
            self.loans += batch.loans
            self.asked.update(batch.inst_ids)
            if batch.error is not None:
                self.failures.append((batch.inst_ids, batch.error))
            if batch.missing:
                self.failures.append((batch.missing, self.missing_data(batch.missing)))
        return not any(affects_all_pairs(error) for _, error in self.failures)

    def result(self) -> list[MaxLoan]:
        """Give all rows in the order asked; raise the only failure, or a `BatchError` with the rows that did arrive."""
        place = {inst_id.upper(): index for index, inst_id in enumerate(self.inst_ids)}
        self.loans.sort(key=lambda loan: place.get(loan.inst_id.upper(), len(place)))
        if not self.failures:
            return self.loans
        if unasked := tuple(each for each in self.inst_ids if each not in self.asked):
            self.failures.append((unasked, NotSent("not asked: what another request met would have met it too")))
        if not self.loans and len(self.failures) == 1 and not isinstance(self.failures[0][1], MissingDataError):
            raise self.failures[0][1]
        self.failures.sort(key=lambda failure: place[failure[0][0].upper()])
        raise BatchError(self.loans, self.failures)
