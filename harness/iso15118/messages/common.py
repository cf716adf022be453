"""ISO 15118-20 CommonMessages: set-up, authorization, service selection, schedules, metering, stop."""

from __future__ import annotations

from typing import Annotated

from harness.iso15118.messages.common_types import (
    Description,
    EVSEStatus,
    Identifier,
    ListOfRootCertificateIDs,
    MeterInfo,
    Name,
    NumericID,
    PercentValue,
    Processing,
    RationalNumber,
    Receipt,
    SessionID,
    V2GRequest,
    V2GResponse,
)
from harness.iso15118.messages.core import (
    COMMON,
    ID,
    Binary,
    Byte,
    Enumeration,
    Int,
    Integer,
    Record,
    Short,
    Text,
    UnsignedByte,
    UnsignedInt,
    UnsignedLong,
    UnsignedShort,
    attribute,
    choice,
    element,
    message,
)


class Authorization(Enumeration):
    """Ways to authorize: external (EIM) or with a contract in the vehicle (PnC)."""

    EIM = "EIM"
    PnC = "PnC"


GenChallenge = Annotated[bytes, Binary(longest=16, shortest=16)]


ServiceID = UnsignedShort


MaxSupportingPointsScheduleTuple = Annotated[int, Integer(12, 1024)]


class ChargeProgress(Enumeration):
    """What is to happen to the power."""

    Start = "Start"
    Stop = "Stop"
    Standby = "Standby"
    ScheduleRenegotiation = "ScheduleRenegotiation"


class ChannelSelection(Enumeration):
    """Which channel to switch to, where charging and discharging have one each."""

    Charge = "Charge"
    Discharge = "Discharge"


class EcdhCurve(Enumeration):
    """Curve of the key that the contract key is encrypted for."""

    SECP521 = "SECP521"
    X448 = "X448"


DhPublicKey = Annotated[bytes, Binary(longest=133, shortest=133)]


Secp521EncryptedPrivateKey = Annotated[bytes, Binary(longest=94, shortest=94)]


X448EncryptedPrivateKey = Annotated[bytes, Binary(longest=84, shortest=84)]


TpmEncryptedPrivateKey = Annotated[bytes, Binary(longest=206, shortest=206)]


class ChargingSession(Enumeration):
    """How a session ends."""

    Pause = "Pause"
    Terminate = "Terminate"
    ServiceRenegotiation = "ServiceRenegotiation"


class EvCheckInStatus(Enumeration):
    """How far arriving is."""

    CheckIn = "CheckIn"
    Processing = "Processing"
    Completed = "Completed"


class EvCheckOutStatus(Enumeration):
    """How far leaving is."""

    CheckOut = "CheckOut"
    Processing = "Processing"
    Completed = "Completed"


class EvseCheckOutStatus(Enumeration):
    """How far the station is with the vehicle's leaving."""

    Scheduled = "Scheduled"
    Completed = "Completed"


class ParkingMethod(Enumeration):
    """Who parks."""

    AutoParking = "AutoParking"
    MVGuideManual = "MVGuideManual"
    Manual = "Manual"


Currency = Annotated[str, Text(longest=3)]


Language = Annotated[str, Text(longest=3)]


class PowerToleranceAcceptance(Enumeration):
    """Whether the vehicle keeps to the tolerance of the schedule."""

    PowerToleranceNotConfirmed = "PowerToleranceNotConfirmed"
    PowerToleranceConfirmed = "PowerToleranceConfirmed"


Certificate = Annotated[bytes, Binary(longest=1600)]


@message(ns=COMMON, root=True)
class SessionSetupReq(V2GRequest):
    """Opens a session (session id 0) or resumes a paused one (its id)."""

    evcc_id: Identifier = element("EVCCID")  # the vehicle's id


@message(ns=COMMON, root=True)
class SessionSetupRes(V2GResponse):
    """Tells the session id, in the header, and the station's id."""

    evse_id: Identifier = element("EVSEID")  # the station's id


@message(ns=COMMON, root=True)
class AuthorizationSetupReq(V2GRequest):
    """Asks how the driver may authorize."""


