"""How parallel workers share a campaign: by the devices under test."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Any

from xdist.scheduler import LoadScopeScheduling

SHARE = 11
"""Cases of one subject that a worker takes at a time: it connects the subject's devices once for them (our default)."""


class SubjectScheduler(LoadScopeScheduling):  # type: ignore[misc]
    """Gives a worker a share of one subject's cases, in their order; each worker has devices of its own."""

    share = SHARE

    def __init__(self, config: Any, log: Any, share: int = SHARE) -> None:
        super().__init__(config, log)
        self.share = share

    def _split_scope(self, nodeid: str) -> str:
        return self._shares[nodeid]

    @cached_property
    def _shares(self) -> dict[str, str]:
        seen: Counter[str] = Counter()
        shares = {}
        for nodeid in self.collection or ():
            subject = nodeid.partition("[")[2]
            shares[nodeid] = f"{subject}#{seen[subject] // self.share}"
            seen[subject] += 1
        return shares
