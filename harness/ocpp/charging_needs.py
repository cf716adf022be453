"""What a vehicle needs, as its V2G session tells it and as NotifyEVChargingNeeds says it on."""

from __future__ import annotations

from dataclasses import dataclass

from harness.ocpp.device_model import Key
from harness.ocpp.frames import Payload
from harness.ocpp.timestamps import to_text


@dataclass(frozen=True, slots=True)
class ChargingNeeds:
    """What the vehicle needs, from its V2G session: the content of NotifyEVChargingNeeds (Q01.FR.03).

    Powers in W, all positive; energies in Wh; `departure_s` UTC seconds.
    """

    requested: str = "DC_BPT"
    available: tuple[str, ...] = ("DC", "DC_BPT")
    dynamic_control: bool = True
    secc_may_choose: bool = False
    """MobilityNeedsMode EVCC_SECC."""
    departure_s: float | None = None
    target_soc_percent: int | None = None
    maximum_charge_w: float = 11_000.0
    minimum_charge_w: float = 0.0
    maximum_discharge_w: float = 0.0
    minimum_discharge_w: float = 0.0
    target_energy_wh: float | None = None
    minimum_energy_wh: float | None = None
    maximum_energy_wh: float | None = None
    minimum_v2x_energy_wh: float | None = None
    maximum_v2x_energy_wh: float | None = None
    of_iso2: Payload | None = None
    """acChargingParameters or dcChargingParameters, under that key, of a vehicle that speaks ISO 15118-2 (K15)."""
    schedule_entries: int | None = None
    """How many entries of a schedule the vehicle takes, where it has said so."""
    der: Payload | None = None
    """DERChargingParametersType of a vehicle that has DER control of its own (R02.FR.01)."""

    def variables(self, evse_id: int) -> dict[Key, str]:
        """What the device model tells of it (components ConnectedEV and ISO15118Ctrlr); empty for what is not known."""
        told = {
            "DepartureTime": None if self.departure_s is None else to_text(self.departure_s),
            "DischargePower": f"{self.maximum_discharge_w:g}" if self.bidirectional else None,
            "EnergyImport": None if self.target_energy_wh is None else f"{self.target_energy_wh:.0f}",
        }
        keys = {Key("ConnectedEV", name, None, evse_id): value or "" for name, value in told.items()}
        return {**keys, Key("ISO15118Ctrlr", "RequestedEnergyTransferMode", None, evse_id): self.requested}

    @property
    def bidirectional(self) -> bool:
        return "BPT" in self.requested

    def to_json(self) -> Payload:
        departure = {} if self.departure_s is None else {"departureTime": to_text(self.departure_s)}
        if self.of_iso2 is not None:
            return {"requestedEnergyTransfer": self.requested, **self.of_iso2, **departure}
        return self._of_iso20() | departure

    def _of_iso20(self) -> Payload:
        parameters: Payload = {
            "minChargePower": self.minimum_charge_w,
            "maxChargePower": self.maximum_charge_w,
        }
        if self.bidirectional:
            parameters |= {
                "minDischargePower": self.minimum_discharge_w,
                "maxDischargePower": self.maximum_discharge_w,
            }
        optional = {
            "evTargetEnergyRequest": self.target_energy_wh,
            "evMinEnergyRequest": self.minimum_energy_wh,
            "evMaxEnergyRequest": self.maximum_energy_wh,
            "evMinV2XEnergyRequest": self.minimum_v2x_energy_wh,
            "evMaxV2XEnergyRequest": self.maximum_v2x_energy_wh,
            "targetSoC": self.target_soc_percent,
        }
        parameters |= {key: value for key, value in optional.items() if value is not None}
        needs: Payload = {
            "requestedEnergyTransfer": self.requested,
            "availableEnergyTransfer": list(self.available),
            "controlMode": "DynamicControl" if self.dynamic_control else "ScheduledControl",
            "mobilityNeedsMode": "EVCC_SECC" if self.secc_may_choose else "EVCC",
            "v2xChargingParameters": parameters,
        }
        if self.der is not None:
            needs["derChargingParameters"] = self.der
        return needs
