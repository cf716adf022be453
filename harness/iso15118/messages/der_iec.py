"""ISO 15118-20 Amendment 1, AC_DER_IEC: vehicles as distributed energy resources.

Not messages of its own: new members of AC's substitution groups. They change the event codes, so the same AC messages
have other octets here than in plain AC, and a payload type of their own. Powers in W (reactive: var), positive from the
grid to the vehicle. The set adds itself: importing this module registers it.

Element facts from the declarations in public generated code (libcbv2g); the schema itself was not at hand.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module

from harness.iso15118 import messages
from harness.iso15118.messages.ac import (
    ACCPDReqEnergyTransferMode,
    ACCPDResEnergyTransferMode,
    DynamicACCLReqControlMode,
    DynamicACCLResControlMode,
    ScheduledACCLReqControlMode,
    ScheduledACCLResControlMode,
)
from harness.iso15118.messages.common_types import Processing, RationalNumber
from harness.iso15118.messages.core import (
    AC,
    DSIG,
    TYPES,
    Enumeration,
    Record,
    UnsignedByte,
    UnsignedInt,
    UnsignedShort,
    element,
    message,
)

AC_DER_IEC = "urn:iso:std:iso:15118:-20:AC-DER-IEC"


class PowerFactorExcitation(Enumeration):
    """Direction of reactive power."""

    OverExcited = "OverExcited"
    UnderExcited = "UnderExcited"


class CurveDataPointsUnit(Enumeration):
    """Units of a curve."""

    V = "V"
    Hz = "Hz"
    W = "W"
    s = "s"
    var = "var"


class LockValueUnit(Enumeration):
    """Units of the values that switch a curve on and off."""

    V = "V"
    Hz = "Hz"
    W = "W"
    s = "s"
    var = "var"


class PowerReference(Enumeration):
    """What a percentage of power refers to."""

    MaximumDischargePower = "MaximumDischargePower"
    MomentaryPower = "MomentaryPower"


class EVOperatingMode(Enumeration):
    """Whether the vehicle follows the grid or forms one."""

    GridFollowing = "GridFollowing"
    GridForming = "GridForming"


class GridConnectionMode(Enumeration):
    """Whether there is a grid."""

    GridConnected = "GridConnected"
    GridIslanded = "GridIslanded"


@message(ns=AC_DER_IEC)
class SetpointExcitation(Record):
    """A set point and, for reactive power, its direction."""

    setpoint_value: RationalNumber = element("SetpointValue")
    excitation: PowerFactorExcitation | None = element("Excitation", default=None)


@message(ns=AC_DER_IEC)
class DataTuple(Record):
    """A point of a curve."""

    x_value: RationalNumber = element("xValue")
    y_value: SetpointExcitation = element("yValue")


@message(ns=AC_DER_IEC)
class CurveDataPointsList(Record):
    """The points of a curve."""

    curve_data_point: tuple[DataTuple, ...] = element("CurveDataPoint", occurs=(2, 10))


@message(ns=AC_DER_IEC)
class DERCurve(Record):
    """A curve to control by; units as said."""

    x_unit: CurveDataPointsUnit = element("xUnit")
    y_unit: CurveDataPointsUnit = element("yUnit")
    curve_data_points: CurveDataPointsList = element("CurveDataPoints")
    min_cos_phi: RationalNumber | None = element("MinCosPhi", default=None)
    lock_value_unit: LockValueUnit | None = element("LockValueUnit", default=None)
    lock_in_value: RationalNumber | None = element("LockInValue", default=None)
    lock_out_value: RationalNumber | None = element("LockOutValue", default=None)
    pt1_response_reactive_power: bool = element("PT1ResponseReactivePower")
    step_response_time_constant_reactive_power: RationalNumber = element("StepResponseTimeConstantReactivePower")
    intentional_delay: RationalNumber | None = element("IntentionalDelay", default=None)  # s


@message(ns=AC_DER_IEC)
class FrequencyWatt(Record):
    """Power as a function of the frequency."""

    fstart: RationalNumber = element("Fstart")  # Hz
    fstop: RationalNumber = element("Fstop")  # Hz
    intentional_delay_fstop: UnsignedShort | None = element("IntentionalDelayFstop", default=None)
    slope: RationalNumber = element("Slope")
    deactivation_time: UnsignedShort | None = element("DeactivationTime", default=None)
    intentional_delay_power_control: UnsignedShort | None = element("IntentionalDelayPowerControl", default=None)
    power_reference: PowerReference = element("PowerReference")
    hysteresis_control: bool = element("HysteresisControl")
    power_up_ramp: UnsignedShort | None = element("PowerUpRamp", default=None)
    pt1_response_active_power: bool = element("PT1ResponseActivePower")
    step_response_time_constant_active_power: RationalNumber = element("StepResponseTimeConstantActivePower")  # s


@message(ns=AC_DER_IEC)
class VoltWatt(Record):
    """Power as a function of the voltage."""

    power_reference: PowerReference = element("PowerReference")
    u_start: RationalNumber = element("UStart")  # V
    u_stop: RationalNumber = element("UStop")  # V
    pt1_response_active_power: bool = element("PT1ResponseActivePower")
    step_response_time_constant_active_power: RationalNumber = element("StepResponseTimeConstantActivePower")  # s
    intentional_delay_power_control: UnsignedInt | None = element("IntentionalDelayPowerControl", default=None)


@message(ns=AC_DER_IEC)
class FaultRideThrough(Record):
    """How to stay connected through a fault of the grid."""

    voltage_limit_start_frt: RationalNumber = element("VoltageLimitStartFRT")  # V
    voltage_limit_stop_frt: RationalNumber | None = element("VoltageLimitStopFRT", default=None)  # V
    voltage_recovery_limit: RationalNumber | None = element("VoltageRecoveryLimit", default=None)  # V
    voltage_ride_through_positive_curve_k_factor: RationalNumber | None = element(
        "VoltageRideThroughPositiveCurveKFactor", default=None
    )
    voltage_ride_through_negative_curve_k_factor: RationalNumber | None = element(
        "VoltageRideThroughNegativeCurveKFactor", default=None
    )
    pt1_response_active_power: bool = element("PT1ResponseActivePower")
    step_response_time_constant_active_power: RationalNumber = element("StepResponseTimeConstantActivePower")  # s
    pt1_response_reactive_power: bool = element("PT1ResponseReactivePower")
    step_response_time_constant_reactive_power: RationalNumber = element("StepResponseTimeConstantReactivePower")


@message(ns=AC_DER_IEC)
class ZeroCurrent(Record):
    """Between which voltages to feed no current."""

    over_voltage_limit: RationalNumber | None = element("OverVoltageLimit", default=None)  # V
    under_voltage_limit: RationalNumber | None = element("UnderVoltageLimit", default=None)  # V
    over_voltage_recovery_limit: RationalNumber | None = element("OverVoltageRecoveryLimit", default=None)  # V
    under_voltage_recovery_limit: RationalNumber | None = element("UnderVoltageRecoveryLimit", default=None)  # V
    pt1_response_active_power: bool = element("PT1ResponseActivePower")
    step_response_time_constant_active_power: RationalNumber = element("StepResponseTimeConstantActivePower")  # s
    pt1_response_reactive_power: bool = element("PT1ResponseReactivePower")
    step_response_time_constant_reactive_power: RationalNumber = element("StepResponseTimeConstantReactivePower")


@message(ns=AC_DER_IEC)
class ReactivePowerSupport(Record):
    """Curves for reactive power."""

    volt_var: DERCurve | None = element("VoltVar", default=None)
    watt_var: DERCurve | None = element("WattVar", default=None)
    watt_cos_phi: DERCurve | None = element("WattCosPhi", default=None)


@message(ns=AC_DER_IEC)
class ActivePowerSupport(Record):
    """Curves for active power."""

    under_frequency_watt: FrequencyWatt | None = element("UnderFrequencyWatt", default=None)
    over_frequency_watt: FrequencyWatt | None = element("OverFrequencyWatt", default=None)
    volt_watt: VoltWatt | None = element("VoltWatt", default=None)


@message(ns=AC_DER_IEC)
class DERControl(Record):
    """Everything that the grid code asks of the vehicle."""

    overvoltage_fault_ride_through: FaultRideThrough | None = element("OvervoltageFaultRideThrough", default=None)
    undervoltage_fault_ride_through: FaultRideThrough | None = element("UndervoltageFaultRideThrough", default=None)
    zero_current: ZeroCurrent | None = element("ZeroCurrent", default=None)
    reactive_power_support: ReactivePowerSupport | None = element("ReactivePowerSupport", default=None)
    active_power_support: ActivePowerSupport | None = element("ActivePowerSupport", default=None)
    maximum_level_dc_injection: RationalNumber | None = element("MaximumLevelDCInjection", default=None)


@message(ns=AC_DER_IEC)
class EVReactivePowerLimits(Record):
    """The vehicle's reactive power limits."""

    ev_maximum_charge_reactive_power: RationalNumber = element("EVMaximumChargeReactivePower")  # var
    ev_maximum_charge_reactive_power_l2: RationalNumber | None = element(
        "EVMaximumChargeReactivePower_L2", default=None
    )
    ev_maximum_charge_reactive_power_l3: RationalNumber | None = element(
        "EVMaximumChargeReactivePower_L3", default=None
    )
    ev_minimum_charge_reactive_power: RationalNumber | None = element(
        "EVMinimumChargeReactivePower", default=None
    )  # var
    ev_minimum_charge_reactive_power_l2: RationalNumber | None = element(
        "EVMinimumChargeReactivePower_L2", default=None
    )
    ev_minimum_charge_reactive_power_l3: RationalNumber | None = element(
        "EVMinimumChargeReactivePower_L3", default=None
    )
    ev_maximum_discharge_reactive_power: RationalNumber = element("EVMaximumDischargeReactivePower")  # var
    ev_maximum_discharge_reactive_power_l2: RationalNumber | None = element(
        "EVMaximumDischargeReactivePower_L2", default=None
    )
    ev_maximum_discharge_reactive_power_l3: RationalNumber | None = element(
        "EVMaximumDischargeReactivePower_L3", default=None
    )
    ev_minimum_discharge_reactive_power: RationalNumber | None = element(
        "EVMinimumDischargeReactivePower", default=None
    )  # var
    ev_minimum_discharge_reactive_power_l2: RationalNumber | None = element(
        "EVMinimumDischargeReactivePower_L2", default=None
    )
    ev_minimum_discharge_reactive_power_l3: RationalNumber | None = element(
        "EVMinimumDischargeReactivePower_L3", default=None
    )


