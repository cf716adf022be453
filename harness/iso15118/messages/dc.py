"""ISO 15118-20 DC: cable check, pre-charge, charge loop and welding detection, one way and bidirectional (BPT).

Also the message set of megawatt charging. Voltages in V, currents in A, powers in W, energies in Wh; positive from the
grid to the vehicle.
"""

from __future__ import annotations

from harness.iso15118.messages.common_types import (
    ChargeLoopReq,
    ChargeLoopRes,
    ChargeParameterDiscoveryReq,
    ChargeParameterDiscoveryRes,
    CLReqControlMode,
    CLResControlMode,
    DynamicCLReqControlMode,
    DynamicCLResControlMode,
    PercentValue,
    Processing,
    RationalNumber,
    ScheduledCLReqControlMode,
    ScheduledCLResControlMode,
    V2GRequest,
    V2GResponse,
)
from harness.iso15118.messages.core import DC, TYPES, Record, element, message, substitution


@message(ns=DC, name="DC_ChargeParameterDiscoveryReq", root=True)
class DCChargeParameterDiscoveryReq(ChargeParameterDiscoveryReq):
    """The vehicle's DC limits."""

    energy_transfer_mode: DCCPDReqEnergyTransferMode = substitution("DC_CPDReqEnergyTransferMode")


@message(ns=DC, name="DC_ChargeParameterDiscoveryRes", root=True)
class DCChargeParameterDiscoveryRes(ChargeParameterDiscoveryRes):
    """The station's DC limits."""

    energy_transfer_mode: DCCPDResEnergyTransferMode = substitution("DC_CPDResEnergyTransferMode")


@message(ns=DC, name="DC_CableCheckReq", root=True)
class DCCableCheckReq(V2GRequest):
    """Asks to check the insulation; repeated while the station says Ongoing."""


@message(ns=DC, name="DC_CableCheckRes", root=True)
class DCCableCheckRes(V2GResponse):
    """Whether the insulation check has finished."""

    evse_processing: Processing = element("EVSEProcessing")


@message(ns=DC, name="DC_PreChargeReq", root=True)
class DCPreChargeReq(V2GRequest):
    """Asks for the vehicle's voltage on the cable; repeated until the vehicle says Finished."""

    ev_processing: Processing = element("EVProcessing")
    ev_present_voltage: RationalNumber = element("EVPresentVoltage")  # V
    ev_target_voltage: RationalNumber = element("EVTargetVoltage")  # V


@message(ns=DC, name="DC_PreChargeRes", root=True)
class DCPreChargeRes(V2GResponse):
    """The voltage on the cable."""

    evse_present_voltage: RationalNumber = element("EVSEPresentVoltage")  # V


@message(ns=DC, name="DC_ChargeLoopReq", root=True)
class DCChargeLoopReq(ChargeLoopReq):
    """Vehicle's turn of the DC charge loop."""

    ev_present_voltage: RationalNumber = element("EVPresentVoltage")  # V
    control_mode: CLReqControlMode = substitution("CLReqControlMode", ns=TYPES)


@message(ns=DC, name="DC_ChargeLoopRes", root=True)
class DCChargeLoopRes(ChargeLoopRes):
    """Station's turn of the DC charge loop: what is measured, and which limit has been met."""

    evse_present_current: RationalNumber = element("EVSEPresentCurrent")  # A
    evse_present_voltage: RationalNumber = element("EVSEPresentVoltage")  # V
    evse_power_limit_achieved: bool = element("EVSEPowerLimitAchieved")
    evse_current_limit_achieved: bool = element("EVSECurrentLimitAchieved")
    evse_voltage_limit_achieved: bool = element("EVSEVoltageLimitAchieved")
    control_mode: CLResControlMode = substitution("CLResControlMode", ns=TYPES)


@message(ns=DC, name="DC_WeldingDetectionReq", root=True)
class DCWeldingDetectionReq(V2GRequest):
    """Asks for the voltage while the vehicle opens its contactors."""

    ev_processing: Processing = element("EVProcessing")


@message(ns=DC, name="DC_WeldingDetectionRes", root=True)
class DCWeldingDetectionRes(V2GResponse):
    """The voltage on the cable."""

    evse_present_voltage: RationalNumber = element("EVSEPresentVoltage")  # V


