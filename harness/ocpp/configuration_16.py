"""The configuration keys of a charge point of OCPP 1.6."""

from __future__ import annotations

from harness.ocpp.frames import Payload

_CONFIGURATION = {
    "HeartbeatInterval": "300",
    "WebSocketPingInterval": "20",
    "MeterValueSampleInterval": "10",
    "MeterValuesSampledData": "Energy.Active.Import.Register,Power.Active.Import,SoC",
    "AuthorizeRemoteTxRequests": "false",
    "ConnectionTimeOut": "60",
    "StopTransactionOnEVSideDisconnect": "true",
}
_READ_ONLY = {
    "NumberOfConnectors": "1",
    "SupportedFeatureProfiles": "Core,SmartCharging,RemoteTrigger",
    "ChargeProfileMaxStackLevel": "10",
    "ChargingScheduleAllowedChargingRateUnit": "Current,Power",
    "ChargingScheduleMaxPeriods": "100",
    "MaxChargingProfilesInstalled": "20",
}


class Configuration16:
    """`values` by key: those that may be changed."""

    def __init__(self) -> None:
        self.values = dict(_CONFIGURATION)

    def number(self, key: str) -> float:
        return float(self.values[key])

    def get(self, request: Payload, _now_s: float) -> Payload:
        known = {**{key: (value, False) for key, value in self.values.items()},
                 **{key: (value, True) for key, value in _READ_ONLY.items()}}  # fmt: skip
        wanted = request.get("key") or list(known)
        answer: Payload = {
            "configurationKey": [
                {"key": key, "readonly": known[key][1], "value": known[key][0]} for key in wanted if key in known
            ]
        }
        if unknown := [key for key in wanted if key not in known]:
            answer["unknownKey"] = unknown
        return answer

    def change(self, request: Payload, _now_s: float) -> Payload:
        key, value = request["key"], request["value"]
        if key in _READ_ONLY:
            return {"status": "Rejected"}
        if key not in self.values:
            return {"status": "NotSupported"}
        if self.values[key].isdigit() and not value.isdigit():
            return {"status": "Rejected"}
        self.values[key] = value
        return {"status": "Accepted"}