@message(ns=COMMON, root=True)
class AuthorizationSetupRes(V2GResponse):
    """Ways to authorize; exactly one block of parameters, PnC's where PnC is among them."""

    authorization_services: tuple[Authorization, ...] = element("AuthorizationServices", occurs=(1, 2))
    certificate_installation_service: bool = element("CertificateInstallationService")
    authorization_mode: EIMASResAuthorizationMode | PnCASResAuthorizationMode = choice(
        "EIM_ASResAuthorizationMode", "PnC_ASResAuthorizationMode"
    )


@message(ns=COMMON, root=True)
class AuthorizationReq(V2GRequest):
    """The chosen way to authorize, with what it needs; repeated while the station says Ongoing."""

    selected_authorization_service: Authorization = element("SelectedAuthorizationService")
    authorization_mode: EIMAReqAuthorizationMode | PnCAReqAuthorizationMode = choice(
        "EIM_AReqAuthorizationMode", "PnC_AReqAuthorizationMode"
    )


@message(ns=COMMON, root=True)
class AuthorizationRes(V2GResponse):
    """Whether authorization has finished; a refusal is a WARNING code, the session goes on."""

    evse_processing: Processing = element("EVSEProcessing")


@message(ns=COMMON, root=True)
class ServiceDiscoveryReq(V2GRequest):
    """Asks for services; without ids, for all."""

    supported_service_ids: ServiceIDList | None = element("SupportedServiceIDs", default=None)


@message(ns=COMMON, root=True)
class ServiceDiscoveryRes(V2GResponse):
    """Energy transfer services and value added services (VAS)."""

    service_renegotiation_supported: bool = element("ServiceRenegotiationSupported")
    energy_transfer_service_list: ServiceList = element("EnergyTransferServiceList")
    vas_list: ServiceList | None = element("VASList", default=None)


@message(ns=COMMON, root=True)
class ServiceDetailReq(V2GRequest):
    """Asks for the parameter sets of a service."""

    service_id: ServiceID = element("ServiceID")


@message(ns=COMMON, root=True)
class ServiceDetailRes(V2GResponse):
    """The parameter sets that a service can be selected with."""

    service_id: ServiceID = element("ServiceID")
    service_parameter_list: ServiceParameterList = element("ServiceParameterList")


@message(ns=COMMON, root=True)
class ServiceSelectionReq(V2GRequest):
    """The energy transfer service and the value added services that the vehicle takes."""

    selected_energy_transfer_service: SelectedService = element("SelectedEnergyTransferService")
    selected_vas_list: SelectedServiceList | None = element("SelectedVASList", default=None)


@message(ns=COMMON, root=True)
class ServiceSelectionRes(V2GResponse):
    """Accepts or refuses the selection."""


@message(ns=COMMON, root=True)
class ScheduleExchangeReq(V2GRequest):
    """The vehicle's needs, and how many schedule entries it can take."""

    maximum_supporting_points: MaxSupportingPointsScheduleTuple = element(
        "MaximumSupportingPoints"
    )  # schedule entries that the vehicle can take
    control_mode: DynamicSEReqControlMode | ScheduledSEReqControlMode = choice(
        "Dynamic_SEReqControlMode", "Scheduled_SEReqControlMode"
    )


@message(ns=COMMON, root=True)
class ScheduleExchangeRes(V2GResponse):
    """Schedules (scheduled mode) or targets (dynamic mode); repeated while Ongoing."""

    evse_processing: Processing = element("EVSEProcessing")
    go_to_pause: bool | None = element("GoToPause", default=None)  # whether the vehicle should pause instead
    control_mode: DynamicSEResControlMode | ScheduledSEResControlMode = choice(
        "Dynamic_SEResControlMode", "Scheduled_SEResControlMode"
    )


