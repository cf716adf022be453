"""The variables that the emulated V2G charging station has: a table, nothing else.

Components and variables are those of the OCPP 2.1 appendix for V2X, smart charging, ISO 15118, DER and the core.
Values are our defaults for a bench.
"""

from __future__ import annotations

from harness.ocpp.device_model import DeviceModel, Key, Variable
from harness.ocpp.profiles import Mode

MEASURANDS = (
    "Energy.Active.Import.Register,Energy.Active.Export.Register,Power.Active.Import,Power.Active.Export,"
    "Power.Active.Setpoint,Voltage,Current.Import,Current.Export,SoC"
)

_INT, _BOOL, _DEC, _LIST, _OPTION = "integer", "boolean", "decimal", "MemberList", "OptionList"
_RW = "ReadWrite"

STATION: tuple[tuple[str, str, str | None, Variable], ...] = (
    ("OCPPCommCtrlr", "HeartbeatInterval", None, Variable("300", _INT, _RW, "s", low=1)),
    ("OCPPCommCtrlr", "OfflineThreshold", None, Variable("60", _INT, _RW, "s", low=0)),
    ("OCPPCommCtrlr", "MessageTimeout", "Default", Variable("30", _INT, _RW, "s", low=1)),
    ("OCPPCommCtrlr", "MessageAttempts", "TransactionEvent", Variable("3", _INT, _RW, low=1)),
    ("OCPPCommCtrlr", "MessageAttemptInterval", "TransactionEvent", Variable("5", _INT, _RW, "s", low=1)),
    ("OCPPCommCtrlr", "RetryBackOffWaitMinimum", None, Variable("1", _INT, _RW, "s", low=0)),
    ("OCPPCommCtrlr", "RetryBackOffRepeatTimes", None, Variable("1", _INT, _RW, low=0)),
    ("OCPPCommCtrlr", "WebSocketPingInterval", None, Variable("20", _INT, _RW, "s", low=0)),
    ("OCPPCommCtrlr", "NetworkConfigurationPriority", None,
     Variable("1", "SequenceList", _RW, values=("1", "2", "3", "4"))),
    ("OCPPCommCtrlr", "NetworkProfileConnectionAttempts", None, Variable("2", _INT, _RW, low=1)),
    ("SecurityCtrlr", "SecurityProfile", None, Variable("0", _INT)),
    ("SecurityCtrlr", "AllowSecurityProfileDowngrade", None, Variable("true", _BOOL)),
    ("SecurityCtrlr", "Identity", None, Variable("", "string")),
    ("SecurityCtrlr", "OrganizationName", None, Variable("Plugfest", "string", _RW)),
    ("SecurityCtrlr", "BasicAuthPassword", None, Variable("", "string", "WriteOnly")),
    ("AuthCtrlr", "Enabled", None, Variable("true", _BOOL, _RW)),
    ("AuthCtrlr", "LocalPreAuthorize", None, Variable("false", _BOOL, _RW)),
    ("AuthCtrlr", "OfflineTxForUnknownIdEnabled", None, Variable("false", _BOOL, _RW)),
    ("TxCtrlr", "TxStartPoint", None, Variable("PowerPathClosed", _LIST)),
    ("TxCtrlr", "TxStopPoint", None, Variable("EVConnected,Authorized", _LIST)),
    ("TxCtrlr", "EVConnectionTimeOut", None, Variable("60", _INT, _RW, "s", low=1)),
    ("TxCtrlr", "StopTxOnEVSideDisconnect", None, Variable("true", _BOOL)),
    ("SampledDataCtrlr", "TxStartedMeasurands", None, Variable(MEASURANDS, _LIST, _RW)),
    ("SampledDataCtrlr", "TxUpdatedMeasurands", None, Variable(MEASURANDS, _LIST, _RW)),
    ("SampledDataCtrlr", "TxEndedMeasurands", None, Variable(MEASURANDS, _LIST, _RW)),
    ("SampledDataCtrlr", "TxUpdatedInterval", None, Variable("10", _INT, _RW, "s", low=0)),
    ("SampledDataCtrlr", "TxEndedInterval", None, Variable("0", _INT, _RW, "s", low=0)),
    ("SampledDataCtrlr", "SignReadings", None, Variable("false", _BOOL, _RW)),
    ("OCPPCommCtrlr", "PublicKeyWithSignedMeterValue", None,
     Variable("EveryMeterValue", _OPTION, _RW, values=("Never", "OncePerTransaction", "EveryMeterValue"))),
    ("AlignedDataCtrlr", "Interval", None, Variable("0", _INT, _RW, "s", low=0)),
    ("AlignedDataCtrlr", "Measurands", None, Variable(MEASURANDS, _LIST, _RW)),
    ("ClockCtrlr", "TimeSource", None, Variable("Heartbeat", "SequenceList", _RW)),
    ("DeviceDataCtrlr", "ItemsPerMessage", "GetVariables", Variable("50", _INT)),
    ("DeviceDataCtrlr", "ItemsPerMessage", "SetVariables", Variable("50", _INT)),
    ("DeviceDataCtrlr", "ItemsPerMessage", "GetReport", Variable("50", _INT)),
    ("SmartChargingCtrlr", "Enabled", None, Variable("true", _BOOL, _RW)),
    ("SmartChargingCtrlr", "Available", None, Variable("true", _BOOL)),
    ("SmartChargingCtrlr", "LimitChangeSignificance", None, Variable("5", _DEC, _RW, "Percent")),
    ("SmartChargingCtrlr", "PeriodsPerSchedule", None, Variable("1024", _INT)),
    ("SmartChargingCtrlr", "ProfileStackLevel", None, Variable("10", _INT)),
    ("SmartChargingCtrlr", "RateUnit", None, Variable("W,A", _LIST)),
    ("SmartChargingCtrlr", "Entries", "ChargingProfiles", Variable("100", _INT)),
    ("SmartChargingCtrlr", "ExternalControlSignalsEnabled", None, Variable("true", _BOOL, _RW)),
    ("SmartChargingCtrlr", "NotifyChargingLimitWithSchedules", None, Variable("true", _BOOL, _RW)),
    ("SmartChargingCtrlr", "ExternalConstraintsProfileDisallowed", None, Variable("false", _BOOL, _RW)),
    ("SmartChargingCtrlr", "SetpointPriority", None,
     Variable("ExternalControl", _OPTION, _RW, values=("ExternalControl", "CSMS"))),
    ("SmartChargingCtrlr", "SupportedAdditionalPurposes", None, Variable("PriorityCharging,LocalGeneration", _LIST)),
    ("SmartChargingCtrlr", "SupportsDynamicProfiles", None, Variable("true", _BOOL)),
    ("SmartChargingCtrlr", "SupportsMaxOfflineDuration", None, Variable("true", _BOOL)),
    ("SmartChargingCtrlr", "SupportsLimitAtSoC", None, Variable("true", _BOOL)),
    ("SmartChargingCtrlr", "SupportsEvseSleep", None, Variable("true", _BOOL)),
    ("SmartChargingCtrlr", "SupportsUseLocalTime", None, Variable("false", _BOOL)),
    ("SmartChargingCtrlr", "SupportsRandomizedDelay", None, Variable("false", _BOOL)),
    ("SmartChargingCtrlr", "MaxExternalConstraintsId", None, Variable("0", _INT, _RW, low=0)),
    *(("SmartChargingCtrlr", "ChargingProfilePersistence", purpose, Variable(kept, _BOOL)) for purpose, kept in (
        ("ChargingStationMaxProfile", "true"), ("TxDefaultProfile", "true"), ("PriorityCharging", "true"),
        ("TxProfile", "false"), ("ChargingStationExternalConstraints", "false"))),
    ("SmartChargingCtrlr", "Phases3to1", None, Variable("false", _BOOL)),
    ("SmartChargingCtrlr", "ACPhaseSwitchingSupported", None, Variable("false", _BOOL)),
)  # fmt: skip
"""(component, variable, instance, variable) of the station as a whole."""

