"""ISO 15118-2 data types."""

from __future__ import annotations

from typing import Annotated, Self

from harness.iso15118.messages.core import (
    ID,
    ISO2_TYPES,
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
    UnsignedLong,
    UnsignedShort,
    attribute,
    element,
    message,
    scaled,
    substitution,
    value,
)
from harness.iso15118.messages.dsig import X509IssuerSerial

PercentValue = Annotated[int, Integer(0, 100)]


FaultMsg = Annotated[str, Text(longest=64)]


class EVSEProcessing(Enumeration):
    """"""

    Finished = "Finished"
    Ongoing = "Ongoing"
    Ongoing_WaitingForCustomerInteraction = "Ongoing_WaitingForCustomerInteraction"


class EVSENotification(Enumeration):
    """"""

    None_ = "None"
    StopCharging = "StopCharging"
    ReNegotiation = "ReNegotiation"


class ChargeProgress(Enumeration):
    """"""

    Start = "Start"
    Stop = "Stop"
    Renegotiate = "Renegotiate"


class ChargingSession(Enumeration):
    """"""

    Terminate = "Terminate"
    Pause = "Pause"


ServiceName = Annotated[str, Text(longest=32)]


class ServiceCategory(Enumeration):
    """"""

    EVCharging = "EVCharging"
    Internet = "Internet"
    ContractCertificate = "ContractCertificate"
    OtherCustom = "OtherCustom"


ServiceScope = Annotated[str, Text(longest=64)]


MaxNumPhases = Annotated[int, Integer(1, 3)]


class Value(Enumeration):
    """"""

    bool = "bool"
    byte = "byte"
    short = "short"
    int = "int"
    physicalValue = "physicalValue"
    string = "string"


MeterStatus = Short


class EnergyTransferMode(Enumeration):
    """"""

    AC_single_phase_core = "AC_single_phase_core"
    AC_three_phase_core = "AC_three_phase_core"
    DC_core = "DC_core"
    DC_extended = "DC_extended"
    DC_combo_core = "DC_combo_core"
    DC_unique = "DC_unique"


GenChallenge = Annotated[bytes, Binary(longest=16, shortest=16)]


Certificate = Annotated[bytes, Binary(longest=800)]


DHpublickey = Annotated[bytes, Binary(longest=65)]


PrivateKey = Annotated[bytes, Binary(longest=48)]


SigMeterReading = Annotated[bytes, Binary(longest=64)]


SessionID = Annotated[bytes, Binary(longest=8, form="hex")]


EvccID = Annotated[bytes, Binary(longest=6, form="hex")]


EvseID = Annotated[str, Text(longest=37, shortest=7)]


ServiceID = UnsignedShort


EMAIDText = Annotated[str, Text(longest=15, shortest=14)]


MeterID = Annotated[str, Text(longest=32)]


SAID = Annotated[int, Integer(1, 255)]


TariffDescription = Annotated[str, Text(longest=32)]


class CostKind(Enumeration):
    """"""

    relativePricePercentage = "relativePricePercentage"
    RenewableGenerationPercentage = "RenewableGenerationPercentage"
    CarbonDioxideEmission = "CarbonDioxideEmission"


class PaymentOption(Enumeration):
    """"""

    Contract = "Contract"
    ExternalPayment = "ExternalPayment"


class FaultCode(Enumeration):
    """"""

    ParsingError = "ParsingError"
    NoTLSRootCertificatAvailable = "NoTLSRootCertificatAvailable"
    UnknownError = "UnknownError"


class ResponseCode(Enumeration):
    """"""

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
    FAILED_MeteringSignatureNotValid = "FAILED_MeteringSignatureNotValid"
    FAILED_NoChargeServiceSelected = "FAILED_NoChargeServiceSelected"
    FAILED_WrongEnergyTransferMode = "FAILED_WrongEnergyTransferMode"
    FAILED_ContactorError = "FAILED_ContactorError"
    FAILED_CertificateNotAllowedAtThisEVSE = "FAILED_CertificateNotAllowedAtThisEVSE"
    FAILED_CertificateRevoked = "FAILED_CertificateRevoked"


UnitMultiplier = Annotated[int, Integer(-3, 3)]


class UnitSymbol(Enumeration):
    """"""

    h = "h"
    m = "m"
    s = "s"
    A = "A"
    V = "V"
    W = "W"
    Wh = "Wh"


class DCEVSEStatusCode(Enumeration):
    """"""

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
    """"""

    Invalid = "Invalid"
    Valid = "Valid"
    Warning = "Warning"
    Fault = "Fault"
    No_IMD = "No_IMD"


