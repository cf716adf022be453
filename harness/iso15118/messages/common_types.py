"""ISO 15118-20 CommonTypes: the header, the bases of all messages, and types that several sets share.

Powers and currents count positive from the grid to the vehicle. Names ending in Charge and Discharge are limits of one
direction each; whether a discharge limit is sent positive or negative differs between stacks in the field.
"""

from __future__ import annotations

from typing import Annotated, Self

from harness.iso15118.messages.core import (
    DSIG,
    TYPES,
    Binary,
    Byte,
    Enumeration,
    Integer,
    Record,
    Scaled,
    Short,
    Text,
    UnsignedInt,
    UnsignedLong,
    UnsignedShort,
    element,
    message,
    scaled,
)
from harness.iso15118.messages.dsig import Signature, X509IssuerSerial

NumericID = Annotated[int, Integer(1, 4294967295)]


SessionID = Annotated[bytes, Binary(longest=8, shortest=8, form="hex")]


class EvseNotification(Enumeration):
    """What the station asks the vehicle to do."""

    Pause = "Pause"
    ExitStandby = "ExitStandby"
    Terminate = "Terminate"
    ScheduleRenegotiation = "ScheduleRenegotiation"
    ServiceRenegotiation = "ServiceRenegotiation"
    MeteringConfirmation = "MeteringConfirmation"


class Processing(Enumeration):
    """Whether the sender needs more turns of the same message."""

    Finished = "Finished"
    Ongoing = "Ongoing"
    Ongoing_WaitingForCustomerInteraction = "Ongoing_WaitingForCustomerInteraction"


class ResponseCode(Enumeration):
    """OK, WARNING (the session goes on) or FAILED (both sides end it), in schema order."""

    OK = "OK"
    OK_CertificateExpiresSoon = "OK_CertificateExpiresSoon"
    OK_NewSessionEstablished = "OK_NewSessionEstablished"
    OK_OldSessionJoined = "OK_OldSessionJoined"
    OK_PowerToleranceConfirmed = "OK_PowerToleranceConfirmed"
    WARNING_AuthorizationSelectionInvalid = "WARNING_AuthorizationSelectionInvalid"
    WARNING_CertificateExpired = "WARNING_CertificateExpired"
    WARNING_CertificateNotYetValid = "WARNING_CertificateNotYetValid"
    WARNING_CertificateRevoked = "WARNING_CertificateRevoked"
    WARNING_CertificateValidationError = "WARNING_CertificateValidationError"
    WARNING_ChallengeInvalid = "WARNING_ChallengeInvalid"
    WARNING_EIMAuthorizationFailure = "WARNING_EIMAuthorizationFailure"
    WARNING_eMSPUnknown = "WARNING_eMSPUnknown"
    WARNING_EVPowerProfileViolation = "WARNING_EVPowerProfileViolation"
    WARNING_GeneralPnCAuthorizationError = "WARNING_GeneralPnCAuthorizationError"
    WARNING_NoCertificateAvailable = "WARNING_NoCertificateAvailable"
    WARNING_NoContractMatchingPCIDFound = "WARNING_NoContractMatchingPCIDFound"
    WARNING_PowerToleranceNotConfirmed = "WARNING_PowerToleranceNotConfirmed"
    WARNING_ScheduleRenegotiationFailed = "WARNING_ScheduleRenegotiationFailed"
    WARNING_StandbyNotAllowed = "WARNING_StandbyNotAllowed"
    WARNING_WPT = "WARNING_WPT"
    FAILED = "FAILED"
    FAILED_AssociationError = "FAILED_AssociationError"
    FAILED_ContactorError = "FAILED_ContactorError"
    FAILED_EVPowerProfileInvalid = "FAILED_EVPowerProfileInvalid"
    FAILED_EVPowerProfileViolation = "FAILED_EVPowerProfileViolation"
    FAILED_MeteringSignatureNotValid = "FAILED_MeteringSignatureNotValid"
    FAILED_NoEnergyTransferServiceSelected = "FAILED_NoEnergyTransferServiceSelected"
    FAILED_NoServiceRenegotiationSupported = "FAILED_NoServiceRenegotiationSupported"
    FAILED_PauseNotAllowed = "FAILED_PauseNotAllowed"
    FAILED_PowerDeliveryNotApplied = "FAILED_PowerDeliveryNotApplied"
    FAILED_PowerToleranceNotConfirmed = "FAILED_PowerToleranceNotConfirmed"
    FAILED_ScheduleRenegotiation = "FAILED_ScheduleRenegotiation"
    FAILED_ScheduleSelectionInvalid = "FAILED_ScheduleSelectionInvalid"
    FAILED_SequenceError = "FAILED_SequenceError"
    FAILED_ServiceIDInvalid = "FAILED_ServiceIDInvalid"
    FAILED_ServiceSelectionInvalid = "FAILED_ServiceSelectionInvalid"
    FAILED_SignatureError = "FAILED_SignatureError"
    FAILED_UnknownSession = "FAILED_UnknownSession"
    FAILED_WrongChargeParameter = "FAILED_WrongChargeParameter"