PER_EVSE: tuple[tuple[str, str, str | None, Variable], ...] = (
    ("EVSE", "AvailabilityState", None, Variable("Available", _OPTION)),
    ("EVSE", "Power", None, Variable("22000", _DEC, unit="W")),
    ("EVSE", "AllowReset", None, Variable("false", _BOOL)),
    ("FiscalMetering", "PublicKey", None, Variable("")),
    ("ISO15118Ctrlr", "Enabled", None, Variable("true", _BOOL, _RW)),
    ("ISO15118Ctrlr", "PnCEnabled", None, Variable("false", _BOOL, _RW)),
    ("ISO15118Ctrlr", "ContractValidationOffline", None, Variable("true", _BOOL, _RW)),
    ("ISO15118Ctrlr", "CentralContractValidationAllowed", None, Variable("true", _BOOL, _RW)),
    ("ISO15118Ctrlr", "ServiceRenegotiationSupport", None, Variable("true", _BOOL)),
    ("ISO15118Ctrlr", "MaxScheduleEntries", None, Variable("1024", _INT)),
    ("ISO15118Ctrlr", "SeccId", None, Variable("", "string", _RW)),
    ("ISO15118Ctrlr", "CountryName", None, Variable("DE", "string", _RW)),
    ("ISO15118Ctrlr", "OrganizationName", None, Variable("Plugfest", "string", _RW)),
    ("ISO15118Ctrlr", "V2GCertificateInstallationEnabled", None, Variable("true", _BOOL)),
    ("ISO15118Ctrlr", "ContractCertificateInstallationEnabled", None, Variable("false", _BOOL)),
    ("ISO15118Ctrlr", "MaxPriceElements", None, Variable("0", _INT)),
    ("ISO15118Ctrlr", "RequestedEnergyTransferMode", None, Variable("")),
    ("ISO15118Ctrlr", "RequestMeteringReceipt", None, Variable("false", _BOOL)),
    ("ISO15118Ctrlr", "NotificationDelay", None, Variable("0", _INT, unit="s")),
    ("ISO15118Ctrlr", "SupportedProviders", None, Variable("", _LIST)),
    ("ISO15118Ctrlr", "ProtocolSupported", "1", Variable("urn:iso:std:iso:15118:-20:DC,1,0")),
    ("ISO15118Ctrlr", "CertificateStatusSource", None, Variable("OCSP", _OPTION, values=("CRL", "OCSP"))),
    ("V2XChargingCtrlr", "Enabled", None, Variable("true", _BOOL, _RW)),
    ("V2XChargingCtrlr", "SupportedEnergyTransferModes", None, Variable("DC,DC_BPT", _LIST)),
    ("V2XChargingCtrlr", "SupportedOperationModes", None, Variable(",".join(Mode), _LIST)),
    *(("V2XChargingCtrlr", f"Tx{when}Measurands", str(mode), Variable("", _LIST, _RW))
      for when in ("Started", "Updated", "Ended") for mode in Mode),
    *(("V2XChargingCtrlr", "TxUpdatedInterval", str(mode), Variable("", _INT, _RW, "s", low=0)) for mode in Mode),
    *(("V2XChargingCtrlr", "TxEndedInterval", str(mode), Variable("0", _INT, unit="s")) for mode in Mode),
    ("V2XChargingCtrlr", "LocalFrequencyUpdateThreshold", None, Variable("10", _INT, _RW, "mHz", low=0)),
    ("V2XChargingCtrlr", "LocalLoadBalancing", "UpperThreshold", Variable("", _DEC, _RW, "W")),
    ("V2XChargingCtrlr", "LocalLoadBalancing", "LowerThreshold", Variable("", _DEC, _RW, "W")),
    ("V2XChargingCtrlr", "LocalLoadBalancing", "UpperOffset", Variable("", _DEC, _RW, "W")),
    ("V2XChargingCtrlr", "LocalLoadBalancing", "LowerOffset", Variable("", _DEC, _RW, "W")),
    ("DCDERCtrlr", "Enabled", None, Variable("true", _BOOL, _RW)),
    ("DCDERCtrlr", "MaxW", None, Variable("22000", _DEC, unit="W")),
    ("DCDERCtrlr", "MaxVA", None, Variable("22000", _DEC, unit="VA")),
    ("DCDERCtrlr", "MaxVar", None, Variable("10000", _DEC, unit="var")),
    ("DCDERCtrlr", "MaxVarNeg", None, Variable("10000", _DEC, unit="var")),
    ("DCDERCtrlr", "OverExcitedW", None, Variable("19800", _DEC, unit="W")),
    ("DCDERCtrlr", "OverExcitedPF", None, Variable("0.9", _DEC)),
    ("DCDERCtrlr", "UnderExcitedW", None, Variable("19800", _DEC, unit="W")),
    ("DCDERCtrlr", "UnderExcitedPF", None, Variable("0.9", _DEC)),
    ("DCDERCtrlr", "MaxChargeRateW", None, Variable("22000", _DEC, unit="W")),
    ("DCDERCtrlr", "MaxChargeRateVA", None, Variable("22000", _DEC, unit="VA")),
    ("DCDERCtrlr", "ReactiveSusceptance", None, Variable("0", _DEC)),
    ("DCDERCtrlr", "ModesSupported", None,
     Variable("FixedPFAbsorb,FixedPFInject,FixedVar,VoltVar,FreqDroop,FreqWatt,VoltWatt,LimitMaxDischarge,Gradients,"
              "EnterService,HVMustTrip,LVMustTrip,HFMustTrip,LFMustTrip,HVMayTrip,LVMayTrip,HFMayTrip,HVMomCess,LVMomCess",
              _LIST)),
    ("DCDERCtrlr", "InverterManufacturer", None, Variable("Plugfest")),
    ("DCDERCtrlr", "InverterModel", None, Variable("Emulated V2G converter")),
    ("DCDERCtrlr", "InverterSwVersion", None, Variable("1")),
    ("DCDERCtrlr", "InverterHwVersion", None, Variable("1")),
    ("DCDERCtrlr", "InverterSerialNumber", None, Variable("0001")),
    ("DCDERCtrlr", "VNom", None, Variable("230", _DEC, unit="V")),
    ("DCDERCtrlr", "MaxV", None, Variable("276", _DEC, unit="V")),
    ("DCDERCtrlr", "MinV", None, Variable("184", _DEC, unit="V")),
    ("DCDERCtrlr", "IslandingDetectionMethod", None, Variable("NoAntiIslandingSupport", _LIST)),
    ("DCDERCtrlr", "IslandingDetectionTripTime", None, Variable("0", _DEC, unit="s")),
    ("ConnectedEV", "Available", None, Variable("false", _BOOL)),
    ("ConnectedEV", "VehicleID", None, Variable("")),
    ("ConnectedEV", "ProtocolAgreed", None, Variable("")),
    ("ConnectedEV", "ProtocolSupportedByEV", "1", Variable("")),
    *(("ConnectedEV", "VehicleCertificate", place, Variable("")) for place in ("Leaf", "SubCA1", "SubCA2", "Root")),
    ("ConnectedEV", "StateOfCharge", None, Variable("", _DEC, unit="Percent")),
    ("ConnectedEV", "EnergyImport", None, Variable("", _DEC, unit="Wh")),
    ("ConnectedEV", "DischargePower", None, Variable("", _DEC, unit="W")),
    ("ConnectedEV", "DepartureTime", None, Variable("", "dateTime")),
    ("ConnectedEV", "BatteryCapacity", None, Variable("", _DEC, unit="Wh")),
)  # fmt: skip
"""(component, variable, instance, variable) of each EVSE."""