@message(ns=DC, name="DC_CPDReqEnergyTransferMode", root=True)
class DCCPDReqEnergyTransferMode(Record):
    """The vehicle's DC limits for charging."""

    ev_maximum_charge_power: RationalNumber = element("EVMaximumChargePower")  # W
    ev_minimum_charge_power: RationalNumber = element("EVMinimumChargePower")  # W
    ev_maximum_charge_current: RationalNumber = element("EVMaximumChargeCurrent")  # A
    ev_minimum_charge_current: RationalNumber = element("EVMinimumChargeCurrent")  # A
    ev_maximum_voltage: RationalNumber = element("EVMaximumVoltage")  # V
    ev_minimum_voltage: RationalNumber = element("EVMinimumVoltage")  # V
    target_soc: PercentValue | None = element("TargetSOC", default=None)  # %


@message(ns=DC, name="DC_CPDResEnergyTransferMode", root=True)
class DCCPDResEnergyTransferMode(Record):
    """The station's DC limits for charging."""

    evse_maximum_charge_power: RationalNumber = element("EVSEMaximumChargePower")  # W
    evse_minimum_charge_power: RationalNumber = element("EVSEMinimumChargePower")  # W
    evse_maximum_charge_current: RationalNumber = element("EVSEMaximumChargeCurrent")  # A
    evse_minimum_charge_current: RationalNumber = element("EVSEMinimumChargeCurrent")  # A
    evse_maximum_voltage: RationalNumber = element("EVSEMaximumVoltage")  # V
    evse_minimum_voltage: RationalNumber = element("EVSEMinimumVoltage")  # V
    evse_power_ramp_limitation: RationalNumber | None = element("EVSEPowerRampLimitation", default=None)  # W/s


@message(ns=DC, name="BPT_DC_CPDReqEnergyTransferMode", root=True, substitutes="DC_CPDReqEnergyTransferMode")
class BPTDCCPDReqEnergyTransferMode(DCCPDReqEnergyTransferMode):
    """The vehicle's DC limits, discharging too."""

    ev_maximum_discharge_power: RationalNumber = element("EVMaximumDischargePower")  # W
    ev_minimum_discharge_power: RationalNumber = element("EVMinimumDischargePower")  # W
    ev_maximum_discharge_current: RationalNumber = element("EVMaximumDischargeCurrent")  # A
    ev_minimum_discharge_current: RationalNumber = element("EVMinimumDischargeCurrent")  # A


@message(ns=DC, name="BPT_DC_CPDResEnergyTransferMode", root=True, substitutes="DC_CPDResEnergyTransferMode")
class BPTDCCPDResEnergyTransferMode(DCCPDResEnergyTransferMode):
    """The station's DC limits, discharging too."""

    evse_maximum_discharge_power: RationalNumber = element("EVSEMaximumDischargePower")  # W
    evse_minimum_discharge_power: RationalNumber = element("EVSEMinimumDischargePower")  # W
    evse_maximum_discharge_current: RationalNumber = element("EVSEMaximumDischargeCurrent")  # A
    evse_minimum_discharge_current: RationalNumber = element("EVSEMinimumDischargeCurrent")  # A


@message(ns=DC, name="Scheduled_DC_CLReqControlMode", root=True, substitutes="CLReqControlMode")
class ScheduledDCCLReqControlMode(ScheduledCLReqControlMode):
    """What the vehicle wants under a schedule: target current and voltage, its limits if they changed."""

    ev_target_current: RationalNumber = element("EVTargetCurrent")  # A
    ev_target_voltage: RationalNumber = element("EVTargetVoltage")  # V
    ev_maximum_charge_power: RationalNumber | None = element("EVMaximumChargePower", default=None)  # W
    ev_minimum_charge_power: RationalNumber | None = element("EVMinimumChargePower", default=None)  # W
    ev_maximum_charge_current: RationalNumber | None = element("EVMaximumChargeCurrent", default=None)  # A
    ev_maximum_voltage: RationalNumber | None = element("EVMaximumVoltage", default=None)  # V
    ev_minimum_voltage: RationalNumber | None = element("EVMinimumVoltage", default=None)  # V


@message(ns=DC, name="Scheduled_DC_CLResControlMode", root=True, substitutes="CLResControlMode")
class ScheduledDCCLResControlMode(ScheduledCLResControlMode):
    """The station's limits under a schedule, if they changed."""

    evse_maximum_charge_power: RationalNumber | None = element("EVSEMaximumChargePower", default=None)  # W
    evse_minimum_charge_power: RationalNumber | None = element("EVSEMinimumChargePower", default=None)  # W
    evse_maximum_charge_current: RationalNumber | None = element("EVSEMaximumChargeCurrent", default=None)  # A
    evse_maximum_voltage: RationalNumber | None = element("EVSEMaximumVoltage", default=None)  # V


