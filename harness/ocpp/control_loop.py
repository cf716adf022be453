"""The look that an EVSE takes in short intervals at what moves its target and at what is to be reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.ocpp.profiles import Mode

if TYPE_CHECKING:
    from harness.ocpp.evse import Evse

CONTROL_INTERVAL_S = 1.0
"""How often profiles, frequency and load are looked at during a transaction. Our default."""


class ControlLoop:
    """Of `evse`; it runs from the begin of an energy transfer to the end of the transaction."""

    def __init__(self, evse: Evse) -> None:
        self.evse = evse
        self.interval_s = CONTROL_INTERVAL_S
        self.due_s: float | None = None
        self.frequency_hz: float | None = None
        """The frequency that counts; None: not looked at yet."""
        self._sample_due_s: float | None = None

    def begin(self, now_s: float) -> None:
        self._sample_due_s = self.evse.metering.sample_due_s(now_s)
        self.due_s = now_s

    def end(self) -> None:
        self.due_s = None
        self.frequency_hz = None

    def look_again(self, now_s: float) -> None:
        """Something has changed that may move the target: do not wait for the next interval."""
        if self.due_s is not None:
            self.due_s = now_s

    def tick(self, now_s: float) -> None:
        """One look, if it is due."""
        if self.due_s is None or now_s < self.due_s:
            return
        evse = self.evse
        transaction = evse.transaction
        if transaction is None:
            self.due_s = None
            return
        self._watch_frequency()
        evse.der_power.watch(evse.readings(), now_s)
        evse.smart.tick(now_s, online=evse.online)
        target = evse.target(now_s)
        transaction.evse_sleep = target.mode is Mode.IDLE and target.evse_sleep
        if target.mode != transaction.operation_mode:
            transaction.operation_mode = str(target.mode)
            evse.running.tell("Updated", "OperationModeChanged", now_s, tell_mode=True)  # K01.FR.110
        evse.running.count_charging(now_s)
        if self._sample_due_s is not None and now_s >= self._sample_due_s:
            self._sample_due_s = evse.metering.sample_due_s(self._sample_due_s, transaction.operation_mode)
            evse.running.tell("Updated", "MeterValuePeriodic", now_s, context="Sample.Periodic")
        self.due_s = now_s + self.interval_s

    def _watch_frequency(self) -> None:
        """Q08.FR.07: a new frequency counts once it has moved by the threshold (mHz)."""
        evse = self.evse
        measured_hz = evse.readings().frequency_hz
        threshold = (
            evse.model.number("V2XChargingCtrlr", "LocalFrequencyUpdateThreshold", None, evse.running.evse_id) or 0.0
        )
        if self.frequency_hz is None or abs(measured_hz - self.frequency_hz) * 1000.0 >= threshold:
            self.frequency_hz = measured_hz
