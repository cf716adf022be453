"""ISO 15118-20 AC: charge parameters and charge loop, one way and bidirectional (BPT).

Powers in W (reactive: var), energies in Wh, positive from the grid to the vehicle. A name without suffix is phase L1,
or all phases together when no other phase is sent.
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
    RationalNumber,
    ScheduledCLReqControlMode,
    ScheduledCLResControlMode,
)
from harness.iso15118.messages.core import AC, TYPES, Record, element, message, substitution


@message(ns=AC, name="AC_ChargeParameterDiscoveryReq", root=True)
class ACChargeParameterDiscoveryReq(ChargeParameterDiscoveryReq):
    """The vehicle's AC limits."""

    energy_transfer_mode: ACCPDReqEnergyTransferMode = substitution("AC_CPDReqEnergyTransferMode")


@message(ns=AC, name="AC_ChargeParameterDiscoveryRes", root=True)
class ACChargeParameterDiscoveryRes(ChargeParameterDiscoveryRes):
    """The station's AC limits."""

    energy_transfer_mode: ACCPDResEnergyTransferMode = substitution("AC_CPDResEnergyTransferMode")


@message(ns=AC, name="AC_ChargeLoopReq", root=True)
class ACChargeLoopReq(ChargeLoopReq):
    """Vehicle's turn of the AC charge loop."""

    control_mode: CLReqControlMode = substitution("CLReqControlMode", ns=TYPES)


@message(ns=AC, name="AC_ChargeLoopRes", root=True)
class ACChargeLoopRes(ChargeLoopRes):
    """Station's turn of the AC charge loop."""

    evse_target_frequency: RationalNumber | None = element("EVSETargetFrequency", default=None)  # Hz
    control_mode: CLResControlMode = substitution("CLResControlMode", ns=TYPES)


@message(ns=AC, name="AC_CPDReqEnergyTransferMode", root=True)
class ACCPDReqEnergyTransferMode(Record):
    """The vehicle's AC limits for charging."""

    ev_maximum_charge_power: RationalNumber = element("EVMaximumChargePower")  # W
    ev_maximum_charge_power_l2: RationalNumber | None = element("EVMaximumChargePower_L2", default=None)  # W
    ev_maximum_charge_power_l3: RationalNumber | None = element("EVMaximumChargePower_L3", default=None)  # W
    ev_minimum_charge_power: RationalNumber = element("EVMinimumChargePower")  # W
    ev_minimum_charge_power_l2: RationalNumber | None = element("EVMinimumChargePower_L2", default=None)  # W
    ev_minimum_charge_power_l3: RationalNumber | None = element("EVMinimumChargePower_L3", default=None)  # W


@message(ns=AC, name="AC_CPDResEnergyTransferMode", root=True)
class ACCPDResEnergyTransferMode(Record):
    """The station's AC limits for charging."""

    evse_maximum_charge_power: RationalNumber = element("EVSEMaximumChargePower")  # W
    evse_maximum_charge_power_l2: RationalNumber | None = element("EVSEMaximumChargePower_L2", default=None)  # W
    evse_maximum_charge_power_l3: RationalNumber | None = element("EVSEMaximumChargePower_L3", default=None)  # W
    evse_minimum_charge_power: RationalNumber = element("EVSEMinimumChargePower")  # W
    evse_minimum_charge_power_l2: RationalNumber | None = element("EVSEMinimumChargePower_L2", default=None)  # W
    evse_minimum_charge_power_l3: RationalNumber | None = element("EVSEMinimumChargePower_L3", default=None)  # W
    evse_nominal_frequency: RationalNumber = element("EVSENominalFrequency")  # Hz
    maximum_power_asymmetry: RationalNumber | None = element("MaximumPowerAsymmetry", default=None)  # W
    evse_power_ramp_limitation: RationalNumber | None = element("EVSEPowerRampLimitation", default=None)  # W/s
    evse_present_active_power: RationalNumber | None = element("EVSEPresentActivePower", default=None)  # W
    evse_present_active_power_l2: RationalNumber | None = element("EVSEPresentActivePower_L2", default=None)  # W
    evse_present_active_power_l3: RationalNumber | None = element("EVSEPresentActivePower_L3", default=None)  # W


@message(ns=AC, name="BPT_AC_CPDReqEnergyTransferMode", root=True, substitutes="AC_CPDReqEnergyTransferMode")
class BPTACCPDReqEnergyTransferMode(ACCPDReqEnergyTransferMode):
    """The vehicle's AC limits, discharging too."""

    ev_maximum_discharge_power: RationalNumber = element("EVMaximumDischargePower")  # W
    ev_maximum_discharge_power_l2: RationalNumber | None = element("EVMaximumDischargePower_L2", default=None)  # W
    ev_maximum_discharge_power_l3: RationalNumber | None = element("EVMaximumDischargePower_L3", default=None)  # W
    ev_minimum_discharge_power: RationalNumber = element("EVMinimumDischargePower")  # W
    ev_minimum_discharge_power_l2: RationalNumber | None = element("EVMinimumDischargePower_L2", default=None)  # W
    ev_minimum_discharge_power_l3: RationalNumber | None = element("EVMinimumDischargePower_L3", default=None)  # W


