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
    """"""

    EIM = "EIM"
    PnC = "PnC"


GenChallenge = Annotated[bytes, Binary(longest=16, shortest=16)]


ServiceID = UnsignedShort


MaxSupportingPointsScheduleTuple = Annotated[int, Integer(12, 1024)]


class ChargeProgress(Enumeration):
    """"""

    Start = "Start"
    Stop = "Stop"
    Standby = "Standby"
    ScheduleRenegotiation = "ScheduleRenegotiation"


class ChannelSelection(Enumeration):
    """"""

    Charge = "Charge"
    Discharge = "Discharge"


class EcdhCurve(Enumeration):
    """"""

    SECP521 = "SECP521"
    X448 = "X448"


DhPublicKey = Annotated[bytes, Binary(longest=133, shortest=133)]


Secp521EncryptedPrivateKey = Annotated[bytes, Binary(longest=94, shortest=94)]


X448EncryptedPrivateKey = Annotated[bytes, Binary(longest=84, shortest=84)]


TpmEncryptedPrivateKey = Annotated[bytes, Binary(longest=206, shortest=206)]


class ChargingSession(Enumeration):
    """"""

    Pause = "Pause"
    Terminate = "Terminate"
    ServiceRenegotiation = "ServiceRenegotiation"


class EvCheckInStatus(Enumeration):
    """"""

    CheckIn = "CheckIn"
    Processing = "Processing"
    Completed = "Completed"


class EvCheckOutStatus(Enumeration):
    """"""

    CheckOut = "CheckOut"
    Processing = "Processing"
    Completed = "Completed"


class EvseCheckOutStatus(Enumeration):
    """"""

    Scheduled = "Scheduled"
    Completed = "Completed"


class ParkingMethod(Enumeration):
    """"""

    AutoParking = "AutoParking"
    MVGuideManual = "MVGuideManual"
    Manual = "Manual"


Currency = Annotated[str, Text(longest=3)]


Language = Annotated[str, Text(longest=3)]


class PowerToleranceAcceptance(Enumeration):
    """"""

    PowerToleranceNotConfirmed = "PowerToleranceNotConfirmed"
    PowerToleranceConfirmed = "PowerToleranceConfirmed"


Certificate = Annotated[bytes, Binary(longest=1600)]


@message(ns=COMMON, root=True)
class SessionSetupReq(V2GRequest):
    """"""

    evcc_id: Identifier = element("EVCCID")


@message(ns=COMMON, root=True)
class SessionSetupRes(V2GResponse):
    """"""

    evse_id: Identifier = element("EVSEID")


@message(ns=COMMON, root=True)
class AuthorizationSetupReq(V2GRequest):
    """"""


@message(ns=COMMON, root=True)
class AuthorizationSetupRes(V2GResponse):
    """"""

    authorization_services: tuple[Authorization, ...] = element("AuthorizationServices", occurs=(1, 2))
    certificate_installation_service: bool = element("CertificateInstallationService")
    authorization_mode: EIMASResAuthorizationMode | PnCASResAuthorizationMode = choice(
        "EIM_ASResAuthorizationMode", "PnC_ASResAuthorizationMode"
    )


@message(ns=COMMON, root=True)
class AuthorizationReq(V2GRequest):
    """"""

    selected_authorization_service: Authorization = element("SelectedAuthorizationService")
    authorization_mode: EIMAReqAuthorizationMode | PnCAReqAuthorizationMode = choice(
        "EIM_AReqAuthorizationMode", "PnC_AReqAuthorizationMode"
    )


@message(ns=COMMON, root=True)
class AuthorizationRes(V2GResponse):
    """"""

    evse_processing: Processing = element("EVSEProcessing")


@message(ns=COMMON, root=True)
class ServiceDiscoveryReq(V2GRequest):
    """"""

    supported_service_ids: ServiceIDList | None = element("SupportedServiceIDs", default=None)


@message(ns=COMMON, root=True)
class ServiceDiscoveryRes(V2GResponse):
    """"""

    service_renegotiation_supported: bool = element("ServiceRenegotiationSupported")
    energy_transfer_service_list: ServiceList = element("EnergyTransferServiceList")
    vas_list: ServiceList | None = element("VASList", default=None)


@message(ns=COMMON, root=True)
class ServiceDetailReq(V2GRequest):
    """"""

    service_id: ServiceID = element("ServiceID")