@message(ns=COMMON, root=True)
class PowerDeliveryReq(V2GRequest):
    """Starts, stops or pauses power, with the power profile that the vehicle will follow."""

    ev_processing: Processing = element("EVProcessing")
    charge_progress: ChargeProgress = element("ChargeProgress")
    ev_power_profile: EVPowerProfile | None = element("EVPowerProfile", default=None)
    bpt_channel_selection: ChannelSelection | None = element("BPT_ChannelSelection", default=None)


@message(ns=COMMON, root=True)
class PowerDeliveryRes(V2GResponse):
    """Whether power is on, off or refused."""

    evse_status: EVSEStatus | None = element("EVSEStatus", default=None)


@message(ns=COMMON, root=True)
class MeteringConfirmationReq(V2GRequest):
    """The meter reading, signed with the contract key."""

    signed_metering_data: SignedMeteringData = element("SignedMeteringData")


@message(ns=COMMON, root=True)
class MeteringConfirmationRes(V2GResponse):
    """Acknowledges the signed reading."""


@message(ns=COMMON, root=True)
class SessionStopReq(V2GRequest):
    """Ends the session, pauses it, or goes back to service discovery."""

    charging_session: ChargingSession = element("ChargingSession")
    ev_termination_code: Name | None = element("EVTerminationCode", default=None)
    ev_termination_explanation: Description | None = element("EVTerminationExplanation", default=None)


@message(ns=COMMON, root=True)
class SessionStopRes(V2GResponse):
    """Acknowledges; the vehicle then closes the connection."""


@message(ns=COMMON, root=True)
class CertificateInstallationReq(V2GRequest):
    """Asks for contract certificates; the provisioning chain is signed in the header."""

    oem_provisioning_certificate_chain: SignedCertificateChain = element("OEMProvisioningCertificateChain")
    list_of_root_certificate_ids: ListOfRootCertificateIDs = element("ListOfRootCertificateIDs")
    maximum_contract_certificate_chains: UnsignedByte = element("MaximumContractCertificateChains")
    prioritized_emaids: EMAIDList | None = element("PrioritizedEMAIDs", default=None)


@message(ns=COMMON, root=True)
class CertificateInstallationRes(V2GResponse):
    """One contract chain with its encrypted key, signed by the provisioning service."""

    evse_processing: Processing = element("EVSEProcessing")
    cps_certificate_chain: CertificateChain = element("CPSCertificateChain")
    signed_installation_data: SignedInstallationData = element("SignedInstallationData")
    remaining_contract_certificate_chains: UnsignedByte = element("RemainingContractCertificateChains")


@message(ns=COMMON, root=True)
class VehicleCheckInReq(V2GRequest):
    """Tells that the vehicle arrives and how it will be parked."""

    ev_check_in_status: EvCheckInStatus = element("EVCheckInStatus")
    parking_method: ParkingMethod = element("ParkingMethod")
    vehicle_frame: Short | None = element("VehicleFrame", default=None)
    device_offset: Short | None = element("DeviceOffset", default=None)
    vehicle_travel: Short | None = element("VehicleTravel", default=None)


@message(ns=COMMON, root=True)
class VehicleCheckInRes(V2GResponse):
    """Tells where to park; lengths in the schema's integers, unit not public."""

    parking_space: Short | None = element("ParkingSpace", default=None)
    device_location: Short | None = element("DeviceLocation", default=None)
    target_distance: Short | None = element("TargetDistance", default=None)


@message(ns=COMMON, root=True)
class VehicleCheckOutReq(V2GRequest):
    """Tells that the vehicle leaves, and when."""

    ev_check_out_status: EvCheckOutStatus = element("EVCheckOutStatus")
    check_out_time: UnsignedLong = element("CheckOutTime")  # seconds or microseconds since 1970: stacks differ


@message(ns=COMMON, root=True)
class VehicleCheckOutRes(V2GResponse):
    """Whether the station is ready for the vehicle to leave."""

    evse_check_out_status: EvseCheckOutStatus = element("EVSECheckOutStatus")


@message(ns=COMMON, name="PnC_ASResAuthorizationMode")
class PnCASResAuthorizationMode(Record):
    """Challenge and providers for Plug and Charge."""

    gen_challenge: GenChallenge = element("GenChallenge")  # 16 random octets
    supported_providers: SupportedProvidersList | None = element("SupportedProviders", default=None)