@message(ns=AC, name="BPT_AC_CPDResEnergyTransferMode", root=True, substitutes="AC_CPDResEnergyTransferMode")
class BPTACCPDResEnergyTransferMode(ACCPDResEnergyTransferMode):
    """The station's AC limits, discharging too."""

    evse_maximum_discharge_power: RationalNumber = element("EVSEMaximumDischargePower")  # W
    evse_maximum_discharge_power_l2: RationalNumber | None = element("EVSEMaximumDischargePower_L2", default=None)  # W
    evse_maximum_discharge_power_l3: RationalNumber | None = element("EVSEMaximumDischargePower_L3", default=None)  # W
    evse_minimum_discharge_power: RationalNumber = element("EVSEMinimumDischargePower")  # W
    evse_minimum_discharge_power_l2: RationalNumber | None = element("EVSEMinimumDischargePower_L2", default=None)  # W
    evse_minimum_discharge_power_l3: RationalNumber | None = element("EVSEMinimumDischargePower_L3", default=None)  # W


@message(ns=AC, name="Scheduled_AC_CLReqControlMode", root=True, substitutes="CLReqControlMode")
class ScheduledACCLReqControlMode(ScheduledCLReqControlMode):
    """What the vehicle measures under a schedule, its limits if they changed."""

    ev_maximum_charge_power: RationalNumber | None = element("EVMaximumChargePower", default=None)  # W
    ev_maximum_charge_power_l2: RationalNumber | None = element("EVMaximumChargePower_L2", default=None)  # W
    ev_maximum_charge_power_l3: RationalNumber | None = element("EVMaximumChargePower_L3", default=None)  # W
    ev_minimum_charge_power: RationalNumber | None = element("EVMinimumChargePower", default=None)  # W
    ev_minimum_charge_power_l2: RationalNumber | None = element("EVMinimumChargePower_L2", default=None)  # W
    ev_minimum_charge_power_l3: RationalNumber | None = element("EVMinimumChargePower_L3", default=None)  # W
    ev_present_active_power: RationalNumber = element("EVPresentActivePower")  # W
    ev_present_active_power_l2: RationalNumber | None = element("EVPresentActivePower_L2", default=None)  # W
    ev_present_active_power_l3: RationalNumber | None = element("EVPresentActivePower_L3", default=None)  # W
    ev_present_reactive_power: RationalNumber | None = element("EVPresentReactivePower", default=None)  # var
    ev_present_reactive_power_l2: RationalNumber | None = element("EVPresentReactivePower_L2", default=None)  # var
    ev_present_reactive_power_l3: RationalNumber | None = element("EVPresentReactivePower_L3", default=None)  # var


@message(ns=AC, name="Scheduled_AC_CLResControlMode", root=True, substitutes="CLResControlMode")
class ScheduledACCLResControlMode(ScheduledCLResControlMode):
    """Set-points and measurements of the station under a schedule; all optional."""

    evse_target_active_power: RationalNumber | None = element(
        "EVSETargetActivePower", default=None
    )  # W, negative: feed back
    evse_target_active_power_l2: RationalNumber | None = element("EVSETargetActivePower_L2", default=None)  # W
    evse_target_active_power_l3: RationalNumber | None = element("EVSETargetActivePower_L3", default=None)  # W
    evse_target_reactive_power: RationalNumber | None = element("EVSETargetReactivePower", default=None)  # var
    evse_target_reactive_power_l2: RationalNumber | None = element("EVSETargetReactivePower_L2", default=None)  # var
    evse_target_reactive_power_l3: RationalNumber | None = element("EVSETargetReactivePower_L3", default=None)  # var
    evse_present_active_power: RationalNumber | None = element("EVSEPresentActivePower", default=None)  # W
    evse_present_active_power_l2: RationalNumber | None = element("EVSEPresentActivePower_L2", default=None)  # W
    evse_present_active_power_l3: RationalNumber | None = element("EVSEPresentActivePower_L3", default=None)  # W


@message(ns=AC, name="BPT_Scheduled_AC_CLReqControlMode", root=True, substitutes="Scheduled_AC_CLReqControlMode")
class BPTScheduledACCLReqControlMode(ScheduledACCLReqControlMode):
    """As Scheduled_AC_CLReqControlMode, with limits for discharging."""

    ev_maximum_discharge_power: RationalNumber | None = element("EVMaximumDischargePower", default=None)  # W
    ev_maximum_discharge_power_l2: RationalNumber | None = element("EVMaximumDischargePower_L2", default=None)  # W
    ev_maximum_discharge_power_l3: RationalNumber | None = element("EVMaximumDischargePower_L3", default=None)  # W
    ev_minimum_discharge_power: RationalNumber | None = element("EVMinimumDischargePower", default=None)  # W
    ev_minimum_discharge_power_l2: RationalNumber | None = element("EVMinimumDischargePower_L2", default=None)  # W
    ev_minimum_discharge_power_l3: RationalNumber | None = element("EVMinimumDischargePower_L3", default=None)  # W