PercentValue = Annotated[int, Integer(0, 100)]


Identifier = Annotated[str, Text(longest=255)]


Name = Annotated[str, Text(longest=80)]


Description = Annotated[str, Text(longest=160)]


MeterID = Annotated[str, Text(longest=32)]


MeterSignature = Annotated[bytes, Binary(longest=64)]


@message(ns=TYPES)
class MessageHeader(Record):
    """Session, time and, for signed messages, the signature."""

    session_id: SessionID = element("SessionID")  # 8 octets, 0 in the first request of a new session
    time_stamp: UnsignedLong = element("TimeStamp")  # microseconds since 1970; stacks in the field also send seconds
    signature: Signature | None = element("Signature", ns=DSIG, default=None)


@message(ns=TYPES, abstract=True)
class V2GMessage(Record):
    """Base of all messages."""

    header: MessageHeader = element("Header")


@message(ns=TYPES, abstract=True)
class V2GRequest(V2GMessage):
    """Base of all requests (vehicle to station)."""


@message(ns=TYPES, abstract=True)
class V2GResponse(V2GMessage):
    """Base of all responses (station to vehicle)."""

    response_code: ResponseCode = element("ResponseCode")


@message(ns=TYPES, abstract=True)
class ChargeParameterDiscoveryReq(V2GRequest):
    """Base of the vehicle's charge parameters in the energy transfer sets."""


@message(ns=TYPES, abstract=True)
class ChargeParameterDiscoveryRes(V2GResponse):
    """Base of the station's charge parameters in the energy transfer sets."""


@message(ns=TYPES, abstract=True)
class ChargeLoopReq(V2GRequest):
    """Base of the vehicle's turn of a charge loop."""

    display_parameters: DisplayParameters | None = element("DisplayParameters", default=None)
    meter_info_requested: bool = element("MeterInfoRequested")


@message(ns=TYPES, abstract=True)
class ChargeLoopRes(V2GResponse):
    """Base of the station's turn of a charge loop."""

    evse_status: EVSEStatus | None = element("EVSEStatus", default=None)
    meter_info: MeterInfo | None = element("MeterInfo", default=None)
    receipt: Receipt | None = element("Receipt", default=None)


@message(ns=TYPES, root=True, abstract=True)
class CLReqControlMode(Record):
    """Head of what a charge loop request carries: scheduled or dynamic, one way or bidirectional."""


@message(ns=TYPES, root=True, abstract=True)
class CLResControlMode(Record):
    """Head of what a charge loop response carries: scheduled or dynamic, one way or bidirectional."""


@message(ns=TYPES, name="Scheduled_CLReqControlMode", abstract=True)
class ScheduledCLReqControlMode(CLReqControlMode):
    """Charge loop request under a schedule that the vehicle follows: what is common to AC, DC."""

    ev_target_energy_request: RationalNumber | None = element("EVTargetEnergyRequest", default=None)  # Wh
    ev_maximum_energy_request: RationalNumber | None = element("EVMaximumEnergyRequest", default=None)  # Wh
    ev_minimum_energy_request: RationalNumber | None = element("EVMinimumEnergyRequest", default=None)  # Wh


@message(ns=TYPES, name="Scheduled_CLResControlMode", abstract=True)
class ScheduledCLResControlMode(CLResControlMode):
    """Charge loop response under a schedule that the vehicle follows: what is common to AC, DC."""


@message(ns=TYPES, name="Dynamic_CLReqControlMode", abstract=True)
class DynamicCLReqControlMode(CLReqControlMode):
    """Charge loop request when the station sets the power: what is common to AC, DC."""

    departure_time: UnsignedInt | None = element("DepartureTime", default=None)  # s from now
    ev_target_energy_request: RationalNumber = element("EVTargetEnergyRequest")  # Wh
    ev_maximum_energy_request: RationalNumber = element("EVMaximumEnergyRequest")  # Wh
    ev_minimum_energy_request: RationalNumber = element("EVMinimumEnergyRequest")  # Wh