AC_PER_EVSE: tuple[tuple[str, str, str | None, Variable], ...] = (
    *(one for one in PER_EVSE if one[0] != "DCDERCtrlr"),
    ("ACDERCtrlr", "ModesSupported", None, Variable("FreqDroop,FreqWatt,VoltWatt,LimitMaxDischarge", _LIST)),
)
"""The same of an AC station: what it emulates where a vehicle has no DER control, or not that one (R03.FR.03)."""
_AC_VALUES = {
    "ISO15118Ctrlr.ProtocolSupported[1]": "urn:iso:std:iso:15118:-20:AC,1,0",
    "V2XChargingCtrlr.SupportedEnergyTransferModes": "AC_three_phase,AC_BPT,AC_BPT_DER",
}


def station_variables(
    evse_ids: tuple[int, ...], changes: dict[str, str] | None = None, *, ac: bool = False
) -> DeviceModel:
    """The device model of a DC station, or of an AC one.

    `changes` sets values by "Component.Variable" or "Component.Variable[instance]".

    Raises KeyError for a change of a variable that the station has not.
    """
    variables = {Key(component, name, instance): value for component, name, instance, value in STATION}
    table = AC_PER_EVSE if ac else PER_EVSE
    for evse in evse_ids:
        variables |= {Key(component, name, instance, evse): value for component, name, instance, value in table}
    model = DeviceModel(variables)
    for name, value in {**(_AC_VALUES if ac else {}), **(changes or {})}.items():
        keys = [key for key in variables if _name(key) == name]
        if not keys:
            raise KeyError(f"the station has no variable {name}")
        for key in keys:
            model.put(key, value)
    return model


def _name(key: Key) -> str:
    return f"{key.component}.{key.variable}" + (f"[{key.instance}]" if key.instance else "")
