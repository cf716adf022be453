"""Emulated fleets: a population with a realistic spread and seeded misbehaviour, whose right verdicts are known.

For CI and for training people: who made the population knows the truth, the report must find it.

    fleet = Fleet.seeded(4711, vehicles=142, chargers=10)
    fleet.units()                                   # for the store: emulated, identities invented
    fleet.truth("AC-12", pair) -> Expected(Verdict.FAIL, Side.VEHICLE, "never_wakes")

The case ids are those of the reconstructed smart-charging protocol, AC-01 to AC-24. A trait is a behaviour that was seen in
the field or published; how often it is drawn is our default, chosen so that every trait occurs in 142 vehicles.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

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


TRAITS = (
    Trait("sleeps_after_pauses", Side.VEHICLE, 0.06, "goes to sleep after five pauses", {"AC-11": _FAIL}),
    Trait(
        "sleeps_until_woken",
        Side.VEHICLE,
        0.08,
        "sleeps in a pause of 20 min and resumes when the station toggles the pilot",
        {"AC-12": _FAIL, "AC-13": _FAIL, "AC-16": _CONDITIONAL},
    ),
    Trait(
        "never_wakes",
        Side.VEHICLE,
        0.05,
        "sleeps in a pause and does not wake until somebody re-plugs",
        {"AC-12": _FAIL, "AC-13": _FAIL, "AC-14": _FAIL, "AC-15": _FAIL, "AC-16": _FAIL},
    ),
    Trait("long_sleep", Side.VEHICLE, 0.12, "resumes after 20 min, not after 6 h", {"AC-13": _FAIL, "AC-15": _FAIL}),
    Trait("no_slow_charging", Side.VEHICLE, 0.05, "stops below 8 A", {"AC-06": _FAIL, "AC-02": _FAIL}),
    Trait("drops_phase", Side.VEHICLE, 0.06, "drops to one phase below 8 A without a word", {"AC-06": _FAIL}),
    Trait("saturates_at_10_a", Side.VEHICLE, 0.1, "draws 10 A at most: slower than offered, and right", {}),
    Trait(
        "overshoots", Side.VEHICLE, 0.04, "exceeds a lowered offer by more than 0.5 A", {"AC-03": _FAIL, "AC-08": _FAIL}
    ),
    Trait("slow_down", Side.VEHICLE, 0.05, "takes more than 5 s to follow a lowered offer", {"AC-04": _FAIL}),
    Trait("latches_fault", Side.VEHICLE, 0.04, "latches a fault under rapid toggling", {"AC-10": _FAIL}),
    Trait("drops_out_after_switch", Side.VEHICLE, 0.04, "drops out 90 s after a phase switch", {"AC-19": _FAIL}),
    Trait("impatient", Side.VEHICLE, 0.1, "gives up when authorisation takes more than 60 s", {"AC-23": _FAIL}),
    Trait("forgets_profile", Side.STATION, 0.15, "drops its profile when the link is lost", {"AC-22": _FAIL}),
    Trait("pause_ends_transaction", Side.STATION, 0.12, "ends the transaction at 0 A", {"AC-21": _FAIL}),
    Trait("keeps_lock", Side.STATION, 0.1, "keeps the connector locked after the end", {"AC-24": _FAIL}),
)

_BY_NAME = {trait.name: trait for trait in TRAITS}
_ONLY_AFTER_A_FAIL = {"AC-16": ("AC-12", "AC-13"), "AC-17": ("AC-16",)}
"""Cases that are run only where one of these failed."""


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

    def has(self, attribute: str, value: str) -> bool:
        return self.attributes.get(attribute) == value


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

    def truth(self, case: str, pair: Pair) -> Expected:
        """What a right report says of the cell. Where both sides misbehave, the vehicle's is met first."""
        if case not in CASES:
            raise ValueError(f"{case} is no case of the protocol: AC-01 to AC-24")
        vehicle, charger = self._by_key[pair.vehicle], self._by_key[pair.charger]
        three = vehicle.has("phases", "3") and charger.has("phases", "3")
        if case == "AC-19" and not three:
            return Expected(_SKIP)
        if case in _ONLY_AFTER_A_FAIL and all(
            self.truth(before, pair).verdict is not _FAIL for before in _ONLY_AFTER_A_FAIL[case]
        ):
            return Expected(_SKIP)
        for name in (*vehicle.traits, *charger.traits):
            trait = _BY_NAME[name]
            if name == "drops_phase" and not three:
                continue  # there is no phase to drop
            if case in trait.verdicts:
                return Expected(trait.verdicts[case], trait.side, name)
        return Expected(_CONDITIONAL if case == "AC-16" else _PASS)


def _vehicle(chance: random.Random, number: int) -> Member:
    electric = chance.random() < 0.8
    onboard_kw = chance.choice(("7.4", "11", "11", "11", "22")) if electric else chance.choice(("3.7", "3.7", "7.4"))
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
            "phases": "3" if onboard_kw in ("11", "22") else "1",
            "onboard_kw": onboard_kw,
            "battery_kwh": str(round(chance.gauss(62, 16) if electric else chance.gauss(14, 3))),
            "model_year": str(chance.randint(2019, 2026)),
        },
        _drawn(chance, Side.VEHICLE),
    )


def _charger(chance: random.Random, number: int) -> Member:
    return Member(
        f"cs-{number:02d}",
        "charger",
        {"maker": f"Station maker {chance.randint(1, 7)}", "serial": f"PF-{chance.randrange(10**8):08d}"},
        {"phases": chance.choice(("3", "3", "3", "1")), "place": chance.choice(("public", "private"))},
        _drawn(chance, Side.STATION),
    )


def _drawn(chance: random.Random, side: Side) -> tuple[str, ...]:
    """Traits of one unit. Sleeping ones exclude each other: a car sleeps in one way."""
    drawn = [trait for trait in TRAITS if trait.side is side and chance.random() < trait.share]
    return tuple(trait.name for trait in _without_contradictions(drawn))


_SLEEPERS = ("sleeps_until_woken", "never_wakes", "long_sleep")


def _without_contradictions(traits: Iterable[Trait]) -> list[Trait]:
    kept: list[Trait] = []
    for trait in traits:
        if trait.name in _SLEEPERS and any(one.name in _SLEEPERS for one in kept):
            continue
        kept.append(trait)
    return kept