@message(ns=AC_DER_IEC)
class DSOQSetpoint(Record):
    """The grid operator's reactive power."""

    dsoq_setpoint_value: RationalNumber = element("DSOQSetpointValue")  # var
    dsoq_setpoint_value_l2: RationalNumber | None = element("DSOQSetpointValue_L2", default=None)
    dsoq_setpoint_value_l3: RationalNumber | None = element("DSOQSetpointValue_L3", default=None)
    pt1_response_reactive_power: bool = element("PT1ResponseReactivePower")
    step_response_time_constant_reactive_power: RationalNumber = element("StepResponseTimeConstantReactivePower")


@message(ns=AC_DER_IEC)
class DSOCosPhiSetpoint(Record):
    """The grid operator's power factor."""

    dso_cos_phi_setpoint_value: RationalNumber = element("DSOCosPhiSetpointValue")
    dso_cos_phi_setpoint_value_l2: RationalNumber | None = element("DSOCosPhiSetpointValue_L2", default=None)
    dso_cos_phi_setpoint_value_l3: RationalNumber | None = element("DSOCosPhiSetpointValue_L3", default=None)
    excitation: PowerFactorExcitation = element("Excitation")
    pt1_response_reactive_power: bool = element("PT1ResponseReactivePower")
    step_response_time_constant_reactive_power: RationalNumber = element("StepResponseTimeConstantReactivePower")