@message(ns=COMMON)
class SupportedProvidersList(Record):
    """Mobility providers whose contracts the station takes."""

    provider_id: tuple[Name, ...] = element("ProviderID", occurs=(1, 128))


@message(ns=COMMON, name="EIM_ASResAuthorizationMode")
class EIMASResAuthorizationMode(Record):
    """External identification (card, app) needs no parameters."""


@message(ns=COMMON, name="PnC_AReqAuthorizationMode")
class PnCAReqAuthorizationMode(Record):
    """Challenge echoed and contract chain; this block is what the header signature covers."""

    id: ID = attribute("Id")
    gen_challenge: GenChallenge = element("GenChallenge")  # 16 random octets
    contract_certificate_chain: ContractCertificateChain = element("ContractCertificateChain")


@message(ns=COMMON, name="EIM_AReqAuthorizationMode")
class EIMAReqAuthorizationMode(Record):
    """External identification (card, app) needs no parameters."""


@message(ns=COMMON)
class ServiceIDList(Record):
    """Service ids."""

    service_id: tuple[ServiceID, ...] = element("ServiceID", occurs=(1, 16))


@message(ns=COMMON)
class Service(Record):
    """A service on offer."""

    service_id: ServiceID = element("ServiceID")
    free_service: bool = element("FreeService")  # no fee


@message(ns=COMMON)
class ServiceList(Record):
    """Services on offer."""

    service: tuple[Service, ...] = element("Service", occurs=(1, 8))


@message(ns=COMMON)
class SelectedService(Record):
    """A service with one of its parameter sets."""

    service_id: ServiceID = element("ServiceID")
    parameter_set_id: ServiceID = element("ParameterSetID")


@message(ns=COMMON)
class SelectedServiceList(Record):
    """Selected services."""

    selected_service: tuple[SelectedService, ...] = element("SelectedService", occurs=(1, 16))


@message(ns=COMMON)
class Parameter(Record):
    """A named parameter with a value of one of six types."""

    name: Name = attribute("Name")
    bool_value: bool | None = element("boolValue", choice="value", default=None)
    byte_value: Byte | None = element("byteValue", choice="value", default=None)
    short_value: Short | None = element("shortValue", choice="value", default=None)
    int_value: Int | None = element("intValue", choice="value", default=None)
    rational_number: RationalNumber | None = element("rationalNumber", choice="value", default=None)
    finite_string: Name | None = element("finiteString", choice="value", default=None)


@message(ns=COMMON)
class ParameterSet(Record):
    """Parameters under a number by which they are selected."""

    parameter_set_id: ServiceID = element("ParameterSetID")
    parameter: tuple[Parameter, ...] = element("Parameter", occurs=(1, 32))


@message(ns=COMMON)
class ServiceParameterList(Record):
    """The parameter sets of a service."""

    parameter_set: tuple[ParameterSet, ...] = element("ParameterSet", occurs=(1, 32))


@message(ns=COMMON)
class ScheduleTuple(Record):
    """A schedule to charge by and, bidirectional, one to discharge by."""

    schedule_tuple_id: NumericID = element("ScheduleTupleID")
    charging_schedule: ChargingSchedule = element("ChargingSchedule")
    discharging_schedule: ChargingSchedule | None = element("DischargingSchedule", default=None)


@message(ns=COMMON)
class ChargingSchedule(Record):
    """Powers over time and, maybe, their price."""

    power_schedule: PowerSchedule = element("PowerSchedule")
    price_schedule: AbsolutePriceSchedule | PriceLevelSchedule | None = choice(
        "AbsolutePriceSchedule", "PriceLevelSchedule", default=None
    )


