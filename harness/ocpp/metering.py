"""What an EVSE's meter says to the CSMS and when: sampled and clock-aligned values, signed where that is wanted (J)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from harness.ocpp.device_model import DeviceModel, Key
from harness.ocpp.frames import Payload
from harness.ocpp.meter_values import Readings, meter_value
from harness.ocpp.signed_values import SigningMeter

SAMPLED, ALIGNED = "SampledDataCtrlr", "AlignedDataCtrlr"


class Metering:
    """`readings` looks at the meter now; the device model says what is told of it."""

    def __init__(self, model: DeviceModel, evse_id: int, serial: str, readings: Callable[[], Readings]) -> None:
        self.model = model
        self.evse_id = evse_id
        self.signing = SigningMeter(serial)
        model.put(Key("FiscalMetering", "PublicKey", None, evse_id), self.signing.public_key)
        self._readings = readings
        self._before: Readings | None = None
        """What the last value was made of."""
        self._key_told = ""
        """The transaction in which the meter's public key was told last."""
        self._aligned_s: float | None = None
        """The last clock-aligned moment that has passed."""

    def value(
        self, context: str, now_s: float, setpoint_w: float | None, transaction: str, controller: str, when: str,
        mode: str = "",
    ) -> Payload | None:  # fmt: skip
        """MeterValueType with the controller's measurands for `when` (TxStarted, TxUpdated, TxEnded, or nothing), and those
        of the operation mode (Q01.FR.33 to 35)."""
        readings = self._since_the_last(self._readings())
        measurands = self.model.items(controller, f"{when}Measurands")
        if when and mode:
            measurands += self.model.items("V2XChargingCtrlr", f"{when}Measurands", mode, self.evse_id)
        value = meter_value(dict.fromkeys(measurands), readings, setpoint_w, context, now_s)
        if value and self.model.flag(controller, "SignReadings"):
            self.signing.sign(value, readings, context, now_s, with_key=self._tells_key(transaction))
        return value

    def sample_due_s(self, after_s: float, mode: str = "") -> float | None:
        """By the interval of the operation mode, where it has one of its own."""
        interval_s = self.model.number("V2XChargingCtrlr", "TxUpdatedInterval", mode, self.evse_id)
        if interval_s is None:
            interval_s = self.model.number(SAMPLED, "TxUpdatedInterval") or 0.0
        return after_s + interval_s if interval_s > 0 else None

    def aligned_due_s(self) -> float | None:
        """The next multiple of AlignedDataCtrlr.Interval since midnight UTC (J01); None without an interval."""
        interval_s = self.model.number(ALIGNED, "Interval") or 0.0
        if interval_s <= 0:
            self._aligned_s = None
            return None
        return 0.0 if self._aligned_s is None else (self._aligned_s // interval_s + 1) * interval_s

    def aligned(self, now_s: float) -> bool:
        """Whether a clock-aligned moment has come; it is told once. The moment at which the interval was set is none."""
        due_s = self.aligned_due_s()
        if due_s is None or now_s < due_s:
            return False
        began, self._aligned_s = self._aligned_s is not None, now_s
        return began

    def _since_the_last(self, readings: Readings) -> Readings:
        before, self._before = self._before, readings
        if before is None:
            return readings
        return replace(
            readings,
            interval_imported_wh=readings.imported_wh - before.imported_wh,
            interval_exported_wh=readings.exported_wh - before.exported_wh,
        )

    def _tells_key(self, transaction: str) -> bool:
        policy = self.model.text("OCPPCommCtrlr", "PublicKeyWithSignedMeterValue")
        first, self._key_told = transaction != self._key_told, transaction
        return policy == "EveryMeterValue" or (policy == "OncePerTransaction" and first)