@message(ns=AC, name="BPT_Scheduled_AC_CLResControlMode", root=True, substitutes="Scheduled_AC_CLResControlMode")
class BPTScheduledACCLResControlMode(ScheduledACCLResControlMode):
    """As Scheduled_AC_CLResControlMode, for bidirectional sessions."""


@message(ns=AC, name="Dynamic_AC_CLReqControlMode", root=True, substitutes="CLReqControlMode")
class DynamicACCLReqControlMode(DynamicCLReqControlMode):
    """The vehicle's needs, limits and measurements when the station sets the power."""

    ev_maximum_charge_power: RationalNumber = element("EVMaximumChargePower")  # W
    ev_maximum_charge_power_l2: RationalNumber | None = element("EVMaximumChargePower_L2", default=None)  # W
    ev_maximum_charge_power_l3: RationalNumber | None = element("EVMaximumChargePower_L3", default=None)  # W
    ev_minimum_charge_power: RationalNumber = element("EVMinimumChargePower")  # W
    ev_minimum_charge_power_l2: RationalNumber | None = element("EVMinimumChargePower_L2", default=None)  # W
    ev_minimum_charge_power_l3: RationalNumber | None = element("EVMinimumChargePower_L3", default=None)  # W
    ev_present_active_power: RationalNumber = element("EVPresentActivePower")  # W
    ev_present_active_power_l2: RationalNumber | None = element("EVPresentActivePower_L2", default=None)  # W
    ev_present_active_power_l3: RationalNumber | None = element("EVPresentActivePower_L3", default=None)  # W
    ev_present_reactive_power: RationalNumber = element("EVPresentReactivePower")  # var
    ev_present_reactive_power_l2: RationalNumber | None = element("EVPresentReactivePower_L2", default=None)  # var
    ev_present_reactive_power_l3: RationalNumber | None = element("EVPresentReactivePower_L3", default=None)  # var


@message(ns=AC, name="Dynamic_AC_CLResControlMode", root=True, substitutes="CLResControlMode")
class DynamicACCLResControlMode(DynamicCLResControlMode):
    """The power that the station asks for."""

    evse_target_active_power: RationalNumber = element("EVSETargetActivePower")  # W, negative: feed back
    evse_target_active_power_l2: RationalNumber | None = element("EVSETargetActivePower_L2", default=None)  # W
    evse_target_active_power_l3: RationalNumber | None = element("EVSETargetActivePower_L3", default=None)  # W
    evse_target_reactive_power: RationalNumber | None = element("EVSETargetReactivePower", default=None)  # var
    evse_target_reactive_power_l2: RationalNumber | None = element("EVSETargetReactivePower_L2", default=None)  # var
    evse_target_reactive_power_l3: RationalNumber | None = element("EVSETargetReactivePower_L3", default=None)  # var
    evse_present_active_power: RationalNumber | None = element("EVSEPresentActivePower", default=None)  # W
    evse_present_active_power_l2: RationalNumber | None = element("EVSEPresentActivePower_L2", default=None)  # W
    evse_present_active_power_l3: RationalNumber | None = element("EVSEPresentActivePower_L3", default=None)  # W


@message(ns=AC, name="BPT_Dynamic_AC_CLReqControlMode", root=True, substitutes="Dynamic_AC_CLReqControlMode")
class BPTDynamicACCLReqControlMode(DynamicACCLReqControlMode):
    """As Dynamic_AC_CLReqControlMode, with limits for discharging; V2X energies come as a pair or not at all."""

    ev_maximum_discharge_power: RationalNumber = element("EVMaximumDischargePower")  # W
    ev_maximum_discharge_power_l2: RationalNumber | None = element("EVMaximumDischargePower_L2", default=None)  # W
    ev_maximum_discharge_power_l3: RationalNumber | None = element("EVMaximumDischargePower_L3", default=None)  # W
    ev_minimum_discharge_power: RationalNumber = element("EVMinimumDischargePower")  # W
    ev_minimum_discharge_power_l2: RationalNumber | None = element("EVMinimumDischargePower_L2", default=None)  # W
    ev_minimum_discharge_power_l3: RationalNumber | None = element("EVMinimumDischargePower_L3", default=None)  # W
    ev_maximum_v2x_energy_request: RationalNumber | None = element("EVMaximumV2XEnergyRequest", default=None)  # Wh
    ev_minimum_v2x_energy_request: RationalNumber | None = element("EVMinimumV2XEnergyRequest", default=None)  # Wh


@message(ns=AC, name="BPT_Dynamic_AC_CLResControlMode", root=True, substitutes="Dynamic_AC_CLResControlMode")
class BPTDynamicACCLResControlMode(DynamicACCLResControlMode):
    """As Dynamic_AC_CLResControlMode; a negative target asks the vehicle to feed back."""