@message(ns=COMMON, name="Scheduled_SEReqControlMode")
class ScheduledSEReqControlMode(Record):
    """Needs of a vehicle that follows a schedule; energies in Wh."""

    departure_time: UnsignedInt | None = element("DepartureTime", default=None)  # s from now
    ev_target_energy_request: RationalNumber | None = element("EVTargetEnergyRequest", default=None)  # Wh
    ev_maximum_energy_request: RationalNumber | None = element("EVMaximumEnergyRequest", default=None)  # Wh
    ev_minimum_energy_request: RationalNumber | None = element("EVMinimumEnergyRequest", default=None)  # Wh
    ev_energy_offer: EVEnergyOffer | None = element("EVEnergyOffer", default=None)


@message(ns=COMMON, name="Scheduled_SEResControlMode")
class ScheduledSEResControlMode(Record):
    """One to three schedules to choose from."""

    schedule_tuple: tuple[ScheduleTuple, ...] = element("ScheduleTuple", occurs=(1, 3))


@message(ns=COMMON, name="Dynamic_SEReqControlMode")
class DynamicSEReqControlMode(Record):
    """Needs of a vehicle that lets the station set the power; energies in Wh."""

    departure_time: UnsignedInt = element("DepartureTime")  # s from now
    minimum_soc: PercentValue | None = element("MinimumSOC", default=None)  # %
    target_soc: PercentValue | None = element("TargetSOC", default=None)  # %
    ev_target_energy_request: RationalNumber = element("EVTargetEnergyRequest")  # Wh
    ev_maximum_energy_request: RationalNumber = element("EVMaximumEnergyRequest")  # Wh
    ev_minimum_energy_request: RationalNumber = element("EVMinimumEnergyRequest")  # Wh
    ev_maximum_v2x_energy_request: RationalNumber | None = element("EVMaximumV2XEnergyRequest", default=None)  # Wh
    ev_minimum_v2x_energy_request: RationalNumber | None = element("EVMinimumV2XEnergyRequest", default=None)  # Wh


@message(ns=COMMON, name="Dynamic_SEResControlMode")
class DynamicSEResControlMode(Record):
    """Departure and state of charge that the station plans for, and the price."""

    departure_time: UnsignedInt | None = element("DepartureTime", default=None)  # s from now
    minimum_soc: PercentValue | None = element("MinimumSOC", default=None)  # %
    target_soc: PercentValue | None = element("TargetSOC", default=None)  # %
    price_schedule: AbsolutePriceSchedule | PriceLevelSchedule | None = choice(
        "AbsolutePriceSchedule", "PriceLevelSchedule", default=None
    )


@message(ns=COMMON, root=True)
class SignedInstallationData(Record):
    """A contract chain and its private key, encrypted for the vehicle; signed as a whole."""

    id: ID = attribute("Id")
    contract_certificate_chain: ContractCertificateChain = element("ContractCertificateChain")
    ecdh_curve: EcdhCurve = element("ECDHCurve")
    dh_public_key: DhPublicKey = element("DHPublicKey")  # an uncompressed P-521 point, or X448
    secp521_encrypted_private_key: Secp521EncryptedPrivateKey | None = element(
        "SECP521_EncryptedPrivateKey", choice="value", default=None
    )  # 12 IV + 66 key + 16 tag
    x448_encrypted_private_key: X448EncryptedPrivateKey | None = element(
        "X448_EncryptedPrivateKey", choice="value", default=None
    )  # 12 IV + 56 key + 16 tag
    tpm_encrypted_private_key: TpmEncryptedPrivateKey | None = element(
        "TPM_EncryptedPrivateKey", choice="value", default=None
    )  # wrapped for a TPM


@message(ns=COMMON, root=True)
class SignedMeteringData(Record):
    """A meter reading for the vehicle to sign."""

    id: ID = attribute("Id")
    session_id: SessionID = element("SessionID")  # 8 octets
    meter_info: MeterInfo = element("MeterInfo")
    receipt: Receipt | None = element("Receipt", default=None)
    control_mode: DynamicSMDTControlMode | ScheduledSMDTControlMode = choice(
        "Dynamic_SMDTControlMode", "Scheduled_SMDTControlMode"
    )


@message(ns=COMMON, name="Scheduled_SMDTControlMode")
class ScheduledSMDTControlMode(Record):
    """The schedule under which the energy was metered."""

    selected_schedule_tuple_id: NumericID = element("SelectedScheduleTupleID")


