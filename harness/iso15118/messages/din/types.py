"""DIN SPEC 70121 data types; the forerunner of ISO 15118-2, with many names in common."""

from __future__ import annotations

from typing import Annotated, Self

from harness.iso15118.messages.core import (
    DIN_TYPES,
    IDREF,
    UNBOUNDED,
    Binary,
    Byte,
    Enumeration,
    Int,
    Integer,
    Long,
    Record,
    Scaled,
    Short,
    Text,
    UnsignedByte,
    UnsignedInt,
    UnsignedShort,
    attribute,
    element,
    message,
    scaled,
    substitution,
)


class Value(Enumeration):
    """Types that a parameter may have."""

    bool = "bool"
    byte = "byte"
    short = "short"
    int = "int"
    physicalValue = "physicalValue"
    string = "string"


MeterStatus = Short


PMax = Short


PercentValue = Annotated[int, Integer(0, 100)]


FaultMsg = Annotated[str, Text(longest=64)]


class EVSEProcessing(Enumeration):
    """Whether the station needs more turns of the same message."""

    Finished = "Finished"
    Ongoing = "Ongoing"


class EVSENotification(Enumeration):
    """What the station asks the vehicle to do."""

    None_ = "None"
    StopCharging = "StopCharging"
    ReNegotiation = "ReNegotiation"


ServiceName = Annotated[str, Text(longest=32)]


class ServiceCategory(Enumeration):
    """Kinds of services."""

    EVCharging = "EVCharging"
    Internet = "Internet"
    ContractCertificate = "ContractCertificate"
    OtherCustom = "OtherCustom"


ServiceScope = Annotated[str, Text(longest=32)]


class EVSESupportedEnergyTransfer(Enumeration):
    """Kinds of energy transfer that a station has."""

    AC_single_phase_core = "AC_single_phase_core"
    AC_three_phase_core = "AC_three_phase_core"
    DC_core = "DC_core"
    DC_extended = "DC_extended"
    DC_combo_core = "DC_combo_core"
    DC_dual = "DC_dual"
    AC_core1p_DC_extended = "AC_core1p_DC_extended"
    AC_single_DC_core = "AC_single_DC_core"
    AC_single_phase_three_phase_core_DC_extended = "AC_single_phase_three_phase_core_DC_extended"
    AC_core3p_DC_extended = "AC_core3p_DC_extended"


class EVRequestedEnergyTransfer(Enumeration):
    """Kinds of energy transfer that a vehicle asks for."""

    AC_single_phase_core = "AC_single_phase_core"
    AC_three_phase_core = "AC_three_phase_core"
    DC_core = "DC_core"
    DC_extended = "DC_extended"
    DC_combo_core = "DC_combo_core"
    DC_unique = "DC_unique"


GenChallenge = Annotated[str, Text()]


Certificate = Annotated[bytes, Binary(longest=1200)]


RootCertificateID = Annotated[str, Text(longest=40)]


DHParams = Annotated[bytes, Binary(longest=256)]


PrivateKey = Annotated[bytes, Binary(longest=128)]


SigMeterReading = Annotated[bytes, Binary(longest=32)]


SessionID = Annotated[bytes, Binary(longest=8, form="hex")]


EvccID = Annotated[bytes, Binary(longest=8, form="hex")]


EvseID = Annotated[bytes, Binary(longest=32, form="hex")]


ServiceID = UnsignedShort


ContractID = Annotated[str, Text(longest=24)]


MeterID = Annotated[str, Text(longest=32)]


SAID = Short


TariffDescription = Annotated[str, Text(longest=32)]


class CostKind(Enumeration):
    """What a cost counts."""

    relativePricePercentage = "relativePricePercentage"
    RenewableGenerationPercentage = "RenewableGenerationPercentage"
    CarbonDioxideEmission = "CarbonDioxideEmission"


class PaymentOption(Enumeration):
    """Who pays: the contract in the vehicle, or something outside."""

    Contract = "Contract"
    ExternalPayment = "ExternalPayment"


