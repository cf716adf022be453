"""Emulated fleets: a population with a realistic spread and seeded misbehaviour, whose right verdicts are known.

For CI and for training people: who made the population knows the truth, the report must find it.

    fleet = Fleet.seeded(4711, vehicles=142, chargers=10)
    fleet.members()                                 # as a campaign file lists them: emulated, identities invented
    fleet.truth("AC-12", pair) -> Expected(Verdict.FAIL, Side.VEHICLE, "never_wakes")

The case ids are those of the reconstructed smart-charging protocol, AC-01 to AC-24. A trait is a behaviour that was seen in
the field or published; drivers/emulators/ac_car.py and ac_station.py do it. What it makes of a case follows from the
behaviour and the case's default parameters. How often it is drawn is our default.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.campaign.records import Pair, Unit
from harness.verdict import Side, Verdict

_FAIL, _CONDITIONAL, _PASS, _SKIP = Verdict.FAIL, Verdict.CONDITIONAL_PASS, Verdict.PASS, Verdict.NOT_APPLICABLE

CASES = tuple(f"AC-{number:02d}" for number in range(1, 25))


@dataclass(frozen=True, slots=True)
class Trait:
    """A behaviour and what it makes of the cases that meet it; cases that are not named stay a pass."""

    name: str
    side: Side
    share: float
    """Probability that a unit of its side has it."""
    says: str
    verdicts: Mapping[str, Verdict]


def _failed(*numbers: int) -> dict[str, Verdict]:
    return {f"AC-{number:02d}": _FAIL for number in numbers}


TRAITS = (
    Trait("sleeps_after_pauses", Side.VEHICLE, 0.06, "goes to sleep after five pauses", _failed(11)),
    Trait(
        "sleeps_until_woken",
        Side.VEHICLE,
        0.08,
        "sleeps in a pause of 20 min and resumes when the pilot was interrupted",
        _failed(12, 13),
    ),
    Trait(
        "never_wakes",
        Side.VEHICLE,
        0.05,
        "sleeps while nothing is offered and does not wake until somebody re-plugs",
        _failed(12, 13, 14, 15, 16),
    ),
    Trait("long_sleep", Side.VEHICLE, 0.12, "resumes after 20 min, not after 6 h", _failed(13, 15)),
    Trait("impatient", Side.VEHICLE, 0.1, "gives up when nothing is offered in the first 60 s", _failed(14, 15, 23)),
    Trait("no_slow_charging", Side.VEHICLE, 0.05, "stops below 8 A", _failed(2, 6, 7, 8)),
    Trait("drops_phase", Side.VEHICLE, 0.06, "drops to one phase below 8 A without a word", _failed(6)),
    Trait("overshoots", Side.VEHICLE, 0.04, "exceeds a much lowered offer by 1 A for 20 s", _failed(3, 4, 7, 8)),
    Trait("slow_down", Side.VEHICLE, 0.05, "takes more than 5 s to follow a lowered offer", _failed(4)),
    Trait("saturates_at_10_a", Side.VEHICLE, 0.1, "draws 10 A at most: slower than offered, and right", {}),
    Trait("latches_fault", Side.VEHICLE, 0.04, "latches a fault under rapid toggling", _failed(10)),
    Trait("drops_out_after_switch", Side.VEHICLE, 0.04, "drops out 90 s after a phase switch", _failed(19)),
    Trait(
        "pause_ends_transaction",
        Side.STATION,
        0.12,
        "ends the transaction at 0 A",
        _failed(9, 10, 11, 12, 13, 20, 21, 24),
    ),
    Trait("forgets_profile", Side.STATION, 0.15, "drops its profiles when the link is lost", _failed(21, 22)),
    Trait("keeps_lock", Side.STATION, 0.1, "keeps the connector locked after the end", _failed(24)),
)

_BY_NAME = {trait.name: trait for trait in TRAITS}
HARMLESS = frozenset(trait.name for trait in TRAITS if not trait.verdicts)
_MISSED = tuple(f"AC-{number}" for number in range(12, 16))
"""Cases of which the vehicle must have failed one before a wake-up is tried."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The right verdict of a cell, whom it is charged to, and the trait behind it."""

    verdict: Verdict
    side: Side | None = None
    trait: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """One emulated unit: its invented identity, attributes and traits."""

    key: str
    kind: str
    identity: dict[str, str]
    attributes: dict[str, str]
    traits: tuple[str, ...] = ()
    reference: bool = False

    def has(self, attribute: str, value: str) -> bool:
        return self.attributes.get(attribute) == value

    def listed(self) -> dict[str, Any]:
        """As a campaign file has it."""
        phases, most_a = int(self.attributes["phases"]), float(self.attributes["maximum_a"])
        options: dict[str, Any] = {"phases": phases, "maximum_a": most_a}
        capabilities = ["iec61851"] + (["three_phase"] if phases == 3 else [])
        if self.kind == "charger":
            capabilities += ["ocpp2.1"] + (["phase_switch"] if phases == 3 else [])
        else:
            options["behaviours"] = [name for name in self.traits if name in HARMLESS]
            options["plant"] = {
                "onboard.phases": phases,
                "onboard.maximum_a": most_a,
                "battery.capacity_ah": float(self.attributes["battery_kwh"]) * 1000.0 / _PACK_V,
            }
        defects = [f"ac-{name.replace('_', '-')}" for name in self.traits if name not in HARMLESS]
        return {
            "key": self.key,
            "kind": self.kind,
            "emulated": True,
            "reference": self.reference,
            "identity": self.identity,
            "traits": self.attributes,
            "pics": {"capabilities": capabilities},
            "emulator": {"kind": f"ac_{_STATION_OR_CAR[self.kind]}", "defects": defects, "options": options},
        }


