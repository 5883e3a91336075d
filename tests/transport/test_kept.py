"""Kept connections: the one used last comes first, a stale one never, and none is forgotten open."""

from __future__ import annotations

from okx_maxloan_sdk.transport.kept import Kept


class Line:
    """A connection as `Kept` sees it."""

    def __init__(self) -> None:
        self.available = self.expired = False

    def is_available(self) -> bool:
        return self.available

    def has_expired(self) -> bool:
        return self.expired


def served(kept: Kept[Line], count: int = 1) -> list[Line]:
    """Take so many connections at once, and give them back after an answer."""
    lines = [kept.take()[0] for _ in range(count)]
    for each in lines:
        each.available = True
        assert kept.give_back(each)
    return lines


def test_a_request_has_a_connection_to_itself() -> None:
    """While one is in use, the next request gets another; the one that was used last is used first."""
    kept = Kept(Line)
    one, two = served(kept, 2)
    assert one is not two
    assert [kept.take()[0], kept.take()[0]] == [two, one]
    assert sorted(map(id, kept.all())) == sorted(map(id, (one, two)))


def test_a_connection_that_cannot_be_used_again_is_the_callers_to_close() -> None:
    """After a failure, or when the exchange said so."""
    kept = Kept(Line)
    line, _ = kept.take()
    assert not kept.give_back(line)
    assert kept.all() == []
    assert kept.take()[0] is not line


def test_stale_connections_are_handed_out_to_be_closed() -> None:
    """All that are found on the way to one that can be used, and the oldest even when another one can."""
    kept = Kept(Line)
    old, middle, young = served(kept, 3)
    old.expired = True
    assert kept.take() == (young, [old])
    assert kept.all() != []
    assert kept.give_back(young)
    young.expired = middle.expired = True
    new, stale = kept.take()
    assert new not in (old, middle, young)
    assert set(stale) == {middle, young}
    assert kept.all() == [new]