class FaultCode(Enumeration):
    """Faults that a notification reports."""

    ParsingError = "ParsingError"
    NoTLSRootCertificatAvailable = "NoTLSRootCertificatAvailable"
    UnknownError = "UnknownError"


class ResponseCode(Enumeration):
    """OK or FAILED (the session ends), in schema order."""

    OK = "OK"
    OK_NewSessionEstablished = "OK_NewSessionEstablished"
    OK_OldSessionJoined = "OK_OldSessionJoined"
    OK_CertificateExpiresSoon = "OK_CertificateExpiresSoon"
    FAILED = "FAILED"
    FAILED_SequenceError = "FAILED_SequenceError"
    FAILED_ServiceIDInvalid = "FAILED_ServiceIDInvalid"
    FAILED_UnknownSession = "FAILED_UnknownSession"
    FAILED_ServiceSelectionInvalid = "FAILED_ServiceSelectionInvalid"
    FAILED_PaymentSelectionInvalid = "FAILED_PaymentSelectionInvalid"
    FAILED_CertificateExpired = "FAILED_CertificateExpired"
    FAILED_SignatureError = "FAILED_SignatureError"
    FAILED_NoCertificateAvailable = "FAILED_NoCertificateAvailable"
    FAILED_CertChainError = "FAILED_CertChainError"
    FAILED_ChallengeInvalid = "FAILED_ChallengeInvalid"
    FAILED_ContractCanceled = "FAILED_ContractCanceled"
    FAILED_WrongChargeParameter = "FAILED_WrongChargeParameter"
    FAILED_PowerDeliveryNotApplied = "FAILED_PowerDeliveryNotApplied"
    FAILED_TariffSelectionInvalid = "FAILED_TariffSelectionInvalid"
    FAILED_ChargingProfileInvalid = "FAILED_ChargingProfileInvalid"
    FAILED_EVSEPresentVoltageToLow = "FAILED_EVSEPresentVoltageToLow"
    FAILED_MeteringSignatureNotValid = "FAILED_MeteringSignatureNotValid"
    FAILED_WrongEnergyTransferType = "FAILED_WrongEnergyTransferType"


UnitMultiplier = Annotated[int, Integer(-3, 3)]


class UnitSymbol(Enumeration):
    """Units of physical values."""

    h = "h"
    m = "m"
    s = "s"
    A = "A"
    Ah = "Ah"
    V = "V"
    VA = "VA"
    W = "W"
    W_s = "W/s"
    Wh = "Wh"


class DCEVSEStatusCode(Enumeration):
    """State of a DC station."""

    EVSE_NotReady = "EVSE_NotReady"
    EVSE_Ready = "EVSE_Ready"
    EVSE_Shutdown = "EVSE_Shutdown"
    EVSE_UtilityInterruptEvent = "EVSE_UtilityInterruptEvent"
    EVSE_IsolationMonitoringActive = "EVSE_IsolationMonitoringActive"
    EVSE_EmergencyShutdown = "EVSE_EmergencyShutdown"
    EVSE_Malfunction = "EVSE_Malfunction"
    Reserved_8 = "Reserved_8"
    Reserved_9 = "Reserved_9"
    Reserved_A = "Reserved_A"
    Reserved_B = "Reserved_B"
    Reserved_C = "Reserved_C"


class IsolationLevel(Enumeration):
    """Result of insulation monitoring."""

    Invalid = "Invalid"
    Valid = "Valid"
    Warning = "Warning"
    Fault = "Fault"


