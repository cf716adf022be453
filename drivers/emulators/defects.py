"""What a seeded defect is: a documented misbehaviour that can be switched on by its id."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Defect:
    """One misbehaviour of an emulated device. `found_by`: the rule, test case or contract test that must find it."""

    id: str
    role: str
    protocol: str
    seen_in: str
    description: str
    found_by: str
