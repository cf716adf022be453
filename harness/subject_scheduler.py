"""How parallel workers share a campaign: by the devices under test."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling


class SubjectScheduler(LoadScopeScheduling):  # type: ignore[misc]
    """Gives all cases of one subject to one worker, in their order."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("[")[2]