class DCEVErrorCode(Enumeration):
    """State of the vehicle, DC."""

    NO_ERROR = "NO_ERROR"
    FAILED_RESSTemperatureInhibit = "FAILED_RESSTemperatureInhibit"
    FAILED_EVShiftPosition = "FAILED_EVShiftPosition"
    FAILED_ChargerConnectorLockFault = "FAILED_ChargerConnectorLockFault"
    FAILED_EVRESSMalfunction = "FAILED_EVRESSMalfunction"
    FAILED_ChargingCurrentdifferential = "FAILED_ChargingCurrentdifferential"
    FAILED_ChargingVoltageOutOfRange = "FAILED_ChargingVoltageOutOfRange"
    Reserved_A = "Reserved_A"
    Reserved_B = "Reserved_B"
    Reserved_C = "Reserved_C"
    FAILED_ChargingSystemIncompatibility = "FAILED_ChargingSystemIncompatibility"
    NoData = "NoData"


@message(ns=DIN_TYPES)
class Service(Record):
    """A service on offer."""

    service_tag: ServiceTag = element("ServiceTag")
    free_service: bool = element("FreeService")  # no fee


@message(ns=DIN_TYPES)
class ServiceTagList(Record):
    """Services on offer."""

    service: tuple[Service, ...] = element("Service", occurs=(1, UNBOUNDED))


@message(ns=DIN_TYPES)
class ServiceTag(Record):
    """A service's id, name, category and scope."""

    service_id: ServiceID = element("ServiceID")
    service_name: ServiceName | None = element("ServiceName", default=None)
    service_category: ServiceCategory = element("ServiceCategory")
    service_scope: ServiceScope | None = element("ServiceScope", default=None)


@message(ns=DIN_TYPES)
class SelectedServiceList(Record):
    """Selected services."""

    selected_service: tuple[SelectedService, ...] = element("SelectedService", occurs=(1, UNBOUNDED))


@message(ns=DIN_TYPES)
class SelectedService(Record):
    """A service with one of its parameter sets."""

    service_id: ServiceID = element("ServiceID")
    parameter_set_id: Short | None = element("ParameterSetID", default=None)


@message(ns=DIN_TYPES)
class ServiceParameterList(Record):
    """The parameter sets of a service."""

    parameter_set: tuple[ParameterSet, ...] = element("ParameterSet", occurs=(1, UNBOUNDED))


@message(ns=DIN_TYPES)
class ParameterSet(Record):
    """Parameters under a number by which they are selected."""

    parameter_set_id: Short = element("ParameterSetID")
    parameter: tuple[Parameter, ...] = element("Parameter", occurs=(1, UNBOUNDED))


@message(ns=DIN_TYPES)
class Parameter(Record):
    """A named parameter with a value of one of six types."""

    name: str = attribute("Name", ns="")
    value_type: Value = attribute("ValueType", ns="")
    bool_value: bool | None = element("boolValue", choice="value", default=None)
    byte_value: Byte | None = element("byteValue", choice="value", default=None)
    short_value: Short | None = element("shortValue", choice="value", default=None)
    int_value: Int | None = element("intValue", choice="value", default=None)
    physical_value: PhysicalValue | None = element("physicalValue", choice="value", default=None)
    string_value: str | None = element("stringValue", choice="value", default=None)


@message(ns=DIN_TYPES, root=True)
class ServiceCharge(Service):
    """The charge service: which kinds of energy transfer it has."""

    energy_transfer_type: EVSESupportedEnergyTransfer = element("EnergyTransferType")


@message(ns=DIN_TYPES)
class CertificateChain(Record):
    """A leaf certificate and its sub-CAs, X.509 in DER."""

    certificate: Certificate = element("Certificate")  # X.509, DER
    sub_certificates: SubCertificates | None = element("SubCertificates", default=None)


@message(ns=DIN_TYPES)
class SubCertificates(Record):
    """Sub-CA certificates, X.509 in DER."""

    certificate: tuple[Certificate, ...] = element("Certificate", occurs=(1, UNBOUNDED))  # X.509, DER


@message(ns=DIN_TYPES)
class ListOfRootCertificateIDs(Record):
    """Root certificates that the vehicle holds, by issuer and serial number."""

    root_certificate_id: tuple[RootCertificateID, ...] = element("RootCertificateID", occurs=(1, UNBOUNDED))