@message(ns=COMMON, name="Dynamic_SMDTControlMode")
class DynamicSMDTControlMode(Record):
    """Metered in dynamic mode."""


@message(ns=COMMON)
class TargetPosition(Record):
    """Offsets to a target; in the schema, used by no message."""

    target_offset_x: UnsignedShort = element("TargetOffsetX")
    target_offset_y: UnsignedShort = element("TargetOffsetY")


@message(ns=COMMON)
class PowerSchedule(Record):
    """Powers over time from an anchor on."""

    time_anchor: UnsignedLong = element("TimeAnchor")  # microseconds since 1970, as far as public stacks agree
    available_energy: RationalNumber | None = element("AvailableEnergy", default=None)  # Wh
    power_tolerance: RationalNumber | None = element("PowerTolerance", default=None)
    power_schedule_entries: PowerScheduleEntryList = element("PowerScheduleEntries")


@message(ns=COMMON)
class PowerScheduleEntryList(Record):
    """Powers one after the other."""

    power_schedule_entry: tuple[PowerScheduleEntry, ...] = element("PowerScheduleEntry", occurs=(1, 1024))


@message(ns=COMMON)
class PowerScheduleEntry(Record):
    """A power for a time; without phases 2 and 3 it is the power of all."""

    duration: UnsignedInt = element("Duration")  # s
    power: RationalNumber = element("Power")  # W
    power_l2: RationalNumber | None = element("Power_L2", default=None)  # W
    power_l3: RationalNumber | None = element("Power_L3", default=None)  # W


@message(ns=COMMON, abstract=True)
class PriceSchedule(Record):
    """Base of the two kinds of price schedules."""

    time_anchor: UnsignedLong = element("TimeAnchor")  # microseconds since 1970, as far as public stacks agree
    price_schedule_id: NumericID = element("PriceScheduleID")
    price_schedule_description: Description | None = element("PriceScheduleDescription", default=None)


@message(ns=COMMON)
class PriceLevelSchedule(PriceSchedule):
    """Prices as levels; lower is cheaper."""

    id: ID | None = attribute("Id", default=None)
    number_of_price_levels: UnsignedByte = element("NumberOfPriceLevels")
    price_level_schedule_entries: PriceLevelScheduleEntryList = element("PriceLevelScheduleEntries")


@message(ns=COMMON)
class PriceLevelScheduleEntryList(Record):
    """Price levels one after the other."""

    price_level_schedule_entry: tuple[PriceLevelScheduleEntry, ...] = element(
        "PriceLevelScheduleEntry", occurs=(1, 1024)
    )


@message(ns=COMMON)
class PriceLevelScheduleEntry(Record):
    """A price level for a time."""

    duration: UnsignedInt = element("Duration")  # s
    price_level: UnsignedByte = element("PriceLevel")


@message(ns=COMMON)
class AbsolutePriceSchedule(PriceSchedule):
    """Prices in a currency; may be signed."""

    id: ID | None = attribute("Id", default=None)
    currency: Currency = element("Currency")  # ISO 4217
    language: Language = element("Language")  # ISO 639
    price_algorithm: Identifier = element("PriceAlgorithm")  # a URN: power, peak power or stacked energy
    minimum_cost: RationalNumber | None = element("MinimumCost", default=None)  # in the currency
    maximum_cost: RationalNumber | None = element("MaximumCost", default=None)  # in the currency
    tax_rules: TaxRuleList | None = element("TaxRules", default=None)
    price_rule_stacks: PriceRuleStackList = element("PriceRuleStacks")
    overstay_rules: OverstayRuleList | None = element("OverstayRules", default=None)
    additional_selected_services: AdditionalServiceList | None = element("AdditionalSelectedServices", default=None)


@message(ns=COMMON)
class TaxRuleList(Record):
    """Tax rules."""

    tax_rule: tuple[TaxRule, ...] = element("TaxRule", occurs=(1, 10))


