"""ISO 15118-20 AC: charge parameters and charge loop, one way and bidirectional."""

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
    RationalNumber,
    ScheduledCLReqControlMode,
    ScheduledCLResControlMode,
)
from harness.iso15118.messages.core import AC, TYPES, Record, element, message, substitution


@message(ns=AC, name="AC_ChargeParameterDiscoveryReq", root=True)
class ACChargeParameterDiscoveryReq(ChargeParameterDiscoveryReq):
    """"""

    energy_transfer_mode: ACCPDReqEnergyTransferMode = substitution("AC_CPDReqEnergyTransferMode")


@message(ns=AC, name="AC_ChargeParameterDiscoveryRes", root=True)
class ACChargeParameterDiscoveryRes(ChargeParameterDiscoveryRes):
    """"""

    energy_transfer_mode: ACCPDResEnergyTransferMode = substitution("AC_CPDResEnergyTransferMode")


@message(ns=AC, name="AC_ChargeLoopReq", root=True)
class ACChargeLoopReq(ChargeLoopReq):
    """"""

    control_mode: CLReqControlMode = substitution("CLReqControlMode", ns=TYPES)


@message(ns=AC, name="AC_ChargeLoopRes", root=True)
class ACChargeLoopRes(ChargeLoopRes):
    """"""

    evse_target_frequency: RationalNumber | None = element("EVSETargetFrequency", default=None)
    control_mode: CLResControlMode = substitution("CLResControlMode", ns=TYPES)


@message(ns=AC, name="AC_CPDReqEnergyTransferMode", root=True)
class ACCPDReqEnergyTransferMode(Record):
    """"""

    ev_maximum_charge_power: RationalNumber = element("EVMaximumChargePower")
    ev_maximum_charge_power_l2: RationalNumber | None = element("EVMaximumChargePower_L2", default=None)
    ev_maximum_charge_power_l3: RationalNumber | None = element("EVMaximumChargePower_L3", default=None)
    ev_minimum_charge_power: RationalNumber = element("EVMinimumChargePower")
    ev_minimum_charge_power_l2: RationalNumber | None = element("EVMinimumChargePower_L2", default=None)
    ev_minimum_charge_power_l3: RationalNumber | None = element("EVMinimumChargePower_L3", default=None)


@message(ns=AC, name="AC_CPDResEnergyTransferMode", root=True)
class ACCPDResEnergyTransferMode(Record):
    """"""

    evse_maximum_charge_power: RationalNumber = element("EVSEMaximumChargePower")
    evse_maximum_charge_power_l2: RationalNumber | None = element("EVSEMaximumChargePower_L2", default=None)
    evse_maximum_charge_power_l3: RationalNumber | None = element("EVSEMaximumChargePower_L3", default=None)
    evse_minimum_charge_power: RationalNumber = element("EVSEMinimumChargePower")
    evse_minimum_charge_power_l2: RationalNumber | None = element("EVSEMinimumChargePower_L2", default=None)
    evse_minimum_charge_power_l3: RationalNumber | None = element("EVSEMinimumChargePower_L3", default=None)
    evse_nominal_frequency: RationalNumber = element("EVSENominalFrequency")
    maximum_power_asymmetry: RationalNumber | None = element("MaximumPowerAsymmetry", default=None)
    evse_power_ramp_limitation: RationalNumber | None = element("EVSEPowerRampLimitation", default=None)
    evse_present_active_power: RationalNumber | None = element("EVSEPresentActivePower", default=None)
    evse_present_active_power_l2: RationalNumber | None = element("EVSEPresentActivePower_L2", default=None)
    evse_present_active_power_l3: RationalNumber | None = element("EVSEPresentActivePower_L3", default=None)


@message(ns=AC, name="BPT_AC_CPDReqEnergyTransferMode", root=True, substitutes="AC_CPDReqEnergyTransferMode")
class BPTACCPDReqEnergyTransferMode(ACCPDReqEnergyTransferMode):
    """"""

    ev_maximum_discharge_power: RationalNumber = element("EVMaximumDischargePower")
    ev_maximum_discharge_power_l2: RationalNumber | None = element("EVMaximumDischargePower_L2", default=None)
    ev_maximum_discharge_power_l3: RationalNumber | None = element("EVMaximumDischargePower_L3", default=None)
    ev_minimum_discharge_power: RationalNumber = element("EVMinimumDischargePower")
    ev_minimum_discharge_power_l2: RationalNumber | None = element("EVMinimumDischargePower_L2", default=None)
    ev_minimum_discharge_power_l3: RationalNumber | None = element("EVMinimumDischargePower_L3", default=None)