@message(ns=DIN_TYPES)
class MeterInfo(Record):
    """A meter reading; energies in Wh and varh as counted, MeterStatus is the maker's."""

    meter_id: MeterID = element("MeterID")
    meter_reading: PhysicalValue | None = element("MeterReading", default=None)  # Wh
    sig_meter_reading: SigMeterReading | None = element("SigMeterReading", default=None)  # the meter's signature
    meter_status: MeterStatus | None = element("MeterStatus", default=None)
    t_meter: Long | None = element("TMeter", default=None)  # seconds since 1970


@message(ns=DIN_TYPES)
class PhysicalValue(Scaled):
    """A number with its unit: value times ten to the multiplier."""

    multiplier: UnitMultiplier = element("Multiplier")  # power of ten
    unit: UnitSymbol | None = element("Unit", default=None)
    value: Short = element("Value")

    @property
    def power(self) -> int:
        """The power of ten."""
        return self.multiplier

    @classmethod
    def of(cls, number: float, unit: UnitSymbol | None = None) -> Self:
        """The nearest number of this form; raises OverflowError beyond 32,767,000 units."""
        value, multiplier = scaled(number, range(-3, 4))
        return cls(multiplier=multiplier, unit=unit, value=value)


@message(ns=DIN_TYPES)
class Notification(Record):
    """A fault that the sender reports."""

    fault_code: FaultCode = element("FaultCode")
    fault_msg: FaultMsg | None = element("FaultMsg", default=None)


@message(ns=DIN_TYPES, root=True, abstract=True)
class SASchedules(Record):
    """Head of the schedules."""


@message(ns=DIN_TYPES, root=True, substitutes="SASchedules")
class SAScheduleList(SASchedules):
    """One to three schedules to choose from."""

    sa_schedule_tuple: tuple[SAScheduleTuple, ...] = element("SAScheduleTuple", occurs=(1, UNBOUNDED))


@message(ns=DIN_TYPES)
class SAScheduleTuple(Record):
    """A schedule: powers over time and, maybe, their price."""

    sa_schedule_tuple_id: SAID = element("SAScheduleTupleID")
    pmax_schedule: PMaxSchedule = element("PMaxSchedule")
    sales_tariff: SalesTariff | None = element("SalesTariff", default=None)


@message(ns=DIN_TYPES)
class SalesTariff(Record):
    """Prices over time, as levels and costs; may be signed."""

    id: IDREF = attribute("Id", ns="")
    sales_tariff_id: SAID = element("SalesTariffID")
    sales_tariff_description: TariffDescription | None = element("SalesTariffDescription", default=None)
    num_e_price_levels: UnsignedByte = element("NumEPriceLevels")  # how many levels there are
    sales_tariff_entry: tuple[SalesTariffEntry, ...] = element("SalesTariffEntry", occurs=(1, UNBOUNDED))


@message(ns=DIN_TYPES)
class PMaxSchedule(Record):
    """Highest powers one after the other."""

    pmax_schedule_id: SAID = element("PMaxScheduleID")
    pmax_schedule_entry: tuple[PMaxScheduleEntry, ...] = element("PMaxScheduleEntry", occurs=(1, UNBOUNDED))


@message(ns=DIN_TYPES, root=True, abstract=True)
class Entry(Record):
    """Base of all schedule entries: when it begins."""

    time_interval: Interval = substitution("TimeInterval")


@message(ns=DIN_TYPES, root=True, substitutes="Entry")
class SalesTariffEntry(Entry):
    """Price from a time on."""

    e_price_level: UnsignedByte = element("EPriceLevel")  # lower is cheaper
    consumption_cost: tuple[ConsumptionCost, ...] = element("ConsumptionCost", occurs=(0, UNBOUNDED), default=())


@message(ns=DIN_TYPES, root=True, substitutes="Entry")
class PMaxScheduleEntry(Entry):
    """Highest power from a time on."""

    pmax: PMax = element("PMax")  # W


@message(ns=DIN_TYPES, name="TimeInterval", root=True, abstract=True)
class Interval(Record):
    """Head of the kinds of intervals."""


