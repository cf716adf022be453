"""ISO 15118-20 ACDP: automatic connection devices (pantographs)."""

from __future__ import annotations

from harness.iso15118.messages.common_types import PercentValue, Processing, RationalNumber, V2GRequest, V2GResponse
from harness.iso15118.messages.core import ACDP, Enumeration, Record, Short, element, message


class CpStatus(Enumeration):
    """"""

    StateA = "StateA"
    StateB = "StateB"
    StateC = "StateC"
    StateD = "StateD"
    StateE = "StateE"


class ErrorCode(Enumeration):
    """"""

    OK_NoEVError = "OK_NoEVError"
    FAILED = "FAILED"
    FAILED_EmergencyEvent = "FAILED_EmergencyEvent"
    FAILED_Breaker = "FAILED_Breaker"
    FAILED_RESSTemperatureInhibit = "FAILED_RESSTemperatureInhibit"
    FAILED_RESS = "FAILED_RESS"
    FAILED_ChargingCurrentDifferential = "FAILED_ChargingCurrentDifferential"
    FAILED_ChargingVoltageOutOfRange = "FAILED_ChargingVoltageOutOfRange"
    FAILED_Reserved1 = "FAILED_Reserved1"
    FAILED_Reserved2 = "FAILED_Reserved2"


class IsolationStatus(Enumeration):
    """"""

    Invalid = "Invalid"
    Safe = "Safe"
    Warning = "Warning"
    Fault = "Fault"


class ElectricalChargingDeviceStatus(Enumeration):
    """"""

    State_A = "State_A"
    State_B = "State_B"
    State_C = "State_C"
    State_D = "State_D"


class MechanicalChargingDeviceStatus(Enumeration):
    """"""

    Home = "Home"
    Moving = "Moving"
    EndPosition = "EndPosition"


@message(ns=ACDP, name="ACDP_VehiclePositioningReq", root=True)
class ACDPVehiclePositioningReq(V2GRequest):
    """"""

    ev_mobility_status: bool = element("EVMobilityStatus")
    ev_positioning_support: bool = element("EVPositioningSupport")


@message(ns=ACDP, name="ACDP_VehiclePositioningRes", root=True)
class ACDPVehiclePositioningRes(V2GResponse):
    """"""

    evse_processing: Processing = element("EVSEProcessing")
    evse_positioning_support: bool = element("EVSEPositioningSupport")
    ev_relative_x_deviation: Short = element("EVRelativeXDeviation")
    ev_relative_y_deviation: Short = element("EVRelativeYDeviation")
    contact_window_xc: Short = element("ContactWindowXc")
    contact_window_yc: Short = element("ContactWindowYc")
    ev_in_charge_position: bool = element("EVInChargePosition")


@message(ns=ACDP, name="ACDP_ConnectReq", root=True)
class ACDPConnectReq(V2GRequest):
    """"""

    ev_electrical_charging_device_status: ElectricalChargingDeviceStatus = element("EVElectricalChargingDeviceStatus")


@message(ns=ACDP, name="ACDP_ConnectRes", root=True)
class ACDPConnectRes(V2GResponse):
    """"""

    evse_processing: Processing = element("EVSEProcessing")
    evse_electrical_charging_device_status: ElectricalChargingDeviceStatus = element(
        "EVSEElectricalChargingDeviceStatus"
    )
    evse_mechanical_charging_device_status: MechanicalChargingDeviceStatus = element(
        "EVSEMechanicalChargingDeviceStatus"
    )


@message(ns=ACDP, name="ACDP_SystemStatusReq", root=True)
class ACDPSystemStatusReq(V2GRequest):
    """"""

    ev_technical_status: EVTechnicalStatus = element("EVTechnicalStatus")


@message(ns=ACDP, name="ACDP_SystemStatusRes", root=True)
class ACDPSystemStatusRes(V2GResponse):
    """"""

    evse_mechanical_charging_device_status: MechanicalChargingDeviceStatus = element(
        "EVSEMechanicalChargingDeviceStatus"
    )
    evse_ready_to_charge: bool = element("EVSEReadyToCharge")
    evse_isolation_status: IsolationStatus = element("EVSEIsolationStatus")
    evse_disabled: bool = element("EVSEDisabled")
    evse_utility_interrupt_event: bool = element("EVSEUtilityInterruptEvent")
    evse_emergency_shutdown: bool = element("EVSEEmergencyShutdown")
    evse_malfunction: bool = element("EVSEMalfunction")
    ev_in_charge_position: bool = element("EVInChargePosition")
    ev_association_status: bool = element("EVAssociationStatus")


@message(ns=ACDP)
class EVTechnicalStatus(Record):
    """"""

    ev_ready_to_charge: bool = element("EVReadyToCharge")
    ev_immobilization_request: bool = element("EVImmobilizationRequest")
    ev_immobilized: bool | None = element("EVImmobilized", default=None)
    ev_wlan_strength: RationalNumber | None = element("EVWLANStrength", default=None)
    ev_cp_status: CpStatus | None = element("EVCPStatus", default=None)
    ev_soc: PercentValue | None = element("EVSOC", default=None)
    ev_error_code: ErrorCode | None = element("EVErrorCode", default=None)
    ev_timeout: bool | None = element("EVTimeout", default=None)


@message(ns=ACDP, name="ACDP_DisconnectReq", root=True)
class ACDPDisconnectReq(ACDPConnectReq):
    """"""


@message(ns=ACDP, name="ACDP_DisconnectRes", root=True)
class ACDPDisconnectRes(ACDPConnectRes):
    """"""