@message(ns=TYPES, name="Dynamic_CLResControlMode", abstract=True)
class DynamicCLResControlMode(CLResControlMode):
    """Charge loop response when the station sets the power. SOC and delay need mobility needs mode 2."""

    departure_time: UnsignedInt | None = element("DepartureTime", default=None)  # s from now
    minimum_soc: PercentValue | None = element("MinimumSOC", default=None)  # %
    target_soc: PercentValue | None = element("TargetSOC", default=None)  # %
    ack_max_delay: UnsignedShort | None = element("AckMaxDelay", default=None)  # s


@message(ns=TYPES)
class DisplayParameters(Record):
    """What the station may show to the driver."""

    present_soc: PercentValue | None = element("PresentSOC", default=None)  # %
    minimum_soc: PercentValue | None = element("MinimumSOC", default=None)  # %
    target_soc: PercentValue | None = element("TargetSOC", default=None)  # %
    maximum_soc: PercentValue | None = element("MaximumSOC", default=None)  # %
    remaining_time_to_minimum_soc: UnsignedInt | None = element("RemainingTimeToMinimumSOC", default=None)  # %
    remaining_time_to_target_soc: UnsignedInt | None = element("RemainingTimeToTargetSOC", default=None)  # %
    remaining_time_to_maximum_soc: UnsignedInt | None = element("RemainingTimeToMaximumSOC", default=None)  # %
    charging_complete: bool | None = element("ChargingComplete", default=None)
    battery_energy_capacity: RationalNumber | None = element("BatteryEnergyCapacity", default=None)  # Wh
    inlet_hot: bool | None = element("InletHot", default=None)


@message(ns=TYPES)
class EVSEStatus(Record):
    """What the station wants the vehicle to do, and until when."""

    notification_max_delay: UnsignedShort = element("NotificationMaxDelay")  # s
    evse_notification: EvseNotification = element("EVSENotification")


@message(ns=TYPES)
class RationalNumber(Scaled):
    """A number as ISO 15118-20 writes it: value times ten to the exponent, the unit is the element's."""

    exponent: Byte = element("Exponent")  # power of ten
    value: Short = element("Value")

    @property
    def power(self) -> int:
        """The power of ten."""
        return self.exponent

    @classmethod
    def of(cls, number: float, exponents: range = range(-128, 128)) -> Self:
        """The nearest number of this form; raises OverflowError where none is large enough."""
        value, exponent = scaled(number, exponents)
        return cls(exponent=exponent, value=value)


@message(ns=TYPES)
class MeterInfo(Record):
    """A meter reading; energies in Wh and varh as counted, MeterStatus is the maker's."""

    meter_id: MeterID = element("MeterID")
    charged_energy_reading_wh: UnsignedLong = element("ChargedEnergyReadingWh")
    bpt_discharged_energy_reading_wh: UnsignedLong | None = element("BPT_DischargedEnergyReadingWh", default=None)
    capacitive_energy_reading_varh: UnsignedLong | None = element("CapacitiveEnergyReadingVARh", default=None)
    bpt_inductive_energy_reading_varh: UnsignedLong | None = element("BPT_InductiveEnergyReadingVARh", default=None)
    meter_signature: MeterSignature | None = element("MeterSignature", default=None)  # the meter's signature
    meter_status: Short | None = element("MeterStatus", default=None)
    meter_timestamp: UnsignedLong | None = element(
        "MeterTimestamp", default=None
    )  # seconds or microseconds since 1970: stacks differ


@message(ns=TYPES)
class DetailedCost(Record):
    """An amount and the price per unit it comes from."""

    amount: RationalNumber = element("Amount")  # in the currency
    cost_per_unit: RationalNumber = element("CostPerUnit")  # in the currency


@message(ns=TYPES)
class DetailedTax(Record):
    """A tax, by its rule, and its amount."""

    tax_rule_id: NumericID = element("TaxRuleID")
    amount: RationalNumber = element("Amount")  # in the currency


@message(ns=TYPES)
class Receipt(Record):
    """Costs so far, in the currency of the price schedule."""

    time_anchor: UnsignedLong = element("TimeAnchor")  # microseconds since 1970, as far as public stacks agree
    energy_costs: DetailedCost | None = element("EnergyCosts", default=None)
    occupancy_costs: DetailedCost | None = element("OccupancyCosts", default=None)
    additional_services_costs: DetailedCost | None = element("AdditionalServicesCosts", default=None)
    overstay_costs: DetailedCost | None = element("OverstayCosts", default=None)
    tax_costs: tuple[DetailedTax, ...] = element("TaxCosts", occurs=(0, 10), default=())


@message(ns=TYPES)
class ListOfRootCertificateIDs(Record):
    """Root certificates that the vehicle holds, by issuer and serial number."""

    root_certificate_id: tuple[X509IssuerSerial, ...] = element("RootCertificateID", occurs=(1, 20))
