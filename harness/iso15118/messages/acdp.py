"""ISO 15118-20 ACDP: automatic connection devices (pantographs)."""

from __future__ import annotations

from harness.iso15118.messages.common_types import PercentValue, Processing, RationalNumber, V2GRequest, V2GResponse
from harness.iso15118.messages.core import ACDP, Enumeration, Record, Short, element, message


class CpStatus(Enumeration):
    """Control pilot state that the vehicle sees."""

    StateA = "StateA"
    StateB = "StateB"
    StateC = "StateC"
    StateD = "StateD"
    StateE = "StateE"


class ErrorCode(Enumeration):
    """What is wrong with the vehicle; the schema's names, their meaning is not public."""

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
    """Result of insulation monitoring."""

    Invalid = "Invalid"
    Safe = "Safe"
    Warning = "Warning"
    Fault = "Fault"


class ElectricalChargingDeviceStatus(Enumeration):
    """Control pilot state of the connection."""

    State_A = "State_A"
    State_B = "State_B"
    State_C = "State_C"
    State_D = "State_D"


class MechanicalChargingDeviceStatus(Enumeration):
    """Where the device is."""

    Home = "Home"
    Moving = "Moving"
    EndPosition = "EndPosition"


@message(ns=ACDP, name="ACDP_VehiclePositioningReq", root=True)
class ACDPVehiclePositioningReq(V2GRequest):
    """How the vehicle stands."""

    ev_mobility_status: bool = element("EVMobilityStatus")
    ev_positioning_support: bool = element("EVPositioningSupport")


@message(ns=ACDP, name="ACDP_VehiclePositioningRes", root=True)
class ACDPVehiclePositioningRes(V2GResponse):
    """Where the vehicle should stand."""

    evse_processing: Processing = element("EVSEProcessing")
    evse_positioning_support: bool = element("EVSEPositioningSupport")
    ev_relative_x_deviation: Short = element("EVRelativeXDeviation")
    ev_relative_y_deviation: Short = element("EVRelativeYDeviation")
    contact_window_xc: Short = element("ContactWindowXc")
    contact_window_yc: Short = element("ContactWindowYc")
    ev_in_charge_position: bool = element("EVInChargePosition")


@message(ns=ACDP, name="ACDP_ConnectReq", root=True)
class ACDPConnectReq(V2GRequest):
    """Asks to connect the device."""

    ev_electrical_charging_device_status: ElectricalChargingDeviceStatus = element("EVElectricalChargingDeviceStatus")


@message(ns=ACDP, name="ACDP_ConnectRes", root=True)
class ACDPConnectRes(V2GResponse):
    """How far connecting is."""

    evse_processing: Processing = element("EVSEProcessing")
    evse_electrical_charging_device_status: ElectricalChargingDeviceStatus = element(
        "EVSEElectricalChargingDeviceStatus"
    )
    evse_mechanical_charging_device_status: MechanicalChargingDeviceStatus = element(
        "EVSEMechanicalChargingDeviceStatus"
    )


@message(ns=ACDP, name="ACDP_SystemStatusReq", root=True)
class ACDPSystemStatusReq(V2GRequest):
    """The vehicle's state, cyclically beside the main stream."""

    ev_technical_status: EVTechnicalStatus = element("EVTechnicalStatus")


@message(ns=ACDP, name="ACDP_SystemStatusRes", root=True)
class ACDPSystemStatusRes(V2GResponse):
    """The station's state, cyclically beside the main stream."""

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
    """The vehicle's state."""

    ev_ready_to_charge: bool = element("EVReadyToCharge")
    ev_immobilization_request: bool = element("EVImmobilizationRequest")
    ev_immobilized: bool | None = element("EVImmobilized", default=None)
    ev_wlan_strength: RationalNumber | None = element("EVWLANStrength", default=None)
    ev_cp_status: CpStatus | None = element("EVCPStatus", default=None)
    ev_soc: PercentValue | None = element("EVSOC", default=None)  # %
    ev_error_code: ErrorCode | None = element("EVErrorCode", default=None)
    ev_timeout: bool | None = element("EVTimeout", default=None)


@message(ns=ACDP, name="ACDP_DisconnectReq", root=True)
class ACDPDisconnectReq(ACDPConnectReq):
    """"""


@message(ns=ACDP, name="ACDP_DisconnectRes", root=True)
class ACDPDisconnectRes(ACDPConnectRes):
    """"""
