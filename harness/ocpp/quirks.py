"""Where the station can be made to misbehave: a few places, each honest unless told otherwise.

An emulator's defects are made of these; the agent itself knows of no defect.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

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
    trusts_contracts: bool = False
    """It charges for every contract, whatever the CSMS says of it."""
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
            variables={**self.variables, **other.variables},
            ends_on_pause=self.ends_on_pause or other.ends_on_pause,
            forgets_offline=self.forgets_offline or other.forgets_offline,
            drops_offline=self.drops_offline | other.drops_offline,
            restamps=self.restamps | other.restamps,
            ignores_missing_pongs=self.ignores_missing_pongs or other.ignores_missing_pongs,
            pings_first_link_only=self.pings_first_link_only or other.pings_first_link_only,
            hammers=self.hammers or other.hammers,
            security_faults=self.security_faults | other.security_faults,
            unproved=self.unproved | other.unproved,
            deaf_elsewhere=self.deaf_elsewhere | other.deaf_elsewhere,
            one_numbering=self.one_numbering or other.one_numbering,
            trusts_tokens=self.trusts_tokens or other.trusts_tokens,
            ignores_boot_refusal=self.ignores_boot_refusal or other.ignores_boot_refusal,
            trusts_contracts=self.trusts_contracts or other.trusts_contracts,
            serves_revoked_vehicles=self.serves_revoked_vehicles or other.serves_revoked_vehicles,
            hides_failed_installation=self.hides_failed_installation or other.hides_failed_installation,
            forgets_priorities=self.forgets_priorities or other.forgets_priorities,
            asks_once=self.asks_once or other.asks_once,
            assumes_every_transfer=self.assumes_every_transfer or other.assumes_every_transfer,
            forgets_new_needs=self.forgets_new_needs or other.forgets_new_needs,
            keeps_first_certificate=self.keeps_first_certificate or other.keeps_first_certificate,
            keeps_ems_orders=self.keeps_ems_orders or other.keeps_ems_orders,
            deaf_to_ems_offline=self.deaf_to_ems_offline or other.deaf_to_ems_offline,
            repeats_needs=self.repeats_needs or other.repeats_needs,
            keeps_first_schedule=self.keeps_first_schedule or other.keeps_first_schedule,
            keeps_schedule_in_session=self.keeps_schedule_in_session or other.keeps_schedule_in_session,
            refuses_older_vehicles=self.refuses_older_vehicles or other.refuses_older_vehicles,
            overlooks=self.overlooks | other.overlooks,
            gives_up_at_once=self.gives_up_at_once or other.gives_up_at_once,
            ignores_refused_transfer=self.ignores_refused_transfer or other.ignores_refused_transfer,
            reuses_ids=self.reuses_ids or other.reuses_ids,
            dies_of_garbage=self.dies_of_garbage or other.dies_of_garbage,
            doubles_der=self.doubles_der or other.doubles_der,
            withholds_der=self.withholds_der or other.withholds_der,
            forgets_defaults=self.forgets_defaults or other.forgets_defaults,
            cuts_running=self.cuts_running or other.cuts_running,
            ends_taken_over=self.ends_taken_over or other.ends_taken_over,
            saves_curves=self.saves_curves or other.saves_curves,
            forgets_der=self.forgets_der or other.forgets_der,
            forgets_profiles=self.forgets_profiles or other.forgets_profiles,
            stays_away=self.stays_away or other.stays_away,
        )


def _chain(payload: Payload | None, on: Callable[[Payload], Payload | None]) -> Payload | None:
    return None if payload is None else on(payload)


HONEST = Quirks()