@message(ns=COMMON, root=True)
class ServiceDetailRes(V2GResponse):
    """"""

    service_id: ServiceID = element("ServiceID")
    service_parameter_list: ServiceParameterList = element("ServiceParameterList")


@message(ns=COMMON, root=True)
class ServiceSelectionReq(V2GRequest):
    """"""

    selected_energy_transfer_service: SelectedService = element("SelectedEnergyTransferService")
    selected_vas_list: SelectedServiceList | None = element("SelectedVASList", default=None)


@message(ns=COMMON, root=True)
class ServiceSelectionRes(V2GResponse):
    """"""


@message(ns=COMMON, root=True)
class ScheduleExchangeReq(V2GRequest):
    """"""

    maximum_supporting_points: MaxSupportingPointsScheduleTuple = element("MaximumSupportingPoints")
    control_mode: DynamicSEReqControlMode | ScheduledSEReqControlMode = choice(
        "Dynamic_SEReqControlMode", "Scheduled_SEReqControlMode"
    )


@message(ns=COMMON, root=True)
class ScheduleExchangeRes(V2GResponse):
    """"""

    evse_processing: Processing = element("EVSEProcessing")
    go_to_pause: bool | None = element("GoToPause", default=None)
    control_mode: DynamicSEResControlMode | ScheduledSEResControlMode = choice(
        "Dynamic_SEResControlMode", "Scheduled_SEResControlMode"
    )


@message(ns=COMMON, root=True)
class PowerDeliveryReq(V2GRequest):
    """"""

    ev_processing: Processing = element("EVProcessing")
    charge_progress: ChargeProgress = element("ChargeProgress")
    ev_power_profile: EVPowerProfile | None = element("EVPowerProfile", default=None)
    bpt_channel_selection: ChannelSelection | None = element("BPT_ChannelSelection", default=None)


@message(ns=COMMON, root=True)
class PowerDeliveryRes(V2GResponse):
    """"""

    evse_status: EVSEStatus | None = element("EVSEStatus", default=None)


@message(ns=COMMON, root=True)
class MeteringConfirmationReq(V2GRequest):
    """"""

    signed_metering_data: SignedMeteringData = element("SignedMeteringData")


@message(ns=COMMON, root=True)
class MeteringConfirmationRes(V2GResponse):
    """"""


@message(ns=COMMON, root=True)
class SessionStopReq(V2GRequest):
    """"""

    charging_session: ChargingSession = element("ChargingSession")
    ev_termination_code: Name | None = element("EVTerminationCode", default=None)
    ev_termination_explanation: Description | None = element("EVTerminationExplanation", default=None)


@message(ns=COMMON, root=True)
class SessionStopRes(V2GResponse):
    """"""


@message(ns=COMMON, root=True)
class CertificateInstallationReq(V2GRequest):
    """"""

    oem_provisioning_certificate_chain: SignedCertificateChain = element("OEMProvisioningCertificateChain")
    list_of_root_certificate_ids: ListOfRootCertificateIDs = element("ListOfRootCertificateIDs")
    maximum_contract_certificate_chains: UnsignedByte = element("MaximumContractCertificateChains")
    prioritized_emaids: EMAIDList | None = element("PrioritizedEMAIDs", default=None)


@message(ns=COMMON, root=True)
class CertificateInstallationRes(V2GResponse):
    """"""

    evse_processing: Processing = element("EVSEProcessing")
    cps_certificate_chain: CertificateChain = element("CPSCertificateChain")
    signed_installation_data: SignedInstallationData = element("SignedInstallationData")
    remaining_contract_certificate_chains: UnsignedByte = element("RemainingContractCertificateChains")


@message(ns=COMMON, root=True)
class VehicleCheckInReq(V2GRequest):
    """"""

    ev_check_in_status: EvCheckInStatus = element("EVCheckInStatus")
    parking_method: ParkingMethod = element("ParkingMethod")
    vehicle_frame: Short | None = element("VehicleFrame", default=None)
    device_offset: Short | None = element("DeviceOffset", default=None)
    vehicle_travel: Short | None = element("VehicleTravel", default=None)


@message(ns=COMMON, root=True)
class VehicleCheckInRes(V2GResponse):
    """"""

    parking_space: Short | None = element("ParkingSpace", default=None)
    device_location: Short | None = element("DeviceLocation", default=None)
    target_distance: Short | None = element("TargetDistance", default=None)