class DCEVErrorCode(Enumeration):
    """"""

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


@message(ns=ISO2_TYPES)
class Service(Record):
    """"""

    service_id: ServiceID = element("ServiceID")
    service_name: ServiceName | None = element("ServiceName", default=None)
    service_category: ServiceCategory = element("ServiceCategory")
    service_scope: ServiceScope | None = element("ServiceScope", default=None)
    free_service: bool = element("FreeService")


@message(ns=ISO2_TYPES)
class ServiceList(Record):
    """"""

    service: tuple[Service, ...] = element("Service", occurs=(1, 8))


@message(ns=ISO2_TYPES)
class SelectedServiceList(Record):
    """"""

    selected_service: tuple[SelectedService, ...] = element("SelectedService", occurs=(1, 16))


@message(ns=ISO2_TYPES)
class SelectedService(Record):
    """"""

    service_id: ServiceID = element("ServiceID")
    parameter_set_id: Short | None = element("ParameterSetID", default=None)


@message(ns=ISO2_TYPES)
class ServiceParameterList(Record):
    """"""

    parameter_set: tuple[ParameterSet, ...] = element("ParameterSet", occurs=(1, 255))


@message(ns=ISO2_TYPES)
class ParameterSet(Record):
    """"""

    parameter_set_id: Short = element("ParameterSetID")
    parameter: tuple[Parameter, ...] = element("Parameter", occurs=(1, 16))


@message(ns=ISO2_TYPES)
class Parameter(Record):
    """"""

    name: str = attribute("Name")
    bool_value: bool | None = element("boolValue", choice="value", default=None)
    byte_value: Byte | None = element("byteValue", choice="value", default=None)
    short_value: Short | None = element("shortValue", choice="value", default=None)
    int_value: Int | None = element("intValue", choice="value", default=None)
    physical_value: PhysicalValue | None = element("physicalValue", choice="value", default=None)
    string_value: str | None = element("stringValue", choice="value", default=None)


@message(ns=ISO2_TYPES)
class ChargeService(Service):
    """"""

    supported_energy_transfer_mode: SupportedEnergyTransferMode = element("SupportedEnergyTransferMode")


@message(ns=ISO2_TYPES)
class SupportedEnergyTransferMode(Record):
    """"""

    energy_transfer_mode: tuple[EnergyTransferMode, ...] = element("EnergyTransferMode", occurs=(1, 6))


@message(ns=ISO2_TYPES)
class ContractSignatureEncryptedPrivateKey(Record):
    """"""

    id: ID = attribute("Id")
    value: PrivateKey = value()


@message(ns=ISO2_TYPES)
class DiffieHellmanPublickey(Record):
    """"""

    id: ID = attribute("Id")
    value: DHpublickey = value()


@message(ns=ISO2_TYPES)
class EMAID(Record):
    """"""

    id: ID = attribute("Id")
    value: EMAIDText = value()


@message(ns=ISO2_TYPES)
class CertificateChain(Record):
    """"""

    id: ID | None = attribute("Id", default=None)
    certificate: Certificate = element("Certificate")
    sub_certificates: SubCertificates | None = element("SubCertificates", default=None)


@message(ns=ISO2_TYPES)
class SubCertificates(Record):
    """"""

    certificate: tuple[Certificate, ...] = element("Certificate", occurs=(1, 4))


@message(ns=ISO2_TYPES)
class ListOfRootCertificateIDs(Record):
    """"""

    root_certificate_id: tuple[X509IssuerSerial, ...] = element("RootCertificateID", occurs=(1, 20))


@message(ns=ISO2_TYPES)
class MeterInfo(Record):
    """"""

    meter_id: MeterID = element("MeterID")
    meter_reading: UnsignedLong | None = element("MeterReading", default=None)
    sig_meter_reading: SigMeterReading | None = element("SigMeterReading", default=None)
    meter_status: MeterStatus | None = element("MeterStatus", default=None)
    t_meter: Long | None = element("TMeter", default=None)


@message(ns=ISO2_TYPES)
class PhysicalValue(Scaled):
    """"""

    multiplier: UnitMultiplier = element("Multiplier")
    unit: UnitSymbol = element("Unit")
    value: Short = element("Value")

    @property
    def power(self) -> int:
        """The power of ten."""
        return self.multiplier

    @classmethod
    def of(cls, number: float, unit: UnitSymbol) -> Self:
        """The nearest number of this form; raises OverflowError beyond 32,767,000 units."""
        value, multiplier = scaled(number, range(-3, 4))
        return cls(multiplier=multiplier, unit=unit, value=value)


