"""Transactions and meter values that V2X rests on (blocks E and J)."""

from __future__ import annotations

from collections.abc import Iterator

from harness.ocpp.meter_values import sampled
from harness.ocpp.timestamps import to_seconds
from harness.rules.ocpp21.terms import OURS, Session, asked, broken, csms, station
from harness.rules.rule import Broken
from harness.transcript.ocpp import Exchange

STEADY_W = 500.0
"""Two samples that differ by less are taken as one power (our default)."""
REGISTERS = ("Energy.Active.Import.Register", "Energy.Active.Export.Register")
CLOCK_SLACK_S = 4.0
"""How far a time stamp may be ahead of our clock (the tolerance that certification labs use)."""


def _events(session: Session) -> dict[str, list[Exchange]]:
    """TransactionEvents by transaction, in the order in which they came; repetitions left out."""
    found: dict[str, list[Exchange]] = {}
    for one in asked(session, "TransactionEvent"):
        own = found.setdefault(one.asked["transactionInfo"]["transactionId"], [])
        if not any(other.asked == one.asked for other in own):
            own.append(one)
    return found


@station("E01", "seqNo rises by one from event to event", "S", id="ocpp2.1/sequence-numbers")
def sequence_numbers_are_complete(session: Session) -> Iterator[Broken]:
    for transaction, events in _events(session).items():
        numbers = sorted(events, key=lambda one: int(one.asked["seqNo"]))
        for earlier, later in zip(numbers, numbers[1:], strict=False):
            if later.asked["seqNo"] != earlier.asked["seqNo"] + 1:
                because = f"{earlier.asked['seqNo']} is followed by {later.asked['seqNo']} in {transaction}"
                yield broken(later.request, because, earlier.request)


@station("E01", "the first event of a transaction is Started, with seqNo 0", "S", id="ocpp2.1/started-is-first")
def started_is_first(session: Session) -> Iterator[Broken]:
    for events in _events(session).values():
        started = [one for one in events if one.asked["eventType"] == "Started"]
        if started and started[0] is not min(events, key=lambda one: int(one.asked["seqNo"])):
            yield broken(started[0].request, f"it has seqNo {started[0].asked['seqNo']}")


@station("E01", "nothing comes after Ended", "S", id="ocpp2.1/ended-is-last")
def ended_is_last(session: Session) -> Iterator[Broken]:
    for events in _events(session).values():
        ended = [one for one in events if one.asked["eventType"] == "Ended"]
        for one in events:
            if ended and one.asked["seqNo"] > ended[0].asked["seqNo"]:
                yield broken(one.request, f"the transaction has ended in {ended[0].request}", ended[0].request)


@station("E06", "the last event tells why the transaction ended", "S", "warn", id="ocpp2.1/stopped-reason")
def the_end_has_a_reason(session: Session) -> Iterator[Broken]:
    for one in asked(session, "TransactionEvent"):
        if one.asked["eventType"] == "Ended" and "stoppedReason" not in one.asked["transactionInfo"]:
            yield broken(one.request, "no stoppedReason: Local is meant then")


@station(OURS, "energy registers never fall within a transaction", "I", "warn")
def registers_never_fall(session: Session) -> Iterator[Broken]:
    for events in _events(session).values():
        for register in REGISTERS:
            last = float("-inf")
            for one in sorted(events, key=lambda one: int(one.asked["seqNo"])):
                value = sampled(one.asked.get("meterValue", ()), register)
                if value is None:
                    continue
                if value < last - 1.0:
                    yield broken(one.request, f"{register} falls from {last:g} to {value:g} Wh")
                last = value


@station("J02", "energy goes to the register of its direction", "S", id="ocpp2.1/registers-and-power")
def registers_follow_power(session: Session) -> Iterator[Broken]:
    """Between two samples of steady power of one sign, the register of that direction has to move."""
    for events in _events(session).values():
        samples = [one for one in events if sampled(one.asked.get("meterValue", ()), REGISTERS[0]) is not None]
        for earlier, later in zip(samples, samples[1:], strict=False):
            hours = (to_seconds(later.asked["timestamp"]) - to_seconds(earlier.asked["timestamp"])) / 3600.0
            before_w, after_w = _signed_w(earlier), _signed_w(later)
            if hours <= 0 or before_w is None or after_w is None:
                continue
            if (
                abs(before_w - after_w) > STEADY_W
                or abs(before_w) < 2 * STEADY_W
                or _disturbed(session, earlier, later)
            ):
                continue
            moved = [
                (sampled(later.asked["meterValue"], name) or 0.0) - (sampled(earlier.asked["meterValue"], name) or 0.0)
                for name in REGISTERS
            ]
            energy_wh = before_w * hours
            if abs(moved[0] - moved[1] - energy_wh) > max(abs(energy_wh) * 0.3, 10.0):
                because = (
                    f"{before_w:+g} W for {hours * 3600:g} s is {energy_wh:+.0f} Wh, the registers moved by "
                    f"{moved[0]:+.0f} Wh import and {moved[1]:+.0f} Wh export"
                )
                yield broken(later.request, because, earlier.request)
                break


def _disturbed(session: Session, earlier: Exchange, later: Exchange) -> bool:
    """Something happened in between that may have moved the power for a while."""
    return any(
        one.asked.get("triggerReason") != "MeterValuePeriodic"
        and one.request.action not in ("Heartbeat", "MeterValues")
        for one in session.after(earlier.request)
        if one.request.ordinal < later.request.ordinal
    )


def _signed_w(one: Exchange) -> float | None:
    imported = sampled(one.asked.get("meterValue", ()), "Power.Active.Import")
    exported = sampled(one.asked.get("meterValue", ()), "Power.Active.Export")
    return None if imported is None and exported is None else (imported or 0.0) - (exported or 0.0)


@station("J02", "power is told in one direction at a time, and never negative", "S", id="ocpp2.1/one-direction")
def one_direction_at_a_time(session: Session) -> Iterator[Broken]:
    for one in asked(session, "TransactionEvent", "MeterValues"):
        values = one.asked.get("meterValue", ())
        imported, exported = (sampled(values, f"Power.Active.{way}") for way in ("Import", "Export"))
        if (imported or 0.0) < -1.0 or (exported or 0.0) < -1.0:
            yield broken(one.request, f"import {imported} W, export {exported} W")
        elif (imported or 0.0) > 100.0 and (exported or 0.0) > 100.0:
            yield broken(one.request, f"import {imported:g} W and export {exported:g} W at the same time")


@station(OURS, "time stamps are not from the future", "I", "warn")
def time_stamps_are_past(session: Session) -> Iterator[Broken]:
    for one in asked(session, "TransactionEvent"):
        ahead_s = to_seconds(one.asked["timestamp"]) - one.request.utc_s
        if ahead_s > CLOCK_SLACK_S:
            yield broken(one.request, f"its time is {ahead_s:.0f} s ahead")


@csms("E01", "every TransactionEvent is answered", "S", id="ocpp2.1/csms-answers-events")
def events_are_answered(session: Session) -> Iterator[Broken]:
    for one in asked(session, "TransactionEvent"):
        if one.answer is None and session.covers(one.request, 30.0):
            yield broken(one.request, "no answer came within 30 s")


@station("E01", "a transaction's id is never used again", "S", id="ocpp2.1/transaction-ids")
def transaction_ids_are_unique(session: Session) -> Iterator[Broken]:
    for events in _events(session).values():
        started = [one for one in events if one.asked["eventType"] == "Started"]
        if len(started) > 1:
            yield broken(started[1].request, f"it was used in {started[0].request}", started[0].request)