@message(ns=AC_DER_IEC, name="DER_AC_CPDReqEnergyTransferMode", root=True, substitutes="AC_CPDReqEnergyTransferMode")
class DERACCPDReqEnergyTransferMode(ACCPDReqEnergyTransferMode):
    """The vehicle's limits; Ongoing while it still checks the grid code."""

    ev_processing: Processing = element("EVProcessing")
    ev_maximum_discharge_power: RationalNumber = element("EVMaximumDischargePower")  # W
    ev_maximum_discharge_power_l2: RationalNumber | None = element("EVMaximumDischargePower_L2", default=None)
    ev_maximum_discharge_power_l3: RationalNumber | None = element("EVMaximumDischargePower_L3", default=None)
    ev_minimum_discharge_power: RationalNumber = element("EVMinimumDischargePower")  # W
    ev_minimum_discharge_power_l2: RationalNumber | None = element("EVMinimumDischargePower_L2", default=None)
    ev_minimum_discharge_power_l3: RationalNumber | None = element("EVMinimumDischargePower_L3", default=None)
    ev_session_total_discharge_energy_available: RationalNumber | None = element(
        "EVSessionTotalDischargeEnergyAvailable", default=None
    )
    ev_reactive_power_limits: EVReactivePowerLimits | None = element("EVReactivePowerLimits", default=None)