@message(ns=COMMON, root=True)
class VehicleCheckOutReq(V2GRequest):
    """"""

    ev_check_out_status: EvCheckOutStatus = element("EVCheckOutStatus")
    check_out_time: UnsignedLong = element("CheckOutTime")


@message(ns=COMMON, root=True)
class VehicleCheckOutRes(V2GResponse):
    """"""

    evse_check_out_status: EvseCheckOutStatus = element("EVSECheckOutStatus")


@message(ns=COMMON, name="PnC_ASResAuthorizationMode")
class PnCASResAuthorizationMode(Record):
    """"""

    gen_challenge: GenChallenge = element("GenChallenge")
    supported_providers: SupportedProvidersList | None = element("SupportedProviders", default=None)


@message(ns=COMMON)
class SupportedProvidersList(Record):
    """"""

    provider_id: tuple[Name, ...] = element("ProviderID", occurs=(1, 128))


@message(ns=COMMON, name="EIM_ASResAuthorizationMode")
class EIMASResAuthorizationMode(Record):
    """"""


@message(ns=COMMON, name="PnC_AReqAuthorizationMode")
class PnCAReqAuthorizationMode(Record):
    """"""

    id: ID = attribute("Id")
    gen_challenge: GenChallenge = element("GenChallenge")
    contract_certificate_chain: ContractCertificateChain = element("ContractCertificateChain")


@message(ns=COMMON, name="EIM_AReqAuthorizationMode")
class EIMAReqAuthorizationMode(Record):
    """"""


@message(ns=COMMON)
class ServiceIDList(Record):
    """"""

    service_id: tuple[ServiceID, ...] = element("ServiceID", occurs=(1, 16))


@message(ns=COMMON)
class Service(Record):
    """"""

    service_id: ServiceID = element("ServiceID")
    free_service: bool = element("FreeService")


@message(ns=COMMON)
class ServiceList(Record):
    """"""

    service: tuple[Service, ...] = element("Service", occurs=(1, 8))


@message(ns=COMMON)
class SelectedService(Record):
    """"""

    service_id: ServiceID = element("ServiceID")
    parameter_set_id: ServiceID = element("ParameterSetID")


@message(ns=COMMON)
class SelectedServiceList(Record):
    """"""

    selected_service: tuple[SelectedService, ...] = element("SelectedService", occurs=(1, 16))


@message(ns=COMMON)
class Parameter(Record):
    """"""

    name: Name = attribute("Name")
    bool_value: bool | None = element("boolValue", choice="value", default=None)
    byte_value: Byte | None = element("byteValue", choice="value", default=None)
    short_value: Short | None = element("shortValue", choice="value", default=None)
    int_value: Int | None = element("intValue", choice="value", default=None)
    rational_number: RationalNumber | None = element("rationalNumber", choice="value", default=None)
    finite_string: Name | None = element("finiteString", choice="value", default=None)


@message(ns=COMMON)
class ParameterSet(Record):
    """"""

    parameter_set_id: ServiceID = element("ParameterSetID")
    parameter: tuple[Parameter, ...] = element("Parameter", occurs=(1, 32))


@message(ns=COMMON)
class ServiceParameterList(Record):
    """"""

    parameter_set: tuple[ParameterSet, ...] = element("ParameterSet", occurs=(1, 32))


@message(ns=COMMON)
class ScheduleTuple(Record):
    """"""

    schedule_tuple_id: NumericID = element("ScheduleTupleID")
    charging_schedule: ChargingSchedule = element("ChargingSchedule")
    discharging_schedule: ChargingSchedule | None = element("DischargingSchedule", default=None)


@message(ns=COMMON)
class ChargingSchedule(Record):
    """"""

    power_schedule: PowerSchedule = element("PowerSchedule")
    price_schedule: AbsolutePriceSchedule | PriceLevelSchedule | None = choice(
        "AbsolutePriceSchedule", "PriceLevelSchedule", default=None
    )


@message(ns=COMMON, name="Scheduled_SEReqControlMode")
class ScheduledSEReqControlMode(Record):
    """"""

    departure_time: UnsignedInt | None = element("DepartureTime", default=None)
    ev_target_energy_request: RationalNumber | None = element("EVTargetEnergyRequest", default=None)
    ev_maximum_energy_request: RationalNumber | None = element("EVMaximumEnergyRequest", default=None)
    ev_minimum_energy_request: RationalNumber | None = element("EVMinimumEnergyRequest", default=None)
    ev_energy_offer: EVEnergyOffer | None = element("EVEnergyOffer", default=None)