@dataclass(frozen=True, slots=True)
class Fleet:
    """A population of vehicles and chargers; the same seed gives the same one."""

    vehicles: tuple[Member, ...]
    chargers: tuple[Member, ...]
    _by_key: dict[str, Member] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._by_key.update({one.key: one for one in (*self.vehicles, *self.chargers)})

    @classmethod
    def seeded(cls, seed: int, *, vehicles: int = 142, chargers: int = 10) -> Fleet:
        """Draw a population. Spreads follow the published one: four in five battery-electric, on-board 3.7 to 22 kW."""
        chance = random.Random(seed)
        return cls(
            tuple(_vehicle(chance, number) for number in range(1, vehicles + 1)),
            tuple(_charger(chance, number) for number in range(1, chargers + 1)),
        )

    def pairs(self) -> list[Pair]:
        return [Pair(vehicle.key, charger.key) for vehicle in self.vehicles for charger in self.chargers]

    def units(self) -> list[Unit]:
        """As the store describes them; traits under test are nobody's business and not among the attributes."""
        return [Unit(one.key, one.kind, True, one.identity, one.attributes) for one in (*self.vehicles, *self.chargers)]

    def members(self) -> list[dict[str, Any]]:
        """As a campaign file lists them, each with its emulator and the behaviours that are seeded into it."""
        return [one.listed() for one in (*self.vehicles, *self.chargers)]

    def truth(self, case: str, pair: Pair) -> Expected:
        """What a right report says of the cell. Where both sides misbehave, the station's is met first."""
        if case not in CASES:
            raise ValueError(f"{case} is no case of the protocol: AC-01 to AC-24")
        vehicle, charger = self._by_key[pair.vehicle], self._by_key[pair.charger]
        three = vehicle.has("phases", "3") and charger.has("phases", "3")
        if (case == "AC-19" and not three) or (case == "AC-18" and not charger.has("phases", "3")):
            return Expected(_SKIP)
        if case in ("AC-16", "AC-17"):
            return self._helped(case, pair)
        for name in (*charger.traits, *vehicle.traits):
            trait = _BY_NAME[name]
            if name == "drops_phase" and not three:
                continue  # there is no phase to drop
            if case in trait.verdicts:
                return Expected(trait.verdicts[case], trait.side, name)
        return Expected(_PASS)

    def _helped(self, case: str, pair: Pair) -> Expected:
        """A wake-up is tried where the vehicle did not come back by itself, the user's after the station's."""
        missed = [one for one in (self.truth(before, pair) for before in _MISSED) if one.side is Side.VEHICLE]
        if not missed:
            return Expected(_SKIP)
        trait = missed[0].trait
        sleeps_on = "AC-16" in _BY_NAME[trait].verdicts
        if case == "AC-16":
            return Expected(_FAIL if sleeps_on else _CONDITIONAL, Side.VEHICLE, trait)
        return Expected(_CONDITIONAL, Side.VEHICLE, trait) if sleeps_on else Expected(_SKIP)