@message(ns=DC, name="BPT_Scheduled_DC_CLReqControlMode", root=True, substitutes="Scheduled_DC_CLReqControlMode")
class BPTScheduledDCCLReqControlMode(ScheduledDCCLReqControlMode):
    """As Scheduled_DC_CLReqControlMode, with limits for discharging."""

    ev_maximum_discharge_power: RationalNumber | None = element("EVMaximumDischargePower", default=None)  # W
    ev_minimum_discharge_power: RationalNumber | None = element("EVMinimumDischargePower", default=None)  # W
    ev_maximum_discharge_current: RationalNumber | None = element("EVMaximumDischargeCurrent", default=None)  # A


@message(ns=DC, name="BPT_Scheduled_DC_CLResControlMode", root=True, substitutes="Scheduled_DC_CLResControlMode")
class BPTScheduledDCCLResControlMode(ScheduledDCCLResControlMode):
    """As Scheduled_DC_CLResControlMode, with limits for discharging."""

    evse_maximum_discharge_power: RationalNumber | None = element("EVSEMaximumDischargePower", default=None)  # W
    evse_minimum_discharge_power: RationalNumber | None = element("EVSEMinimumDischargePower", default=None)  # W
    evse_maximum_discharge_current: RationalNumber | None = element("EVSEMaximumDischargeCurrent", default=None)  # A
    evse_minimum_voltage: RationalNumber | None = element("EVSEMinimumVoltage", default=None)  # V


@message(ns=DC, name="Dynamic_DC_CLReqControlMode", root=True, substitutes="CLReqControlMode")
class DynamicDCCLReqControlMode(DynamicCLReqControlMode):
    """The vehicle's needs and limits when the station sets the current."""

    ev_maximum_charge_power: RationalNumber = element("EVMaximumChargePower")  # W
    ev_minimum_charge_power: RationalNumber = element("EVMinimumChargePower")  # W
    ev_maximum_charge_current: RationalNumber = element("EVMaximumChargeCurrent")  # A
    ev_maximum_voltage: RationalNumber = element("EVMaximumVoltage")  # V
    ev_minimum_voltage: RationalNumber = element("EVMinimumVoltage")  # V


@message(ns=DC, name="Dynamic_DC_CLResControlMode", root=True, substitutes="CLResControlMode")
class DynamicDCCLResControlMode(DynamicCLResControlMode):
    """The station's limits when it sets the current."""

    evse_maximum_charge_power: RationalNumber = element("EVSEMaximumChargePower")  # W
    evse_minimum_charge_power: RationalNumber = element("EVSEMinimumChargePower")  # W
    evse_maximum_charge_current: RationalNumber = element("EVSEMaximumChargeCurrent")  # A
    evse_maximum_voltage: RationalNumber = element("EVSEMaximumVoltage")  # V


@message(ns=DC, name="BPT_Dynamic_DC_CLReqControlMode", root=True, substitutes="Dynamic_DC_CLReqControlMode")
class BPTDynamicDCCLReqControlMode(DynamicDCCLReqControlMode):
    """As Dynamic_DC_CLReqControlMode, with limits for discharging; V2X energies come as a pair or not at all."""

    ev_maximum_discharge_power: RationalNumber = element("EVMaximumDischargePower")  # W
    ev_minimum_discharge_power: RationalNumber = element("EVMinimumDischargePower")  # W
    ev_maximum_discharge_current: RationalNumber = element("EVMaximumDischargeCurrent")  # A
    ev_maximum_v2x_energy_request: RationalNumber | None = element("EVMaximumV2XEnergyRequest", default=None)  # Wh
    ev_minimum_v2x_energy_request: RationalNumber | None = element("EVMinimumV2XEnergyRequest", default=None)  # Wh


@message(ns=DC, name="BPT_Dynamic_DC_CLResControlMode", root=True, substitutes="Dynamic_DC_CLResControlMode")
class BPTDynamicDCCLResControlMode(DynamicDCCLResControlMode):
    """As Dynamic_DC_CLResControlMode, with limits for discharging."""

    evse_maximum_discharge_power: RationalNumber = element("EVSEMaximumDischargePower")  # W
    evse_minimum_discharge_power: RationalNumber = element("EVSEMinimumDischargePower")  # W
    evse_maximum_discharge_current: RationalNumber = element("EVSEMaximumDischargeCurrent")  # A
    evse_minimum_voltage: RationalNumber = element("EVSEMinimumVoltage")  # V
