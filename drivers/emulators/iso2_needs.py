"""Needs as a vehicle tells them in ISO 15118-2, in the words of OCPP (K15)."""

from __future__ import annotations

from typing import Any

from harness.iso15118.messages.iso2.types import ACEVChargeParameter
from harness.ocpp.frames import Payload


def of_iso2(told: Any) -> Payload:
    """AC- or DCChargingParametersType, under its key, of the charge parameters; whole numbers, as 2.0.1 wants them too."""
    if isinstance(told, ACEVChargeParameter):
        return {
            "acChargingParameters": {
                "energyAmount": _whole(told.e_amount),
                "evMinCurrent": _whole(told.ev_min_current),
                "evMaxCurrent": _whole(told.ev_max_current),
                "evMaxVoltage": _whole(told.ev_max_voltage),
            }
        }
    numbers = {
        "evMaxCurrent": _whole(told.ev_maximum_current_limit),
        "evMaxVoltage": _whole(told.ev_maximum_voltage_limit),
        "evMaxPower": _whole(told.ev_maximum_power_limit),
        "evEnergyCapacity": _whole(told.ev_energy_capacity),
        "energyAmount": _whole(told.ev_energy_request),
        "stateOfCharge": told.dc_ev_status.evresssoc,
        "fullSoC": told.full_soc,
        "bulkSoC": told.bulk_soc,
    }
    return {"dcChargingParameters": {key: value for key, value in numbers.items() if value is not None}}


def _whole(value: Any) -> int | None:
    return None if value is None else int(float(value))