_PACK_V = 400.0
_STATION_OR_CAR = {"vehicle": "vehicle", "charger": "station"}
_ONBOARD = {"3.7": ("1", "16"), "7.4": ("1", "32"), "11": ("3", "16"), "22": ("3", "32")}
"""Phases and current per phase in A, by the usual name of an on-board charger's power in kW."""


def _vehicle(chance: random.Random, number: int) -> Member:
    electric = chance.random() < 0.8
    onboard_kw = chance.choice(("7.4", "11", "11", "11", "22")) if electric else chance.choice(("3.7", "3.7", "7.4"))
    phases, maximum_a = _ONBOARD[onboard_kw]
    vin = "XPF" + "".join(chance.choice("ABCDEFGHJKLMNPRSTUVWXYZ0123456789") for _ in range(11)) + f"{number:03d}"
    return Member(
        f"car-{number:03d}",
        "vehicle",
        {
            "maker": f"Maker {chance.randint(1, 24)}",
            "model": f"Model {number}",
            "vin": vin,
            "evccid": ":".join(f"{chance.randrange(256):02X}" for _ in range(6)),
        },
        {
            "propulsion": "BEV" if electric else "PHEV",
            "phases": phases,
            "maximum_a": maximum_a,
            "onboard_kw": onboard_kw,
            "battery_kwh": str(
                max(round(chance.gauss(62, 16)), 30) if electric else max(round(chance.gauss(14, 3)), 8)
            ),
            "model_year": str(chance.randint(2019, 2026)),
        },
        _drawn(chance, Side.VEHICLE),
    )


def _charger(chance: random.Random, number: int) -> Member:
    """The first one is the lab's reference: three phases, and nothing wrong with it."""
    identity = {"maker": f"Station maker {chance.randint(1, 7)}", "serial": f"PF-{chance.randrange(10**8):08d}"}
    attributes = {
        "phases": chance.choice(("3", "3", "3", "1")),
        "maximum_a": chance.choice(("16", "32")),
        "place": chance.choice(("public", "private")),
    }
    traits = _drawn(chance, Side.STATION)
    if number == 1:
        return Member("cs-01", "charger", identity, {**attributes, "phases": "3", "maximum_a": "32"}, reference=True)
    return Member(f"cs-{number:02d}", "charger", identity, attributes, traits)


def _drawn(chance: random.Random, side: Side) -> tuple[str, ...]:
    """Traits of one unit. Some exclude each other: a car sleeps in one way, and handles low offers in one way."""
    drawn = [trait for trait in TRAITS if trait.side is side and chance.random() < trait.share]
    return tuple(trait.name for trait in _without_contradictions(drawn))


_EXCLUSIVE = (
    ("sleeps_until_woken", "never_wakes", "long_sleep", "impatient"),
    ("no_slow_charging", "drops_phase", "overshoots", "slow_down"),
)


def _without_contradictions(traits: Iterable[Trait]) -> list[Trait]:
    kept: list[Trait] = []
    for trait in traits:
        rivals = {name for group in _EXCLUSIVE if trait.name in group for name in group}
        if not any(one.name in rivals for one in kept):
            kept.append(trait)
    return kept
