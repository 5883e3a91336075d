"""Start-time fair queuing between the owners (processes) that share one ledger.

Each owner has a virtual time, the number of slots it was granted. A free slot goes to the waiting owner with the
smallest virtual time, so owners that wait differ by one slot at most, and an owner alone gets all. A new owner starts
with the virtual time it would have had it been waiting since the oldest slot in use was granted.
https://en.wikipedia.org/wiki/Fair_queuing
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

# An owner that took slots while it was alone waits at most this many periods for the owners that came later.
MAX_WAIT_PERIODS = 4


@dataclass(slots=True)
class OwnerShare:
    """Slots granted to an owner, requests it has queued, and until when it counts as waiting."""

    virtual_time: int = 0
    queued: int = 0
    expires_at: float = 0.0


class FairShares(dict[int, OwnerShare]):
    """The share of each owner."""

    def slots_owed_to_others(
        self, now: float, owner: int, capacity: int, slots_by_owner: Callable[[], Counter[int]]
    ) -> int:
        """Count the slots that other waiting owners get before this one's next."""
        share = self.get(owner)
        if share is None or share.expires_at <= now:
            share = self._admit(now, owner, slots_by_owner)
        waiting = [(id_, each) for id_, each in self.items() if each.expires_at > now and each.queued and id_ != owner]
        if not waiting:
            return 0
        first = min(each.virtual_time for _, each in waiting)
        share.virtual_time = min(share.virtual_time, first + MAX_WAIT_PERIODS * capacity // (len(waiting) + 1) + 1)
        return sum(
            min(each.queued, max(0, share.virtual_time - each.virtual_time + (id_ < owner))) for id_, each in waiting
        )

    def record(self, owner: int, granted: int, queued: int, expires_at: float) -> None:
        """Record what an admitted owner was granted, and what it still wants."""
        share = self[owner]
        share.virtual_time += granted
        share.queued, share.expires_at = queued, expires_at

    def _admit(self, now: float, owner: int, slots_by_owner: Callable[[], Counter[int]]) -> OwnerShare:
        """Add an owner, and remove those that neither hold nor want a slot."""
        share = self.pop(owner, OwnerShare())
        if self:
            slots = slots_by_owner()
            for id_ in [id_ for id_, each in self.items() if each.expires_at <= now and not slots[id_]]:
                del self[id_]
            oldest = min((each.virtual_time - slots[id_] for id_, each in self.items()), default=0)
            share.virtual_time = max(share.virtual_time, oldest)
        self[owner] = share
        return share