@message(ns=ISO2_TYPES)
class Notification(Record):
    """"""

    fault_code: FaultCode = element("FaultCode")
    fault_msg: FaultMsg | None = element("FaultMsg", default=None)


@message(ns=ISO2_TYPES, root=True, abstract=True)
class SASchedules(Record):
    """"""


@message(ns=ISO2_TYPES, root=True, substitutes="SASchedules")
class SAScheduleList(SASchedules):
    """"""

    sa_schedule_tuple: tuple[SAScheduleTuple, ...] = element("SAScheduleTuple", occurs=(1, 3))


@message(ns=ISO2_TYPES)
class SAScheduleTuple(Record):
    """"""

    sa_schedule_tuple_id: SAID = element("SAScheduleTupleID")
    pmax_schedule: PMaxSchedule = element("PMaxSchedule")
    sales_tariff: SalesTariff | None = element("SalesTariff", default=None)


@message(ns=ISO2_TYPES)
class SalesTariff(Record):
    """"""

    id: ID | None = attribute("Id", default=None)
    sales_tariff_id: SAID = element("SalesTariffID")
    sales_tariff_description: TariffDescription | None = element("SalesTariffDescription", default=None)
    num_e_price_levels: UnsignedByte | None = element("NumEPriceLevels", default=None)
    sales_tariff_entry: tuple[SalesTariffEntry, ...] = element("SalesTariffEntry", occurs=(1, 1024))


@message(ns=ISO2_TYPES)
class PMaxSchedule(Record):
    """"""

    pmax_schedule_entry: tuple[PMaxScheduleEntry, ...] = element("PMaxScheduleEntry", occurs=(1, 1024))


@message(ns=ISO2_TYPES, root=True, abstract=True)
class Entry(Record):
    """"""

    time_interval: Interval = substitution("TimeInterval")


@message(ns=ISO2_TYPES, root=True, substitutes="Entry")
class SalesTariffEntry(Entry):
    """"""

    e_price_level: UnsignedByte | None = element("EPriceLevel", default=None)
    consumption_cost: tuple[ConsumptionCost, ...] = element("ConsumptionCost", occurs=(0, 3), default=())


@message(ns=ISO2_TYPES, root=True, substitutes="Entry")
class PMaxScheduleEntry(Entry):
    """"""

    pmax: PhysicalValue = element("PMax")


@message(ns=ISO2_TYPES, name="TimeInterval", root=True, abstract=True)
class Interval(Record):
    """"""


@message(ns=ISO2_TYPES, root=True, substitutes="TimeInterval")
class RelativeTimeInterval(Interval):
    """"""

    start: Annotated[int, Integer(0, 16777214)] = element("start")
    duration: Annotated[int, Integer(0, 86400)] | None = element("duration", default=None)


@message(ns=ISO2_TYPES)
class ConsumptionCost(Record):
    """"""

    start_value: PhysicalValue = element("startValue")
    cost: tuple[Cost, ...] = element("Cost", occurs=(1, 3))


@message(ns=ISO2_TYPES)
class Cost(Record):
    """"""

    cost_kind: CostKind = element("costKind")
    amount: UnsignedInt = element("amount")
    amount_multiplier: UnitMultiplier | None = element("amountMultiplier", default=None)


@message(ns=ISO2_TYPES, root=True, abstract=True)
class EVSEStatus(Record):
    """"""

    notification_max_delay: UnsignedShort = element("NotificationMaxDelay")
    evse_notification: EVSENotification = element("EVSENotification")


@message(ns=ISO2_TYPES, name="AC_EVSEStatus", root=True, substitutes="EVSEStatus")
class ACEVSEStatus(EVSEStatus):
    """"""

    rcd: bool = element("RCD")


@message(ns=ISO2_TYPES, root=True, abstract=True)
class EVStatus(Record):
    """"""


@message(ns=ISO2_TYPES, name="DC_EVSEStatus", root=True, substitutes="EVSEStatus")
class DCEVSEStatus(EVSEStatus):
    """"""

    evse_isolation_status: IsolationLevel | None = element("EVSEIsolationStatus", default=None)
    evse_status_code: DCEVSEStatusCode = element("EVSEStatusCode")


@message(ns=ISO2_TYPES, name="DC_EVStatus", root=True, substitutes="EVStatus")
class DCEVStatus(EVStatus):
    """"""

    ev_ready: bool = element("EVReady")
    ev_error_code: DCEVErrorCode = element("EVErrorCode")
    evresssoc: PercentValue = element("EVRESSSOC")


@message(ns=ISO2_TYPES, root=True, abstract=True)
class EVChargeParameter(Record):
    """"""

    departure_time: UnsignedInt | None = element("DepartureTime", default=None)


