"""Where the station can be made to misbehave: a few places, each honest unless told otherwise.

An emulator's defects are made of these; the agent itself knows of no defect.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

from harness.ocpp.frames import Payload
from harness.ocpp.meter_values import Readings
from harness.ocpp.security import Fault

Rewrite = Callable[[str, Payload], Payload | None]
"""(action, payload) to the payload to use instead; None drops the message."""
RewriteAnswer = Callable[[str, Payload, Payload], Payload | None]
"""(action, request, answer) to the answer to give; None stays silent."""


def _same_text(text: str) -> str:
    return text


def _no_text(_text: str) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Wording:
    """How an agent departs from OCPP-J itself, whatever it is about."""

    says: Callable[[str], str] = _same_text
    """What goes out in place of its text."""
    retorts: Callable[[str], str | None] = _no_text
    """What it says to a text of the peer before it reads it; None: nothing."""

    def __add__(self, other: Wording) -> Wording:
        return Wording(lambda text: other.says(self.says(text)), lambda text: self.retorts(text) or other.retorts(text))


def _same(_action: str, payload: Payload) -> Payload | None:
    return payload


def _same_answer(_action: str, _request: Payload, answer: Payload) -> Payload | None:
    return answer


@dataclass(frozen=True, slots=True)
class Quirks:
    """A station's departures from what is right."""

    incoming: Rewrite = _same
    """What it takes a CALL of the CSMS for."""
    outgoing: Rewrite = _same
    """What it sends instead of its own CALL."""
    answer: RewriteAnswer = _same_answer
    wording: Wording = Wording()
    target_w: Callable[[float], float] = field(default=lambda power_w: power_w)
    """The power it really aims at."""
    readings: Callable[[Readings], Readings] = field(default=lambda readings: readings)
    """What it believes its meter reads."""
    variables: dict[str, str] = field(default_factory=dict)
    """Device model values it starts with, by "Component.Variable"."""
    ends_on_pause: bool = False
    """It takes a pause of the vehicle for the end of the transaction."""
    forgets_offline: bool = False
    """It drops what it should keep while offline."""
    drops_offline: frozenset[str] = frozenset()
    """The same of some actions."""
    restamps: frozenset[str] = frozenset()
    """Actions whose messages get the time when they are sent."""
    stays_away: bool = False
    """Once its link is lost it does not connect again."""

    ignores_missing_pongs: bool = False
    """It keeps a link whose far end answers no ping."""
    pings_first_link_only: bool = False
    """It pings no more once it has connected again."""
    hammers: bool = False
    """Once its link is lost it tries again without a pause."""
    security_faults: frozenset[Fault] = frozenset()
    """What it does wrong where it proves itself, and wants a proof."""
    unproved: frozenset[int] = frozenset()
    """Security profiles in which it does not prove itself."""
    deaf_elsewhere: frozenset[str] = frozenset()
    """Actions that it does not hear on any but its first network profile."""
    one_numbering: bool = False
    """It hears only CALLs whose ids are numbered as the first one's."""

    trusts_tokens: bool = False
    """It charges for every token."""
    ignores_boot_refusal: bool = False
    """It goes on as if its BootNotification had been accepted."""
    trusts_contracts: frozenset[str] = frozenset()
    """It charges for contracts of which the CSMS says this (certificateStatus)."""
    serves_revoked_vehicles: bool = False
    """It asks for the status of a vehicle's certificates and does not care for the answer."""
    hides_failed_installation: bool = False
    """It tells the vehicle OK where the CSMS had no contract for it."""

    forgets_priorities: bool = False
    """It does not hand on which contracts a vehicle wants first."""
    asks_once: bool = False
    """It gives a vehicle that wants a second contract the first one again."""
    assumes_every_transfer: bool = False
    """It takes a missing list of allowed transfers for all of them."""
    forgets_new_needs: bool = False
    """It tells a vehicle's needs once and never again."""

    keeps_first_certificate: bool = False
    """It accepts a renewed certificate and goes on with the one of before."""
    keeps_ems_orders: bool = False
    """An order of the energy manager counts for ever, whatever its duration."""
    deaf_to_ems_offline: bool = False
    """Without its CSMS it does not listen to the energy manager on site."""
    repeats_needs: bool = False
    """It tells a vehicle's needs again for every profile that it gets."""
    keeps_schedule_in_session: bool = False
    """It accepts a new schedule in session and does not bring the vehicle to choose again."""
    refuses_older_vehicles: bool = False
    """It takes Rejected for the needs of an ISO 15118-2 vehicle for the refusal of its transfer."""
    keeps_first_schedule: bool = False
    """It offers a vehicle that renegotiates the schedule of before."""

    overlooks: frozenset[str] = frozenset()
    """Requirements that it does not keep: those on profiles, which it accepts and forgets, and a few on what follows them."""
    gives_up_at_once: bool = False
    """It sends nothing a second time."""

    ignores_refused_transfer: bool = False
    """It goes on with a transfer that the CSMS has refused."""
    reuses_ids: bool = False
    """It has two message ids, one after the other."""
    dies_of_garbage: bool = False
    """A text that is no frame is the last that it hears."""

    doubles_der: bool = False
    """It emulates DER controls that the vehicle does itself."""
    withholds_der: bool = False
    """It hands no DER control on to the vehicle."""
    forgets_defaults: bool = False
    """A scheduled DER control takes the place of the default for ever."""
    cuts_running: bool = False
    """A new scheduled DER control ends the one that runs at once."""
    ends_taken_over: bool = False
    """It tells the end of an alarm where another control takes over."""
    saves_curves: bool = False
    """It keeps a new curve for the next session of a vehicle."""
    forgets_der: bool = False
    """Its DER controls do not survive a reboot."""
    forgets_profiles: bool = False
    """Its charging profiles do not survive a reboot."""

    def __add__(self, other: Quirks) -> Quirks:
        """Both at once; `self` has its say first."""
        flags: dict[str, Any] = {
            one.name: getattr(self, one.name) | getattr(other, one.name)
            for one in fields(self)
            if one.name not in _REWRITES
        }
        return Quirks(
            incoming=lambda action, payload: _chain(
                self.incoming(action, payload), lambda rest: other.incoming(action, rest)
            ),
            outgoing=lambda action, payload: _chain(
                self.outgoing(action, payload), lambda rest: other.outgoing(action, rest)
            ),
            answer=lambda action, request, answer: _chain(
                self.answer(action, request, answer), lambda rest: other.answer(action, request, rest)
            ),
            wording=self.wording + other.wording,
            target_w=lambda power_w: other.target_w(self.target_w(power_w)),
            readings=lambda readings: other.readings(self.readings(readings)),
            **flags,
        )


_REWRITES = frozenset({"incoming", "outgoing", "answer", "wording", "target_w", "readings"})
"""What is done one after the other; of the rest one that has it is enough."""


def _chain(payload: Payload | None, on: Callable[[Payload], Payload | None]) -> Payload | None:
    return None if payload is None else on(payload)


HONEST = Quirks()