@message(ns=DIN_TYPES, root=True, substitutes="TimeInterval")
class RelativeTimeInterval(Interval):
    """An interval relative to the message's time."""

    start: UnsignedInt = element("start")  # s from now
    duration: UnsignedInt | None = element("duration", default=None)  # s


@message(ns=DIN_TYPES)
class ConsumptionCost(Record):
    """Costs above a power."""

    start_value: UnsignedInt = element("startValue")  # W, from here up
    cost: tuple[Cost, ...] = element("Cost", occurs=(0, UNBOUNDED), default=())


@message(ns=DIN_TYPES)
class Cost(Record):
    """One kind of cost; amount times ten to the multiplier."""

    cost_kind: CostKind = element("costKind")
    amount: UnsignedInt = element("amount")
    amount_multiplier: UnitMultiplier | None = element("amountMultiplier", default=None)  # power of ten


@message(ns=DIN_TYPES, root=True, abstract=True)
class EVSEStatus(Record):
    """Base of the station's state."""


@message(ns=DIN_TYPES, name="AC_EVSEStatus", root=True, substitutes="EVSEStatus")
class ACEVSEStatus(EVSEStatus):
    """The station's state, AC."""

    power_switch_closed: bool = element("PowerSwitchClosed")
    rcd: bool = element("RCD")  # the residual current device has tripped
    notification_max_delay: UnsignedInt = element("NotificationMaxDelay")  # s
    evse_notification: EVSENotification = element("EVSENotification")


@message(ns=DIN_TYPES, root=True, abstract=True)
class EVStatus(Record):
    """Base of the vehicle's state."""


@message(ns=DIN_TYPES, name="DC_EVSEStatus", root=True, substitutes="EVSEStatus")
class DCEVSEStatus(EVSEStatus):
    """The station's state, DC."""

    evse_isolation_status: IsolationLevel | None = element("EVSEIsolationStatus", default=None)
    evse_status_code: DCEVSEStatusCode = element("EVSEStatusCode")
    notification_max_delay: UnsignedInt = element("NotificationMaxDelay")  # s
    evse_notification: EVSENotification = element("EVSENotification")


@message(ns=DIN_TYPES, name="DC_EVStatus", root=True, substitutes="EVStatus")
class DCEVStatus(EVStatus):
    """The vehicle's state, DC."""

    ev_ready: bool = element("EVReady")
    ev_cabin_conditioning: bool | None = element("EVCabinConditioning", default=None)
    ev_ress_conditioning: bool | None = element("EVRESSConditioning", default=None)
    ev_error_code: DCEVErrorCode = element("EVErrorCode")
    evresssoc: PercentValue = element("EVRESSSOC")  # % state of charge


@message(ns=DIN_TYPES, root=True, abstract=True)
class EVChargeParameter(Record):
    """Base of the vehicle's charge parameters."""


@message(ns=DIN_TYPES, name="AC_EVChargeParameter", root=True, substitutes="EVChargeParameter")
class ACEVChargeParameter(EVChargeParameter):
    """The vehicle's AC needs and limits."""

    departure_time: UnsignedInt = element("DepartureTime")  # s from now
    e_amount: PhysicalValue = element("EAmount")  # Wh
    ev_max_voltage: PhysicalValue = element("EVMaxVoltage")  # V
    ev_max_current: PhysicalValue = element("EVMaxCurrent")  # A
    ev_min_current: PhysicalValue = element("EVMinCurrent")  # A


@message(ns=DIN_TYPES, name="DC_EVChargeParameter", root=True, substitutes="EVChargeParameter")
class DCEVChargeParameter(EVChargeParameter):
    """The vehicle's DC needs and limits."""

    dc_ev_status: DCEVStatus = element("DC_EVStatus")
    ev_maximum_current_limit: PhysicalValue = element("EVMaximumCurrentLimit")  # A
    ev_maximum_power_limit: PhysicalValue | None = element("EVMaximumPowerLimit", default=None)  # W
    ev_maximum_voltage_limit: PhysicalValue = element("EVMaximumVoltageLimit")  # V
    ev_energy_capacity: PhysicalValue | None = element("EVEnergyCapacity", default=None)  # Wh
    ev_energy_request: PhysicalValue | None = element("EVEnergyRequest", default=None)  # Wh
    full_soc: PercentValue | None = element("FullSOC", default=None)  # %
    bulk_soc: PercentValue | None = element("BulkSOC", default=None)  # %