@message(ns=AC_DER_IEC, name="DER_AC_CPDResEnergyTransferMode", root=True, substitutes="AC_CPDResEnergyTransferMode")
class DERACCPDResEnergyTransferMode(ACCPDResEnergyTransferMode):
    """The station's limits and the grid code."""

    evse_nominal_charge_power: RationalNumber = element("EVSENominalChargePower")  # W
    evse_nominal_charge_power_l2: RationalNumber | None = element("EVSENominalChargePower_L2", default=None)
    evse_nominal_charge_power_l3: RationalNumber | None = element("EVSENominalChargePower_L3", default=None)
    evse_nominal_discharge_power: RationalNumber = element("EVSENominalDischargePower")  # W
    evse_nominal_discharge_power_l2: RationalNumber | None = element("EVSENominalDischargePower_L2", default=None)
    evse_nominal_discharge_power_l3: RationalNumber | None = element("EVSENominalDischargePower_L3", default=None)
    evse_maximum_discharge_power: RationalNumber = element("EVSEMaximumDischargePower")  # W
    evse_maximum_discharge_power_l2: RationalNumber | None = element("EVSEMaximumDischargePower_L2", default=None)
    evse_maximum_discharge_power_l3: RationalNumber | None = element("EVSEMaximumDischargePower_L3", default=None)
    ev_operating_mode: EVOperatingMode = element("EVOperatingMode")
    grid_connection_mode: GridConnectionMode = element("GridConnectionMode")
    der_control: DERControl = element("DERControl")


@message(
    ns=AC_DER_IEC, name="DER_Scheduled_AC_CLReqControlMode", root=True, substitutes="Scheduled_AC_CLReqControlMode"
)
class DERScheduledACCLReqControlMode(ScheduledACCLReqControlMode):
    """As Scheduled_AC_CLReqControlMode, with limits for discharging and what the vehicle sees of the grid."""

    ev_maximum_discharge_power: RationalNumber = element("EVMaximumDischargePower")  # W
    ev_maximum_discharge_power_l2: RationalNumber | None = element("EVMaximumDischargePower_L2", default=None)
    ev_maximum_discharge_power_l3: RationalNumber | None = element("EVMaximumDischargePower_L3", default=None)
    ev_minimum_discharge_power: RationalNumber = element("EVMinimumDischargePower")  # W
    ev_minimum_discharge_power_l2: RationalNumber | None = element("EVMinimumDischargePower_L2", default=None)
    ev_minimum_discharge_power_l3: RationalNumber | None = element("EVMinimumDischargePower_L3", default=None)
    ev_maximum_charge_reactive_power: RationalNumber | None = element(
        "EVMaximumChargeReactivePower", default=None
    )  # var
    ev_maximum_charge_reactive_power_l2: RationalNumber | None = element(
        "EVMaximumChargeReactivePower_L2", default=None
    )
    ev_maximum_charge_reactive_power_l3: RationalNumber | None = element(
        "EVMaximumChargeReactivePower_L3", default=None
    )
    ev_maximum_discharge_reactive_power: RationalNumber | None = element(
        "EVMaximumDischargeReactivePower", default=None
    )  # var
    ev_maximum_discharge_reactive_power_l2: RationalNumber | None = element(
        "EVMaximumDischargeReactivePower_L2", default=None
    )
    ev_maximum_discharge_reactive_power_l3: RationalNumber | None = element(
        "EVMaximumDischargeReactivePower_L3", default=None
    )
    grid_event_condition: UnsignedByte = element("GridEventCondition")  # 0: none


@message(
    ns=AC_DER_IEC, name="DER_Scheduled_AC_CLResControlMode", root=True, substitutes="Scheduled_AC_CLResControlMode"
)
class DERScheduledACCLResControlMode(ScheduledACCLResControlMode):
    """As Scheduled_AC_CLResControlMode, with limits and the grid operator's set points."""

    evse_maximum_charge_power: RationalNumber = element("EVSEMaximumChargePower")  # W
    evse_maximum_charge_power_l2: RationalNumber | None = element("EVSEMaximumChargePower_L2", default=None)
    evse_maximum_charge_power_l3: RationalNumber | None = element("EVSEMaximumChargePower_L3", default=None)
    evse_maximum_discharge_power: RationalNumber = element("EVSEMaximumDischargePower")  # W
    evse_maximum_discharge_power_l2: RationalNumber | None = element("EVSEMaximumDischargePower_L2", default=None)
    evse_maximum_discharge_power_l3: RationalNumber | None = element("EVSEMaximumDischargePower_L3", default=None)
    dso_maximum_discharge_power: RationalNumber | None = element("DSOMaximumDischargePower", default=None)  # W
    dso_maximum_discharge_power_l2: RationalNumber | None = element("DSOMaximumDischargePower_L2", default=None)
    dso_maximum_discharge_power_l3: RationalNumber | None = element("DSOMaximumDischargePower_L3", default=None)
    dsoq_setpoint: DSOQSetpoint | None = element("DSOQSetpoint", default=None)
    dso_cos_phi_setpoint: DSOCosPhiSetpoint | None = element("DSOCosPhiSetpoint", default=None)