@message(ns=ISO2_TYPES, name="AC_EVChargeParameter", root=True, substitutes="EVChargeParameter")
class ACEVChargeParameter(EVChargeParameter):
    """"""

    e_amount: PhysicalValue = element("EAmount")
    ev_max_voltage: PhysicalValue = element("EVMaxVoltage")
    ev_max_current: PhysicalValue = element("EVMaxCurrent")
    ev_min_current: PhysicalValue = element("EVMinCurrent")


@message(ns=ISO2_TYPES, name="DC_EVChargeParameter", root=True, substitutes="EVChargeParameter")
class DCEVChargeParameter(EVChargeParameter):
    """"""

    dc_ev_status: DCEVStatus = element("DC_EVStatus")
    ev_maximum_current_limit: PhysicalValue = element("EVMaximumCurrentLimit")
    ev_maximum_power_limit: PhysicalValue | None = element("EVMaximumPowerLimit", default=None)
    ev_maximum_voltage_limit: PhysicalValue = element("EVMaximumVoltageLimit")
    ev_energy_capacity: PhysicalValue | None = element("EVEnergyCapacity", default=None)
    ev_energy_request: PhysicalValue | None = element("EVEnergyRequest", default=None)
    full_soc: PercentValue | None = element("FullSOC", default=None)
    bulk_soc: PercentValue | None = element("BulkSOC", default=None)


@message(ns=ISO2_TYPES, root=True, abstract=True)
class EVSEChargeParameter(Record):
    """"""


@message(ns=ISO2_TYPES, name="AC_EVSEChargeParameter", root=True, substitutes="EVSEChargeParameter")
class ACEVSEChargeParameter(EVSEChargeParameter):
    """"""

    ac_evse_status: ACEVSEStatus = element("AC_EVSEStatus")
    evse_nominal_voltage: PhysicalValue = element("EVSENominalVoltage")
    evse_max_current: PhysicalValue = element("EVSEMaxCurrent")


@message(ns=ISO2_TYPES, name="DC_EVSEChargeParameter", root=True, substitutes="EVSEChargeParameter")
class DCEVSEChargeParameter(EVSEChargeParameter):
    """"""

    dc_evse_status: DCEVSEStatus = element("DC_EVSEStatus")
    evse_maximum_current_limit: PhysicalValue = element("EVSEMaximumCurrentLimit")
    evse_maximum_power_limit: PhysicalValue = element("EVSEMaximumPowerLimit")
    evse_maximum_voltage_limit: PhysicalValue = element("EVSEMaximumVoltageLimit")
    evse_minimum_current_limit: PhysicalValue = element("EVSEMinimumCurrentLimit")
    evse_minimum_voltage_limit: PhysicalValue = element("EVSEMinimumVoltageLimit")
    evse_current_regulation_tolerance: PhysicalValue | None = element("EVSECurrentRegulationTolerance", default=None)
    evse_peak_current_ripple: PhysicalValue = element("EVSEPeakCurrentRipple")
    evse_energy_to_be_delivered: PhysicalValue | None = element("EVSEEnergyToBeDelivered", default=None)


@message(ns=ISO2_TYPES, root=True, abstract=True)
class EVPowerDeliveryParameter(Record):
    """"""


@message(ns=ISO2_TYPES, name="DC_EVPowerDeliveryParameter", root=True, substitutes="EVPowerDeliveryParameter")
class DCEVPowerDeliveryParameter(EVPowerDeliveryParameter):
    """"""

    dc_ev_status: DCEVStatus = element("DC_EVStatus")
    bulk_charging_complete: bool | None = element("BulkChargingComplete", default=None)
    charging_complete: bool = element("ChargingComplete")


@message(ns=ISO2_TYPES)
class ChargingProfile(Record):
    """"""

    profile_entry: tuple[ProfileEntry, ...] = element("ProfileEntry", occurs=(1, 24))


@message(ns=ISO2_TYPES)
class ProfileEntry(Record):
    """"""

    charging_profile_entry_start: UnsignedInt = element("ChargingProfileEntryStart")
    charging_profile_entry_max_power: PhysicalValue = element("ChargingProfileEntryMaxPower")
    charging_profile_entry_max_number_of_phases_in_use: MaxNumPhases | None = element(
        "ChargingProfileEntryMaxNumberOfPhasesInUse", default=None
    )


@message(ns=ISO2_TYPES)
class PaymentOptionList(Record):
    """"""

    payment_option: tuple[PaymentOption, ...] = element("PaymentOption", occurs=(1, 2))