@message(ns=COMMON, name="Scheduled_SEResControlMode")
class ScheduledSEResControlMode(Record):
    """"""

    schedule_tuple: tuple[ScheduleTuple, ...] = element("ScheduleTuple", occurs=(1, 3))


@message(ns=COMMON, name="Dynamic_SEReqControlMode")
class DynamicSEReqControlMode(Record):
    """"""

    departure_time: UnsignedInt = element("DepartureTime")
    minimum_soc: PercentValue | None = element("MinimumSOC", default=None)
    target_soc: PercentValue | None = element("TargetSOC", default=None)
    ev_target_energy_request: RationalNumber = element("EVTargetEnergyRequest")
    ev_maximum_energy_request: RationalNumber = element("EVMaximumEnergyRequest")
    ev_minimum_energy_request: RationalNumber = element("EVMinimumEnergyRequest")
    ev_maximum_v2x_energy_request: RationalNumber | None = element("EVMaximumV2XEnergyRequest", default=None)
    ev_minimum_v2x_energy_request: RationalNumber | None = element("EVMinimumV2XEnergyRequest", default=None)


@message(ns=COMMON, name="Dynamic_SEResControlMode")
class DynamicSEResControlMode(Record):
    """"""

    departure_time: UnsignedInt | None = element("DepartureTime", default=None)
    minimum_soc: PercentValue | None = element("MinimumSOC", default=None)
    target_soc: PercentValue | None = element("TargetSOC", default=None)
    price_schedule: AbsolutePriceSchedule | PriceLevelSchedule | None = choice(
        "AbsolutePriceSchedule", "PriceLevelSchedule", default=None
    )


@message(ns=COMMON, root=True)
class SignedInstallationData(Record):
    """"""

    id: ID = attribute("Id")
    contract_certificate_chain: ContractCertificateChain = element("ContractCertificateChain")
    ecdh_curve: EcdhCurve = element("ECDHCurve")
    dh_public_key: DhPublicKey = element("DHPublicKey")
    secp521_encrypted_private_key: Secp521EncryptedPrivateKey | None = element(
        "SECP521_EncryptedPrivateKey", choice="value", default=None
    )
    x448_encrypted_private_key: X448EncryptedPrivateKey | None = element(
        "X448_EncryptedPrivateKey", choice="value", default=None
    )
    tpm_encrypted_private_key: TpmEncryptedPrivateKey | None = element(
        "TPM_EncryptedPrivateKey", choice="value", default=None
    )


@message(ns=COMMON, root=True)
class SignedMeteringData(Record):
    """"""

    id: ID = attribute("Id")
    session_id: SessionID = element("SessionID")
    meter_info: MeterInfo = element("MeterInfo")
    receipt: Receipt | None = element("Receipt", default=None)
    control_mode: DynamicSMDTControlMode | ScheduledSMDTControlMode = choice(
        "Dynamic_SMDTControlMode", "Scheduled_SMDTControlMode"
    )


@message(ns=COMMON, name="Scheduled_SMDTControlMode")
class ScheduledSMDTControlMode(Record):
    """"""

    selected_schedule_tuple_id: NumericID = element("SelectedScheduleTupleID")


@message(ns=COMMON, name="Dynamic_SMDTControlMode")
class DynamicSMDTControlMode(Record):
    """"""


@message(ns=COMMON)
class TargetPosition(Record):
    """"""

    target_offset_x: UnsignedShort = element("TargetOffsetX")
    target_offset_y: UnsignedShort = element("TargetOffsetY")


@message(ns=COMMON)
class PowerSchedule(Record):
    """"""

    time_anchor: UnsignedLong = element("TimeAnchor")
    available_energy: RationalNumber | None = element("AvailableEnergy", default=None)
    power_tolerance: RationalNumber | None = element("PowerTolerance", default=None)
    power_schedule_entries: PowerScheduleEntryList = element("PowerScheduleEntries")


@message(ns=COMMON)
class PowerScheduleEntryList(Record):
    """"""

    power_schedule_entry: tuple[PowerScheduleEntry, ...] = element("PowerScheduleEntry", occurs=(1, 1024))