@message(ns=AC, name="BPT_AC_CPDResEnergyTransferMode", root=True, substitutes="AC_CPDResEnergyTransferMode")
class BPTACCPDResEnergyTransferMode(ACCPDResEnergyTransferMode):
    """"""

    evse_maximum_discharge_power: RationalNumber = element("EVSEMaximumDischargePower")
    evse_maximum_discharge_power_l2: RationalNumber | None = element("EVSEMaximumDischargePower_L2", default=None)
    evse_maximum_discharge_power_l3: RationalNumber | None = element("EVSEMaximumDischargePower_L3", default=None)
    evse_minimum_discharge_power: RationalNumber = element("EVSEMinimumDischargePower")
    evse_minimum_discharge_power_l2: RationalNumber | None = element("EVSEMinimumDischargePower_L2", default=None)
    evse_minimum_discharge_power_l3: RationalNumber | None = element("EVSEMinimumDischargePower_L3", default=None)


@message(ns=AC, name="Scheduled_AC_CLReqControlMode", root=True, substitutes="CLReqControlMode")
class ScheduledACCLReqControlMode(ScheduledCLReqControlMode):
    """"""

    ev_maximum_charge_power: RationalNumber | None = element("EVMaximumChargePower", default=None)
    ev_maximum_charge_power_l2: RationalNumber | None = element("EVMaximumChargePower_L2", default=None)
    ev_maximum_charge_power_l3: RationalNumber | None = element("EVMaximumChargePower_L3", default=None)
    ev_minimum_charge_power: RationalNumber | None = element("EVMinimumChargePower", default=None)
    ev_minimum_charge_power_l2: RationalNumber | None = element("EVMinimumChargePower_L2", default=None)
    ev_minimum_charge_power_l3: RationalNumber | None = element("EVMinimumChargePower_L3", default=None)
    ev_present_active_power: RationalNumber = element("EVPresentActivePower")
    ev_present_active_power_l2: RationalNumber | None = element("EVPresentActivePower_L2", default=None)
    ev_present_active_power_l3: RationalNumber | None = element("EVPresentActivePower_L3", default=None)
    ev_present_reactive_power: RationalNumber | None = element("EVPresentReactivePower", default=None)
    ev_present_reactive_power_l2: RationalNumber | None = element("EVPresentReactivePower_L2", default=None)
    ev_present_reactive_power_l3: RationalNumber | None = element("EVPresentReactivePower_L3", default=None)


@message(ns=AC, name="Scheduled_AC_CLResControlMode", root=True, substitutes="CLResControlMode")
class ScheduledACCLResControlMode(ScheduledCLResControlMode):
    """"""

    evse_target_active_power: RationalNumber | None = element("EVSETargetActivePower", default=None)
    evse_target_active_power_l2: RationalNumber | None = element("EVSETargetActivePower_L2", default=None)
    evse_target_active_power_l3: RationalNumber | None = element("EVSETargetActivePower_L3", default=None)
    evse_target_reactive_power: RationalNumber | None = element("EVSETargetReactivePower", default=None)
    evse_target_reactive_power_l2: RationalNumber | None = element("EVSETargetReactivePower_L2", default=None)
    evse_target_reactive_power_l3: RationalNumber | None = element("EVSETargetReactivePower_L3", default=None)
    evse_present_active_power: RationalNumber | None = element("EVSEPresentActivePower", default=None)
    evse_present_active_power_l2: RationalNumber | None = element("EVSEPresentActivePower_L2", default=None)
    evse_present_active_power_l3: RationalNumber | None = element("EVSEPresentActivePower_L3", default=None)


@message(ns=AC, name="BPT_Scheduled_AC_CLReqControlMode", root=True, substitutes="Scheduled_AC_CLReqControlMode")
class BPTScheduledACCLReqControlMode(ScheduledACCLReqControlMode):
    """"""

    ev_maximum_discharge_power: RationalNumber | None = element("EVMaximumDischargePower", default=None)
    ev_maximum_discharge_power_l2: RationalNumber | None = element("EVMaximumDischargePower_L2", default=None)
    ev_maximum_discharge_power_l3: RationalNumber | None = element("EVMaximumDischargePower_L3", default=None)
    ev_minimum_discharge_power: RationalNumber | None = element("EVMinimumDischargePower", default=None)
    ev_minimum_discharge_power_l2: RationalNumber | None = element("EVMinimumDischargePower_L2", default=None)
    ev_minimum_discharge_power_l3: RationalNumber | None = element("EVMinimumDischargePower_L3", default=None)