@message(ns=COMMON)
class TaxRule(Record):
    """A tax and what it applies to."""

    tax_rule_id: NumericID = element("TaxRuleID")
    tax_rule_name: Name | None = element("TaxRuleName", default=None)
    tax_rate: RationalNumber = element("TaxRate")
    tax_included_in_price: bool | None = element("TaxIncludedInPrice", default=None)
    applies_to_energy_fee: bool = element("AppliesToEnergyFee")
    applies_to_parking_fee: bool = element("AppliesToParkingFee")
    applies_to_overstay_fee: bool = element("AppliesToOverstayFee")
    applies_minimum_maximum_cost: bool = element("AppliesMinimumMaximumCost")


@message(ns=COMMON)
class PriceRuleStackList(Record):
    """Stacks of price rules one after the other."""

    price_rule_stack: tuple[PriceRuleStack, ...] = element("PriceRuleStack", occurs=(1, 1024))


@message(ns=COMMON)
class PriceRuleStack(Record):
    """Price rules that hold for a time, one per range of power."""

    duration: UnsignedInt = element("Duration")  # s
    price_rule: tuple[PriceRule, ...] = element("PriceRule", occurs=(1, 8))


@message(ns=COMMON)
class PriceRule(Record):
    """The price of energy above a power."""

    energy_fee: RationalNumber = element("EnergyFee")  # per kWh
    parking_fee: RationalNumber | None = element("ParkingFee", default=None)  # per period
    parking_fee_period: UnsignedInt | None = element("ParkingFeePeriod", default=None)  # s
    carbon_dioxide_emission: UnsignedShort | None = element("CarbonDioxideEmission", default=None)  # g/kWh
    renewable_generation_percentage: UnsignedByte | None = element("RenewableGenerationPercentage", default=None)  # %
    power_range_start: RationalNumber = element("PowerRangeStart")  # W, from here up


@message(ns=COMMON)
class OverstayRuleList(Record):
    """What staying on after charging costs."""

    overstay_time_threshold: UnsignedInt | None = element("OverstayTimeThreshold", default=None)  # s
    overstay_power_threshold: RationalNumber | None = element("OverstayPowerThreshold", default=None)  # W
    overstay_rule: tuple[OverstayRule, ...] = element("OverstayRule", occurs=(1, 5))


@message(ns=COMMON)
class OverstayRule(Record):
    """A fee for staying on, from a time on."""

    overstay_rule_description: Description | None = element("OverstayRuleDescription", default=None)
    start_time: UnsignedInt = element("StartTime")  # s
    overstay_fee: RationalNumber = element("OverstayFee")  # per period
    overstay_fee_period: UnsignedInt = element("OverstayFeePeriod")  # s


@message(ns=COMMON)
class AdditionalServiceList(Record):
    """Other services that are charged for."""

    additional_service: tuple[AdditionalService, ...] = element("AdditionalService", occurs=(1, 5))


@message(ns=COMMON)
class AdditionalService(Record):
    """A service and its fee."""

    service_name: Name = element("ServiceName")
    service_fee: RationalNumber = element("ServiceFee")  # in the currency


@message(ns=COMMON)
class EVPowerProfileEntryList(Record):
    """Powers one after the other."""

    ev_power_profile_entry: tuple[PowerScheduleEntry, ...] = element("EVPowerProfileEntry", occurs=(1, 2048))


@message(ns=COMMON)
class EVPowerProfile(Record):
    """The powers that the vehicle will take or give."""

    time_anchor: UnsignedLong = element("TimeAnchor")  # microseconds since 1970, as far as public stacks agree
    control_mode: DynamicEVPPTControlMode | ScheduledEVPPTControlMode = choice(
        "Dynamic_EVPPTControlMode", "Scheduled_EVPPTControlMode"
    )
    ev_power_profile_entries: EVPowerProfileEntryList = element("EVPowerProfileEntries")


@message(ns=COMMON, name="Scheduled_EVPPTControlMode")
class ScheduledEVPPTControlMode(Record):
    """The schedule that the profile keeps to."""

    selected_schedule_tuple_id: NumericID = element("SelectedScheduleTupleID")
    power_tolerance_acceptance: PowerToleranceAcceptance | None = element("PowerToleranceAcceptance", default=None)


