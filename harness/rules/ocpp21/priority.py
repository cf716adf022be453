"""Priority charging (K21, K22)."""

from __future__ import annotations

from collections.abc import Iterator

from harness.ocpp.profiles import Purpose
from harness.rules.ocpp21.believed import installed_before
from harness.rules.ocpp21.terms import Session, asked, broken, station
from harness.rules.rule import Broken

NOTICE_S = 10.0
"""Until NotifyPriorityCharging has to come (our default)."""


@station("K21.FR.01", "without a PriorityCharging profile the answer is NoProfile")
def no_profile_is_said(session: Session) -> Iterator[Broken]:
    for one in asked(session, "UsePriorityCharging", source="csms"):
        held = any(profile.purpose is Purpose.PRIORITY for profile in installed_before(session, one.request))
        sent = any(
            other.asked.get("chargingProfile", {}).get("chargingProfilePurpose") == "PriorityCharging"
            for other in session.of("SetChargingProfile")
            if other.request.ordinal < one.request.ordinal
        )
        booted = any(True for _ in session.of("BootNotification")) or sent
        if one.status == "Accepted" and booted and not held and one.asked["activate"] and one.answer:
            yield broken(one.answer, "no PriorityCharging profile is installed", one.request)


@station("K21.FR.02", "an unknown transaction is Rejected")
def unknown_transaction_is_rejected(session: Session) -> Iterator[Broken]:
    for one in asked(session, "UsePriorityCharging", source="csms"):
        running = session.transactions_at(one.request)
        if (
            running is not None
            and one.asked["transactionId"] not in running
            and one.status == "Accepted"
            and one.answer
        ):
            yield broken(one.answer, f"{one.asked['transactionId']} is not running", one.request)


@station("K21.FR.03, K21.FR.04, K21.FR.05", "switched on, it is told: NotifyPriorityCharging, activated true")
def activation_is_told(session: Session) -> Iterator[Broken]:
    yield from _untold(session, True)


@station("K21.FR.06, K21.FR.07, K21.FR.08", "switched off, it is told: NotifyPriorityCharging, activated false")
def deactivation_is_told(session: Session) -> Iterator[Broken]:
    yield from _untold(session, False)


def _untold(session: Session, activate: bool) -> Iterator[Broken]:
    for one in asked(session, "UsePriorityCharging", source="csms"):
        if one.asked["activate"] is not activate or one.status != "Accepted" or one.answer is None:
            continue
        notes = session.after(one.request, "NotifyPriorityCharging", within_s=NOTICE_S)
        if session.covers(one.answer, NOTICE_S) and not any(note.asked.get("activated") is activate for note in notes):
            yield broken(one.answer, f"none came within {NOTICE_S:g} s", one.request)


@station("K22", "priority charging is told for the transaction that runs")
def notice_names_the_transaction(session: Session) -> Iterator[Broken]:
    for one in asked(session, "NotifyPriorityCharging"):
        running = session.transactions_at(one.request)
        if running and one.asked["transactionId"] not in running:
            yield broken(one.request, f"{', '.join(sorted(running))} is running")