@message(ns=COMMON)
class PowerScheduleEntry(Record):
    """"""

    duration: UnsignedInt = element("Duration")
    power: RationalNumber = element("Power")
    power_l2: RationalNumber | None = element("Power_L2", default=None)
    power_l3: RationalNumber | None = element("Power_L3", default=None)


@message(ns=COMMON, abstract=True)
class PriceSchedule(Record):
    """"""

    time_anchor: UnsignedLong = element("TimeAnchor")
    price_schedule_id: NumericID = element("PriceScheduleID")
    price_schedule_description: Description | None = element("PriceScheduleDescription", default=None)


@message(ns=COMMON)
class PriceLevelSchedule(PriceSchedule):
    """"""

    id: ID | None = attribute("Id", default=None)
    number_of_price_levels: UnsignedByte = element("NumberOfPriceLevels")
    price_level_schedule_entries: PriceLevelScheduleEntryList = element("PriceLevelScheduleEntries")


@message(ns=COMMON)
class PriceLevelScheduleEntryList(Record):
    """"""

    price_level_schedule_entry: tuple[PriceLevelScheduleEntry, ...] = element(
        "PriceLevelScheduleEntry", occurs=(1, 1024)
    )


@message(ns=COMMON)
class PriceLevelScheduleEntry(Record):
    """"""

    duration: UnsignedInt = element("Duration")
    price_level: UnsignedByte = element("PriceLevel")


@message(ns=COMMON)
class AbsolutePriceSchedule(PriceSchedule):
    """"""

    id: ID | None = attribute("Id", default=None)
    currency: Currency = element("Currency")
    language: Language = element("Language")
    price_algorithm: Identifier = element("PriceAlgorithm")
    minimum_cost: RationalNumber | None = element("MinimumCost", default=None)
    maximum_cost: RationalNumber | None = element("MaximumCost", default=None)
    tax_rules: TaxRuleList | None = element("TaxRules", default=None)
    price_rule_stacks: PriceRuleStackList = element("PriceRuleStacks")
    overstay_rules: OverstayRuleList | None = element("OverstayRules", default=None)
    additional_selected_services: AdditionalServiceList | None = element("AdditionalSelectedServices", default=None)


@message(ns=COMMON)
class TaxRuleList(Record):
    """"""

    tax_rule: tuple[TaxRule, ...] = element("TaxRule", occurs=(1, 10))


@message(ns=COMMON)
class TaxRule(Record):
    """"""

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
    """"""

    price_rule_stack: tuple[PriceRuleStack, ...] = element("PriceRuleStack", occurs=(1, 1024))


@message(ns=COMMON)
class PriceRuleStack(Record):
    """"""

    duration: UnsignedInt = element("Duration")
    price_rule: tuple[PriceRule, ...] = element("PriceRule", occurs=(1, 8))


@message(ns=COMMON)
class PriceRule(Record):
    """"""

    energy_fee: RationalNumber = element("EnergyFee")
    parking_fee: RationalNumber | None = element("ParkingFee", default=None)
    parking_fee_period: UnsignedInt | None = element("ParkingFeePeriod", default=None)
    carbon_dioxide_emission: UnsignedShort | None = element("CarbonDioxideEmission", default=None)
    renewable_generation_percentage: UnsignedByte | None = element("RenewableGenerationPercentage", default=None)
    power_range_start: RationalNumber = element("PowerRangeStart")


@message(ns=COMMON)
class OverstayRuleList(Record):
    """"""

    overstay_time_threshold: UnsignedInt | None = element("OverstayTimeThreshold", default=None)
    overstay_power_threshold: RationalNumber | None = element("OverstayPowerThreshold", default=None)
    overstay_rule: tuple[OverstayRule, ...] = element("OverstayRule", occurs=(1, 5))


@message(ns=COMMON)
class OverstayRule(Record):
    """"""

    overstay_rule_description: Description | None = element("OverstayRuleDescription", default=None)
    start_time: UnsignedInt = element("StartTime")
    overstay_fee: RationalNumber = element("OverstayFee")
    overstay_fee_period: UnsignedInt = element("OverstayFeePeriod")


@message(ns=COMMON)
class AdditionalServiceList(Record):
    """"""

    additional_service: tuple[AdditionalService, ...] = element("AdditionalService", occurs=(1, 5))


