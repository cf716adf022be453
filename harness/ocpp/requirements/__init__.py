"""What OCPP 2.1 asks of a station and of its CSMS, block by block: ids, whose duty it is, and in our words what it asks.

Ids are those of OCPP 2.1 edition 1 part 2 with its 2025-09 errata; where only the use case is known to the public, the use
case stands, and where several ids are known only together, each has the text of all. `plugfest coverage` shows which test
cases and rules hold a device to each.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

STATION, CSMS, BOTH = "station", "csms", "both"

Row = tuple[str, str, str] | tuple[str, str, str, str]
"""Id, whose duty, what it asks, and, where nothing tests it, why."""


@dataclass(frozen=True, slots=True)
class Requirement:
    id: str
    duty: str
    says: str
    untested: str = ""
    """Why no test case and no rule holds a device to it; empty where one does."""


def requirements_of(rows: Iterable[Row]) -> tuple[Requirement, ...]:
    return tuple(Requirement(*row) for row in rows)


def all_requirements() -> dict[str, Requirement]:
    """Every requirement by its id, in the order of the blocks."""
    from harness.ocpp.requirements import block_k, block_q, block_r, other_blocks

    tables = (block_k.ROWS, block_q.ROWS, block_r.ROWS, other_blocks.ROWS)
    return {one.id: one for rows in tables for one in requirements_of(rows)}
