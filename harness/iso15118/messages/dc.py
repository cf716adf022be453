"""ISO 15118-20 DC: cable check, pre-charge, charge loop and welding detection, one way and bidirectional."""

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
    """"""

    energy_transfer_mode: DCCPDReqEnergyTransferMode = substitution("DC_CPDReqEnergyTransferMode")


@message(ns=DC, name="DC_ChargeParameterDiscoveryRes", root=True)
class DCChargeParameterDiscoveryRes(ChargeParameterDiscoveryRes):
    """"""

    energy_transfer_mode: DCCPDResEnergyTransferMode = substitution("DC_CPDResEnergyTransferMode")


@message(ns=DC, name="DC_CableCheckReq", root=True)
class DCCableCheckReq(V2GRequest):
    """"""


@message(ns=DC, name="DC_CableCheckRes", root=True)
class DCCableCheckRes(V2GResponse):
    """"""

    evse_processing: Processing = element("EVSEProcessing")


@message(ns=DC, name="DC_PreChargeReq", root=True)
class DCPreChargeReq(V2GRequest):
    """"""

    ev_processing: Processing = element("EVProcessing")
    ev_present_voltage: RationalNumber = element("EVPresentVoltage")
    ev_target_voltage: RationalNumber = element("EVTargetVoltage")


@message(ns=DC, name="DC_PreChargeRes", root=True)
class DCPreChargeRes(V2GResponse):
    """"""

    evse_present_voltage: RationalNumber = element("EVSEPresentVoltage")


@message(ns=DC, name="DC_ChargeLoopReq", root=True)
class DCChargeLoopReq(ChargeLoopReq):
    """"""

    ev_present_voltage: RationalNumber = element("EVPresentVoltage")
    control_mode: CLReqControlMode = substitution("CLReqControlMode", ns=TYPES)


@message(ns=DC, name="DC_ChargeLoopRes", root=True)
class DCChargeLoopRes(ChargeLoopRes):
    """"""

    evse_present_current: RationalNumber = element("EVSEPresentCurrent")
    evse_present_voltage: RationalNumber = element("EVSEPresentVoltage")
    evse_power_limit_achieved: bool = element("EVSEPowerLimitAchieved")
    evse_current_limit_achieved: bool = element("EVSECurrentLimitAchieved")
    evse_voltage_limit_achieved: bool = element("EVSEVoltageLimitAchieved")
    control_mode: CLResControlMode = substitution("CLResControlMode", ns=TYPES)


@message(ns=DC, name="DC_WeldingDetectionReq", root=True)
class DCWeldingDetectionReq(V2GRequest):
    """"""

    ev_processing: Processing = element("EVProcessing")


@message(ns=DC, name="DC_WeldingDetectionRes", root=True)
class DCWeldingDetectionRes(V2GResponse):
    """"""

    evse_present_voltage: RationalNumber = element("EVSEPresentVoltage")


@message(ns=DC, name="DC_CPDReqEnergyTransferMode", root=True)
class DCCPDReqEnergyTransferMode(Record):
    """"""

    ev_maximum_charge_power: RationalNumber = element("EVMaximumChargePower")
    ev_minimum_charge_power: RationalNumber = element("EVMinimumChargePower")
    ev_maximum_charge_current: RationalNumber = element("EVMaximumChargeCurrent")
    ev_minimum_charge_current: RationalNumber = element("EVMinimumChargeCurrent")
    ev_maximum_voltage: RationalNumber = element("EVMaximumVoltage")
    ev_minimum_voltage: RationalNumber = element("EVMinimumVoltage")
    target_soc: PercentValue | None = element("TargetSOC", default=None)


@message(ns=DC, name="DC_CPDResEnergyTransferMode", root=True)
class DCCPDResEnergyTransferMode(Record):
    """"""

    evse_maximum_charge_power: RationalNumber = element("EVSEMaximumChargePower")
    evse_minimum_charge_power: RationalNumber = element("EVSEMinimumChargePower")
    evse_maximum_charge_current: RationalNumber = element("EVSEMaximumChargeCurrent")
    evse_minimum_charge_current: RationalNumber = element("EVSEMinimumChargeCurrent")
    evse_maximum_voltage: RationalNumber = element("EVSEMaximumVoltage")
    evse_minimum_voltage: RationalNumber = element("EVSEMinimumVoltage")
    evse_power_ramp_limitation: RationalNumber | None = element("EVSEPowerRampLimitation", default=None)


@message(ns=DC, name="BPT_DC_CPDReqEnergyTransferMode", root=True, substitutes="DC_CPDReqEnergyTransferMode")
class BPTDCCPDReqEnergyTransferMode(DCCPDReqEnergyTransferMode):
    """"""

    ev_maximum_discharge_power: RationalNumber = element("EVMaximumDischargePower")
    ev_minimum_discharge_power: RationalNumber = element("EVMinimumDischargePower")
    ev_maximum_discharge_current: RationalNumber = element("EVMaximumDischargeCurrent")
    ev_minimum_discharge_current: RationalNumber = element("EVMinimumDischargeCurrent")


@message(ns=DC, name="BPT_DC_CPDResEnergyTransferMode", root=True, substitutes="DC_CPDResEnergyTransferMode")
class BPTDCCPDResEnergyTransferMode(DCCPDResEnergyTransferMode):
    """"""

    evse_maximum_discharge_power: RationalNumber = element("EVSEMaximumDischargePower")
    evse_minimum_discharge_power: RationalNumber = element("EVSEMinimumDischargePower")
    evse_maximum_discharge_current: RationalNumber = element("EVSEMaximumDischargeCurrent")
    evse_minimum_discharge_current: RationalNumber = element("EVSEMinimumDischargeCurrent")