@message(ns=AC_DER_IEC, name="DER_Dynamic_AC_CLReqControlMode", root=True, substitutes="Dynamic_AC_CLReqControlMode")
class DERDynamicACCLReqControlMode(DynamicACCLReqControlMode):
    """As Dynamic_AC_CLReqControlMode, with limits for discharging and what the vehicle sees of the grid."""

    ev_maximum_discharge_power: RationalNumber = element("EVMaximumDischargePower")  # W
    ev_maximum_discharge_power_l2: RationalNumber | None = element("EVMaximumDischargePower_L2", default=None)
    ev_maximum_discharge_power_l3: RationalNumber | None = element("EVMaximumDischargePower_L3", default=None)
    ev_minimum_discharge_power: RationalNumber = element("EVMinimumDischargePower")  # W
    ev_minimum_discharge_power_l2: RationalNumber | None = element("EVMinimumDischargePower_L2", default=None)
    ev_minimum_discharge_power_l3: RationalNumber | None = element("EVMinimumDischargePower_L3", default=None)
    ev_maximum_charge_reactive_power: RationalNumber | None = element(
        "EVMaximumChargeReactivePower", default=None
    )  # var
    ev_maximum_charge_reactive_power_l2: RationalNumber | None = element(
        "EVMaximumChargeReactivePower_L2", default=None
    )
    ev_maximum_charge_reactive_power_l3: RationalNumber | None = element(
        "EVMaximumChargeReactivePower_L3", default=None
    )
    ev_maximum_discharge_reactive_power: RationalNumber | None = element(
        "EVMaximumDischargeReactivePower", default=None
    )  # var
    ev_maximum_discharge_reactive_power_l2: RationalNumber | None = element(
        "EVMaximumDischargeReactivePower_L2", default=None
    )
    ev_maximum_discharge_reactive_power_l3: RationalNumber | None = element(
        "EVMaximumDischargeReactivePower_L3", default=None
    )
    grid_event_condition: UnsignedByte = element("GridEventCondition")  # 0: none
    ev_maximum_v2x_energy_request: RationalNumber | None = element("EVMaximumV2XEnergyRequest", default=None)  # Wh
    ev_minimum_v2x_energy_request: RationalNumber | None = element("EVMinimumV2XEnergyRequest", default=None)  # Wh
    ev_session_total_discharge_energy_available: RationalNumber | None = element(
        "EVSessionTotalDischargeEnergyAvailable", default=None
    )


@message(ns=AC_DER_IEC, name="DER_Dynamic_AC_CLResControlMode", root=True, substitutes="Dynamic_AC_CLResControlMode")
class DERDynamicACCLResControlMode(DynamicACCLResControlMode):
    """As Dynamic_AC_CLResControlMode, with limits and the grid operator's set points."""

    evse_maximum_charge_power: RationalNumber = element("EVSEMaximumChargePower")  # W
    evse_maximum_charge_power_l2: RationalNumber | None = element("EVSEMaximumChargePower_L2", default=None)
    evse_maximum_charge_power_l3: RationalNumber | None = element("EVSEMaximumChargePower_L3", default=None)
    evse_maximum_discharge_power: RationalNumber = element("EVSEMaximumDischargePower")  # W
    evse_maximum_discharge_power_l2: RationalNumber | None = element("EVSEMaximumDischargePower_L2", default=None)
    evse_maximum_discharge_power_l3: RationalNumber | None = element("EVSEMaximumDischargePower_L3", default=None)
    dso_maximum_discharge_power: RationalNumber | None = element("DSOMaximumDischargePower", default=None)  # W
    dso_maximum_discharge_power_l2: RationalNumber | None = element("DSOMaximumDischargePower_L2", default=None)
    dso_maximum_discharge_power_l3: RationalNumber | None = element("DSOMaximumDischargePower_L3", default=None)
    dsoq_setpoint: DSOQSetpoint | None = element("DSOQSetpoint", default=None)
    dso_cos_phi_setpoint: DSOCosPhiSetpoint | None = element("DSOCosPhiSetpoint", default=None)


messages.register(
    messages.MessageSet(
        "ac_der_iec",
        0x8010,
        (AC_DER_IEC, AC, TYPES, DSIG),
        partial(import_module, __name__),
        lists=messages.schema("ac").lists,
        habits=messages.schema("ac").habits,
    )
)