@message(ns=COMMON)
class AdditionalService(Record):
    """"""

    service_name: Name = element("ServiceName")
    service_fee: RationalNumber = element("ServiceFee")


@message(ns=COMMON)
class EVPowerProfileEntryList(Record):
    """"""

    ev_power_profile_entry: tuple[PowerScheduleEntry, ...] = element("EVPowerProfileEntry", occurs=(1, 2048))


@message(ns=COMMON)
class EVPowerProfile(Record):
    """"""

    time_anchor: UnsignedLong = element("TimeAnchor")
    control_mode: DynamicEVPPTControlMode | ScheduledEVPPTControlMode = choice(
        "Dynamic_EVPPTControlMode", "Scheduled_EVPPTControlMode"
    )
    ev_power_profile_entries: EVPowerProfileEntryList = element("EVPowerProfileEntries")


@message(ns=COMMON, name="Scheduled_EVPPTControlMode")
class ScheduledEVPPTControlMode(Record):
    """"""

    selected_schedule_tuple_id: NumericID = element("SelectedScheduleTupleID")
    power_tolerance_acceptance: PowerToleranceAcceptance | None = element("PowerToleranceAcceptance", default=None)


@message(ns=COMMON, name="Dynamic_EVPPTControlMode")
class DynamicEVPPTControlMode(Record):
    """"""


@message(ns=COMMON)
class EVEnergyOffer(Record):
    """"""

    ev_power_schedule: EVPowerSchedule = element("EVPowerSchedule")
    ev_absolute_price_schedule: EVAbsolutePriceSchedule = element("EVAbsolutePriceSchedule")


@message(ns=COMMON)
class EVPowerSchedule(Record):
    """"""

    time_anchor: UnsignedLong = element("TimeAnchor")
    ev_power_schedule_entries: EVPowerScheduleEntryList = element("EVPowerScheduleEntries")


@message(ns=COMMON)
class EVPowerScheduleEntryList(Record):
    """"""

    ev_power_schedule_entry: tuple[EVPowerScheduleEntry, ...] = element("EVPowerScheduleEntry", occurs=(1, 1024))


@message(ns=COMMON)
class EVPowerScheduleEntry(Record):
    """"""

    duration: UnsignedInt = element("Duration")
    power: RationalNumber = element("Power")


@message(ns=COMMON)
class EVAbsolutePriceSchedule(Record):
    """"""

    time_anchor: UnsignedLong = element("TimeAnchor")
    currency: Currency = element("Currency")
    price_algorithm: Identifier = element("PriceAlgorithm")
    ev_price_rule_stacks: EVPriceRuleStackList = element("EVPriceRuleStacks")


@message(ns=COMMON)
class EVPriceRuleStackList(Record):
    """"""

    ev_price_rule_stack: tuple[EVPriceRuleStack, ...] = element("EVPriceRuleStack", occurs=(1, 1024))


@message(ns=COMMON)
class EVPriceRuleStack(Record):
    """"""

    duration: UnsignedInt = element("Duration")
    ev_price_rule: tuple[EVPriceRule, ...] = element("EVPriceRule", occurs=(1, 8))


@message(ns=COMMON)
class EVPriceRule(Record):
    """"""

    energy_fee: RationalNumber = element("EnergyFee")
    power_range_start: RationalNumber = element("PowerRangeStart")


@message(ns=COMMON)
class EMAIDList(Record):
    """"""

    emaid: tuple[Identifier, ...] = element("EMAID", occurs=(1, 8))


@message(ns=COMMON)
class SubCertificates(Record):
    """"""

    certificate: tuple[Certificate, ...] = element("Certificate", occurs=(1, 3))


@message(ns=COMMON)
class CertificateChain(Record):
    """"""

    certificate: Certificate = element("Certificate")
    sub_certificates: SubCertificates | None = element("SubCertificates", default=None)


@message(ns=COMMON)
class SignedCertificateChain(Record):
    """"""

    id: ID = attribute("Id")
    certificate: Certificate = element("Certificate")
    sub_certificates: SubCertificates | None = element("SubCertificates", default=None)


@message(ns=COMMON)
class ContractCertificateChain(Record):
    """"""

    certificate: Certificate = element("Certificate")
    sub_certificates: SubCertificates = element("SubCertificates")