@message(ns=DC, name="Scheduled_DC_CLReqControlMode", root=True, substitutes="CLReqControlMode")
class ScheduledDCCLReqControlMode(ScheduledCLReqControlMode):
    """"""

    ev_target_current: RationalNumber = element("EVTargetCurrent")
    ev_target_voltage: RationalNumber = element("EVTargetVoltage")
    ev_maximum_charge_power: RationalNumber | None = element("EVMaximumChargePower", default=None)
    ev_minimum_charge_power: RationalNumber | None = element("EVMinimumChargePower", default=None)
    ev_maximum_charge_current: RationalNumber | None = element("EVMaximumChargeCurrent", default=None)
    ev_maximum_voltage: RationalNumber | None = element("EVMaximumVoltage", default=None)
    ev_minimum_voltage: RationalNumber | None = element("EVMinimumVoltage", default=None)


@message(ns=DC, name="Scheduled_DC_CLResControlMode", root=True, substitutes="CLResControlMode")
class ScheduledDCCLResControlMode(ScheduledCLResControlMode):
    """"""

    evse_maximum_charge_power: RationalNumber | None = element("EVSEMaximumChargePower", default=None)
    evse_minimum_charge_power: RationalNumber | None = element("EVSEMinimumChargePower", default=None)
    evse_maximum_charge_current: RationalNumber | None = element("EVSEMaximumChargeCurrent", default=None)
    evse_maximum_voltage: RationalNumber | None = element("EVSEMaximumVoltage", default=None)


@message(ns=DC, name="BPT_Scheduled_DC_CLReqControlMode", root=True, substitutes="Scheduled_DC_CLReqControlMode")
class BPTScheduledDCCLReqControlMode(ScheduledDCCLReqControlMode):
    """"""

    ev_maximum_discharge_power: RationalNumber | None = element("EVMaximumDischargePower", default=None)
    ev_minimum_discharge_power: RationalNumber | None = element("EVMinimumDischargePower", default=None)
    ev_maximum_discharge_current: RationalNumber | None = element("EVMaximumDischargeCurrent", default=None)


@message(ns=DC, name="BPT_Scheduled_DC_CLResControlMode", root=True, substitutes="Scheduled_DC_CLResControlMode")
class BPTScheduledDCCLResControlMode(ScheduledDCCLResControlMode):
    """"""

    evse_maximum_discharge_power: RationalNumber | None = element("EVSEMaximumDischargePower", default=None)
    evse_minimum_discharge_power: RationalNumber | None = element("EVSEMinimumDischargePower", default=None)
    evse_maximum_discharge_current: RationalNumber | None = element("EVSEMaximumDischargeCurrent", default=None)
    evse_minimum_voltage: RationalNumber | None = element("EVSEMinimumVoltage", default=None)


@message(ns=DC, name="Dynamic_DC_CLReqControlMode", root=True, substitutes="CLReqControlMode")
class DynamicDCCLReqControlMode(DynamicCLReqControlMode):
    """"""

    ev_maximum_charge_power: RationalNumber = element("EVMaximumChargePower")
    ev_minimum_charge_power: RationalNumber = element("EVMinimumChargePower")
    ev_maximum_charge_current: RationalNumber = element("EVMaximumChargeCurrent")
    ev_maximum_voltage: RationalNumber = element("EVMaximumVoltage")
    ev_minimum_voltage: RationalNumber = element("EVMinimumVoltage")


@message(ns=DC, name="Dynamic_DC_CLResControlMode", root=True, substitutes="CLResControlMode")
class DynamicDCCLResControlMode(DynamicCLResControlMode):
    """"""

    evse_maximum_charge_power: RationalNumber = element("EVSEMaximumChargePower")
    evse_minimum_charge_power: RationalNumber = element("EVSEMinimumChargePower")
    evse_maximum_charge_current: RationalNumber = element("EVSEMaximumChargeCurrent")
    evse_maximum_voltage: RationalNumber = element("EVSEMaximumVoltage")


@message(ns=DC, name="BPT_Dynamic_DC_CLReqControlMode", root=True, substitutes="Dynamic_DC_CLReqControlMode")
class BPTDynamicDCCLReqControlMode(DynamicDCCLReqControlMode):
    """"""

    ev_maximum_discharge_power: RationalNumber = element("EVMaximumDischargePower")
    ev_minimum_discharge_power: RationalNumber = element("EVMinimumDischargePower")
    ev_maximum_discharge_current: RationalNumber = element("EVMaximumDischargeCurrent")
    ev_maximum_v2x_energy_request: RationalNumber | None = element("EVMaximumV2XEnergyRequest", default=None)
    ev_minimum_v2x_energy_request: RationalNumber | None = element("EVMinimumV2XEnergyRequest", default=None)


@message(ns=DC, name="BPT_Dynamic_DC_CLResControlMode", root=True, substitutes="Dynamic_DC_CLResControlMode")
class BPTDynamicDCCLResControlMode(DynamicDCCLResControlMode):
    """"""

    evse_maximum_discharge_power: RationalNumber = element("EVSEMaximumDischargePower")
    evse_minimum_discharge_power: RationalNumber = element("EVSEMinimumDischargePower")
    evse_maximum_discharge_current: RationalNumber = element("EVSEMaximumDischargeCurrent")
    evse_minimum_voltage: RationalNumber = element("EVSEMinimumVoltage")