@message(ns=DIN_TYPES, root=True, abstract=True)
class EVSEChargeParameter(Record):
    """Base of the station's charge parameters."""


@message(ns=DIN_TYPES, name="AC_EVSEChargeParameter", root=True, substitutes="EVSEChargeParameter")
class ACEVSEChargeParameter(EVSEChargeParameter):
    """The station's AC limits."""

    ac_evse_status: ACEVSEStatus = element("AC_EVSEStatus")
    evse_max_voltage: PhysicalValue = element("EVSEMaxVoltage")  # V
    evse_max_current: PhysicalValue = element("EVSEMaxCurrent")  # A
    evse_min_current: PhysicalValue = element("EVSEMinCurrent")  # A


@message(ns=DIN_TYPES, name="DC_EVSEChargeParameter", root=True, substitutes="EVSEChargeParameter")
class DCEVSEChargeParameter(EVSEChargeParameter):
    """The station's DC limits."""

    dc_evse_status: DCEVSEStatus = element("DC_EVSEStatus")
    evse_maximum_current_limit: PhysicalValue = element("EVSEMaximumCurrentLimit")  # A
    evse_maximum_power_limit: PhysicalValue | None = element("EVSEMaximumPowerLimit", default=None)  # W
    evse_maximum_voltage_limit: PhysicalValue = element("EVSEMaximumVoltageLimit")  # V
    evse_minimum_current_limit: PhysicalValue = element("EVSEMinimumCurrentLimit")  # A
    evse_minimum_voltage_limit: PhysicalValue = element("EVSEMinimumVoltageLimit")  # V
    evse_current_regulation_tolerance: PhysicalValue | None = element(
        "EVSECurrentRegulationTolerance", default=None
    )  # A
    evse_peak_current_ripple: PhysicalValue = element("EVSEPeakCurrentRipple")  # A peak to peak
    evse_energy_to_be_delivered: PhysicalValue | None = element("EVSEEnergyToBeDelivered", default=None)  # Wh


@message(ns=DIN_TYPES, root=True, abstract=True)
class EVPowerDeliveryParameter(Record):
    """Base of what the vehicle adds to PowerDeliveryReq."""


@message(ns=DIN_TYPES, name="DC_EVPowerDeliveryParameter", root=True, substitutes="EVPowerDeliveryParameter")
class DCEVPowerDeliveryParameter(EVPowerDeliveryParameter):
    """The vehicle's state when DC power goes on or off."""

    dc_ev_status: DCEVStatus = element("DC_EVStatus")
    bulk_charging_complete: bool | None = element("BulkChargingComplete", default=None)
    charging_complete: bool = element("ChargingComplete")


@message(ns=DIN_TYPES)
class ChargingProfile(Record):
    """The powers that the vehicle will take."""

    sa_schedule_tuple_id: SAID = element("SAScheduleTupleID")
    profile_entry: tuple[ProfileEntry, ...] = element("ProfileEntry", occurs=(1, UNBOUNDED))


@message(ns=DIN_TYPES)
class ProfileEntry(Record):
    """A power from a time on."""

    charging_profile_entry_start: UnsignedInt = element("ChargingProfileEntryStart")  # s from now
    charging_profile_entry_max_power: PMax = element("ChargingProfileEntryMaxPower")  # W


@message(ns=DIN_TYPES)
class PaymentOptions(Record):
    """Payment options on offer."""

    payment_option: tuple[PaymentOption, ...] = element("PaymentOption", occurs=(1, UNBOUNDED))