@message(ns=COMMON, name="Dynamic_EVPPTControlMode")
class DynamicEVPPTControlMode(Record):
    """A profile in dynamic mode."""


@message(ns=COMMON)
class EVEnergyOffer(Record):
    """What the vehicle could feed back, and at which price."""

    ev_power_schedule: EVPowerSchedule = element("EVPowerSchedule")
    ev_absolute_price_schedule: EVAbsolutePriceSchedule = element("EVAbsolutePriceSchedule")


@message(ns=COMMON)
class EVPowerSchedule(Record):
    """Powers that the vehicle offers, from an anchor on."""

    time_anchor: UnsignedLong = element("TimeAnchor")  # microseconds since 1970, as far as public stacks agree
    ev_power_schedule_entries: EVPowerScheduleEntryList = element("EVPowerScheduleEntries")


@message(ns=COMMON)
class EVPowerScheduleEntryList(Record):
    """Offered powers one after the other."""

    ev_power_schedule_entry: tuple[EVPowerScheduleEntry, ...] = element("EVPowerScheduleEntry", occurs=(1, 1024))


@message(ns=COMMON)
class EVPowerScheduleEntry(Record):
    """An offered power for a time."""

    duration: UnsignedInt = element("Duration")  # s
    power: RationalNumber = element("Power")  # W


@message(ns=COMMON)
class EVAbsolutePriceSchedule(Record):
    """What the vehicle asks for its energy."""

    time_anchor: UnsignedLong = element("TimeAnchor")  # microseconds since 1970, as far as public stacks agree
    currency: Currency = element("Currency")  # ISO 4217
    price_algorithm: Identifier = element("PriceAlgorithm")  # a URN: power, peak power or stacked energy
    ev_price_rule_stacks: EVPriceRuleStackList = element("EVPriceRuleStacks")


@message(ns=COMMON)
class EVPriceRuleStackList(Record):
    """Stacks of the vehicle's price rules one after the other."""

    ev_price_rule_stack: tuple[EVPriceRuleStack, ...] = element("EVPriceRuleStack", occurs=(1, 1024))


@message(ns=COMMON)
class EVPriceRuleStack(Record):
    """The vehicle's price rules that hold for a time."""

    duration: UnsignedInt = element("Duration")  # s
    ev_price_rule: tuple[EVPriceRule, ...] = element("EVPriceRule", occurs=(1, 8))


@message(ns=COMMON)
class EVPriceRule(Record):
    """The vehicle's price of energy above a power."""

    energy_fee: RationalNumber = element("EnergyFee")  # per kWh
    power_range_start: RationalNumber = element("PowerRangeStart")  # W, from here up


@message(ns=COMMON)
class EMAIDList(Record):
    """Contract ids, the wanted first."""

    emaid: tuple[Identifier, ...] = element("EMAID", occurs=(1, 8))


@message(ns=COMMON)
class SubCertificates(Record):
    """Sub-CA certificates, X.509 in DER."""

    certificate: tuple[Certificate, ...] = element("Certificate", occurs=(1, 3))  # X.509, DER


@message(ns=COMMON)
class CertificateChain(Record):
    """A leaf certificate and its sub-CAs, X.509 in DER."""

    certificate: Certificate = element("Certificate")  # X.509, DER
    sub_certificates: SubCertificates | None = element("SubCertificates", default=None)


@message(ns=COMMON)
class SignedCertificateChain(Record):
    """A certificate chain that a signature covers."""

    id: ID = attribute("Id")
    certificate: Certificate = element("Certificate")  # X.509, DER
    sub_certificates: SubCertificates | None = element("SubCertificates", default=None)


@message(ns=COMMON)
class ContractCertificateChain(Record):
    """A contract certificate and its sub-CAs, X.509 in DER."""

    certificate: Certificate = element("Certificate")  # X.509, DER
    sub_certificates: SubCertificates = element("SubCertificates")