@message(ns=AC, name="BPT_Scheduled_AC_CLResControlMode", root=True, substitutes="Scheduled_AC_CLResControlMode")
class BPTScheduledACCLResControlMode(ScheduledACCLResControlMode):
    """"""


@message(ns=AC, name="Dynamic_AC_CLReqControlMode", root=True, substitutes="CLReqControlMode")
class DynamicACCLReqControlMode(DynamicCLReqControlMode):
    """"""

    ev_maximum_charge_power: RationalNumber = element("EVMaximumChargePower")
    ev_maximum_charge_power_l2: RationalNumber | None = element("EVMaximumChargePower_L2", default=None)
    ev_maximum_charge_power_l3: RationalNumber | None = element("EVMaximumChargePower_L3", default=None)
    ev_minimum_charge_power: RationalNumber = element("EVMinimumChargePower")
    ev_minimum_charge_power_l2: RationalNumber | None = element("EVMinimumChargePower_L2", default=None)
    ev_minimum_charge_power_l3: RationalNumber | None = element("EVMinimumChargePower_L3", default=None)
    ev_present_active_power: RationalNumber = element("EVPresentActivePower")
    ev_present_active_power_l2: RationalNumber | None = element("EVPresentActivePower_L2", default=None)
    ev_present_active_power_l3: RationalNumber | None = element("EVPresentActivePower_L3", default=None)
    ev_present_reactive_power: RationalNumber = element("EVPresentReactivePower")
    ev_present_reactive_power_l2: RationalNumber | None = element("EVPresentReactivePower_L2", default=None)
    ev_present_reactive_power_l3: RationalNumber | None = element("EVPresentReactivePower_L3", default=None)


@message(ns=AC, name="Dynamic_AC_CLResControlMode", root=True, substitutes="CLResControlMode")
class DynamicACCLResControlMode(DynamicCLResControlMode):
    """"""

    evse_target_active_power: RationalNumber = element("EVSETargetActivePower")
    evse_target_active_power_l2: RationalNumber | None = element("EVSETargetActivePower_L2", default=None)
    evse_target_active_power_l3: RationalNumber | None = element("EVSETargetActivePower_L3", default=None)
    evse_target_reactive_power: RationalNumber | None = element("EVSETargetReactivePower", default=None)
    evse_target_reactive_power_l2: RationalNumber | None = element("EVSETargetReactivePower_L2", default=None)
    evse_target_reactive_power_l3: RationalNumber | None = element("EVSETargetReactivePower_L3", default=None)
    evse_present_active_power: RationalNumber | None = element("EVSEPresentActivePower", default=None)
    evse_present_active_power_l2: RationalNumber | None = element("EVSEPresentActivePower_L2", default=None)
    evse_present_active_power_l3: RationalNumber | None = element("EVSEPresentActivePower_L3", default=None)


@message(ns=AC, name="BPT_Dynamic_AC_CLReqControlMode", root=True, substitutes="Dynamic_AC_CLReqControlMode")
class BPTDynamicACCLReqControlMode(DynamicACCLReqControlMode):
    """"""

    ev_maximum_discharge_power: RationalNumber = element("EVMaximumDischargePower")
    ev_maximum_discharge_power_l2: RationalNumber | None = element("EVMaximumDischargePower_L2", default=None)
    ev_maximum_discharge_power_l3: RationalNumber | None = element("EVMaximumDischargePower_L3", default=None)
    ev_minimum_discharge_power: RationalNumber = element("EVMinimumDischargePower")
    ev_minimum_discharge_power_l2: RationalNumber | None = element("EVMinimumDischargePower_L2", default=None)
    ev_minimum_discharge_power_l3: RationalNumber | None = element("EVMinimumDischargePower_L3", default=None)
    ev_maximum_v2x_energy_request: RationalNumber | None = element("EVMaximumV2XEnergyRequest", default=None)
    ev_minimum_v2x_energy_request: RationalNumber | None = element("EVMinimumV2XEnergyRequest", default=None)


@message(ns=AC, name="BPT_Dynamic_AC_CLResControlMode", root=True, substitutes="Dynamic_AC_CLResControlMode")
class BPTDynamicACCLResControlMode(DynamicACCLResControlMode):
    """"""
