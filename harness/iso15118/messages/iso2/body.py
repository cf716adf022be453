"""ISO 15118-2 messages: what stands in the body of a V2G_Message."""

from __future__ import annotations

from harness.iso15118.messages.core import (
    ID,
    ISO2_BODY,
    ISO2_TYPES,
    Long,
    Record,
    Short,
    UnsignedShort,
    attribute,
    element,
    message,
    substitution,
)
from harness.iso15118.messages.iso2.types import (
    EMAID,
    SAID,
    ACEVSEStatus,
    Certificate,
    CertificateChain,
    ChargeProgress,
    ChargeService,
    ChargingProfile,
    ChargingSession,
    ContractSignatureEncryptedPrivateKey,
    DCEVSEStatus,
    DCEVStatus,
    DiffieHellmanPublickey,
    EMAIDText,
    EnergyTransferMode,
    EvccID,
    EVChargeParameter,
    EVPowerDeliveryParameter,
    EVSEChargeParameter,
    EvseID,
    EVSEProcessing,
    EVSEStatus,
    GenChallenge,
    ListOfRootCertificateIDs,
    MeterInfo,
    PaymentOption,
    PaymentOptionList,
    PhysicalValue,
    ResponseCode,
    SASchedules,
    SelectedServiceList,
    ServiceCategory,
    ServiceID,
    ServiceList,
    ServiceParameterList,
    ServiceScope,
    SessionID,
)


@message(ns=ISO2_BODY)
class Body(Record):
    """Exactly one message, or nothing."""

    body_element: BodyBase | None = substitution("BodyElement", default=None)


@message(ns=ISO2_BODY, name="BodyElement", root=True, abstract=True)
class BodyBase(Record):
    """Head of all messages."""


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class SessionSetupReq(BodyBase):
    """Opens a session (session id 0) or resumes a paused one (its id)."""

    evcc_id: EvccID = element("EVCCID")  # the vehicle's id


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class SessionSetupRes(BodyBase):
    """Tells the session id, in the header, and the station's id."""

    response_code: ResponseCode = element("ResponseCode")
    evse_id: EvseID = element("EVSEID")  # the station's id
    evse_time_stamp: Long | None = element("EVSETimeStamp", default=None)  # seconds since 1970


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class ServiceDiscoveryReq(BodyBase):
    """Asks for services, all or of one scope or category."""

    service_scope: ServiceScope | None = element("ServiceScope", default=None)
    service_category: ServiceCategory | None = element("ServiceCategory", default=None)


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class ServiceDiscoveryRes(BodyBase):
    """Payment options, the charge service, and other services."""

    response_code: ResponseCode = element("ResponseCode")
    payment_option_list: PaymentOptionList = element("PaymentOptionList")
    charge_service: ChargeService = element("ChargeService")
    service_list: ServiceList | None = element("ServiceList", default=None)


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class ServiceDetailReq(BodyBase):
    """Asks for the parameter sets of a service."""

    service_id: ServiceID = element("ServiceID")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class ServiceDetailRes(BodyBase):
    """The parameter sets that a service can be selected with."""

    response_code: ResponseCode = element("ResponseCode")
    service_id: ServiceID = element("ServiceID")
    service_parameter_list: ServiceParameterList | None = element("ServiceParameterList", default=None)


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class PaymentServiceSelectionReq(BodyBase):
    """The payment option and the services that the vehicle takes."""

    selected_payment_option: PaymentOption = element("SelectedPaymentOption")
    selected_service_list: SelectedServiceList = element("SelectedServiceList")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class PaymentServiceSelectionRes(BodyBase):
    """Accepts or refuses the selection."""

    response_code: ResponseCode = element("ResponseCode")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class PaymentDetailsReq(BodyBase):
    """The contract that pays."""

    emaid: EMAIDText = element("eMAID")
    contract_signature_cert_chain: CertificateChain = element("ContractSignatureCertChain")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class PaymentDetailsRes(BodyBase):
    """The challenge for the contract's key."""

    response_code: ResponseCode = element("ResponseCode")
    gen_challenge: GenChallenge = element("GenChallenge")  # 16 random octets
    evse_time_stamp: Long = element("EVSETimeStamp")  # seconds since 1970


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class AuthorizationReq(BodyBase):
    """Asks for authorization; with a contract, the challenge echoed and signed."""

    id: ID | None = attribute("Id", default=None)
    gen_challenge: GenChallenge | None = element("GenChallenge", default=None)  # 16 random octets


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class AuthorizationRes(BodyBase):
    """Whether authorization has finished."""

    response_code: ResponseCode = element("ResponseCode")
    evse_processing: EVSEProcessing = element("EVSEProcessing")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class ChargeParameterDiscoveryReq(BodyBase):
    """The vehicle's charge parameters."""

    max_entries_sa_schedule_tuple: UnsignedShort | None = element("MaxEntriesSAScheduleTuple", default=None)
    requested_energy_transfer_mode: EnergyTransferMode = element("RequestedEnergyTransferMode")
    ev_charge_parameter: EVChargeParameter = substitution("EVChargeParameter", ns=ISO2_TYPES)


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class ChargeParameterDiscoveryRes(BodyBase):
    """The station's charge parameters and schedules; repeated while Ongoing."""

    response_code: ResponseCode = element("ResponseCode")
    evse_processing: EVSEProcessing = element("EVSEProcessing")
    sa_schedules: SASchedules | None = substitution("SASchedules", ns=ISO2_TYPES, default=None)
    evse_charge_parameter: EVSEChargeParameter = substitution("EVSEChargeParameter", ns=ISO2_TYPES)


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class PowerDeliveryReq(BodyBase):
    """Starts, stops or renegotiates power."""

    charge_progress: ChargeProgress = element("ChargeProgress")
    sa_schedule_tuple_id: SAID = element("SAScheduleTupleID")
    charging_profile: ChargingProfile | None = element("ChargingProfile", default=None)
    ev_power_delivery_parameter: EVPowerDeliveryParameter | None = substitution(
        "EVPowerDeliveryParameter", ns=ISO2_TYPES, default=None
    )


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class PowerDeliveryRes(BodyBase):
    """Whether power is on or off."""

    response_code: ResponseCode = element("ResponseCode")
    evse_status: EVSEStatus = substitution("EVSEStatus", ns=ISO2_TYPES)


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class MeteringReceiptReq(BodyBase):
    """The meter reading, signed with the contract key."""

    id: ID | None = attribute("Id", default=None)
    session_id: SessionID = element("SessionID")
    sa_schedule_tuple_id: SAID | None = element("SAScheduleTupleID", default=None)
    meter_info: MeterInfo = element("MeterInfo")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class MeteringReceiptRes(BodyBase):
    """Acknowledges the signed reading."""

    response_code: ResponseCode = element("ResponseCode")
    evse_status: EVSEStatus = substitution("EVSEStatus", ns=ISO2_TYPES)


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class SessionStopReq(BodyBase):
    """Ends or pauses the session."""

    charging_session: ChargingSession = element("ChargingSession")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class SessionStopRes(BodyBase):
    """Acknowledges; the vehicle then closes the connection."""

    response_code: ResponseCode = element("ResponseCode")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class CertificateUpdateReq(BodyBase):
    """Asks to renew the contract certificate; signed with the old one."""

    id: ID = attribute("Id")
    contract_signature_cert_chain: CertificateChain = element("ContractSignatureCertChain")
    emaid: EMAIDText = element("eMAID")
    list_of_root_certificate_ids: ListOfRootCertificateIDs = element("ListOfRootCertificateIDs")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class CertificateUpdateRes(BodyBase):
    """The new contract certificate and its encrypted key."""

    response_code: ResponseCode = element("ResponseCode")
    sa_provisioning_certificate_chain: CertificateChain = element("SAProvisioningCertificateChain")
    contract_signature_cert_chain: CertificateChain = element("ContractSignatureCertChain")
    contract_signature_encrypted_private_key: ContractSignatureEncryptedPrivateKey = element(
        "ContractSignatureEncryptedPrivateKey"
    )
    dh_publickey: DiffieHellmanPublickey = element("DHpublickey")
    emaid: EMAID = element("eMAID")
    retry_counter: Short | None = element("RetryCounter", default=None)


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class CertificateInstallationReq(BodyBase):
    """Asks for a contract certificate; signed with the provisioning key."""

    id: ID = attribute("Id")
    oem_provisioning_cert: Certificate = element("OEMProvisioningCert")  # X.509, DER
    list_of_root_certificate_ids: ListOfRootCertificateIDs = element("ListOfRootCertificateIDs")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class CertificateInstallationRes(BodyBase):
    """A contract certificate and its encrypted key."""

    response_code: ResponseCode = element("ResponseCode")
    sa_provisioning_certificate_chain: CertificateChain = element("SAProvisioningCertificateChain")
    contract_signature_cert_chain: CertificateChain = element("ContractSignatureCertChain")
    contract_signature_encrypted_private_key: ContractSignatureEncryptedPrivateKey = element(
        "ContractSignatureEncryptedPrivateKey"
    )
    dh_publickey: DiffieHellmanPublickey = element("DHpublickey")
    emaid: EMAID = element("eMAID")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class ChargingStatusReq(BodyBase):
    """Vehicle's turn of the AC charge loop."""


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class ChargingStatusRes(BodyBase):
    """Station's turn of the AC charge loop."""

    response_code: ResponseCode = element("ResponseCode")
    evse_id: EvseID = element("EVSEID")  # the station's id
    sa_schedule_tuple_id: SAID = element("SAScheduleTupleID")
    evse_max_current: PhysicalValue | None = element("EVSEMaxCurrent", default=None)  # A
    meter_info: MeterInfo | None = element("MeterInfo", default=None)
    receipt_required: bool | None = element("ReceiptRequired", default=None)
    ac_evse_status: ACEVSEStatus = element("AC_EVSEStatus")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class CableCheckReq(BodyBase):
    """Asks to check the insulation; repeated while the station says Ongoing."""

    dc_ev_status: DCEVStatus = element("DC_EVStatus")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class CableCheckRes(BodyBase):
    """Whether the insulation check has finished."""

    response_code: ResponseCode = element("ResponseCode")
    dc_evse_status: DCEVSEStatus = element("DC_EVSEStatus")
    evse_processing: EVSEProcessing = element("EVSEProcessing")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class PreChargeReq(BodyBase):
    """Asks for the vehicle's voltage on the cable."""

    dc_ev_status: DCEVStatus = element("DC_EVStatus")
    ev_target_voltage: PhysicalValue = element("EVTargetVoltage")  # V
    ev_target_current: PhysicalValue = element("EVTargetCurrent")  # A


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class PreChargeRes(BodyBase):
    """The voltage on the cable."""

    response_code: ResponseCode = element("ResponseCode")
    dc_evse_status: DCEVSEStatus = element("DC_EVSEStatus")
    evse_present_voltage: PhysicalValue = element("EVSEPresentVoltage")  # V


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class CurrentDemandReq(BodyBase):
    """Vehicle's turn of the DC charge loop: what it wants."""

    dc_ev_status: DCEVStatus = element("DC_EVStatus")
    ev_target_current: PhysicalValue = element("EVTargetCurrent")  # A
    ev_maximum_voltage_limit: PhysicalValue | None = element("EVMaximumVoltageLimit", default=None)  # V
    ev_maximum_current_limit: PhysicalValue | None = element("EVMaximumCurrentLimit", default=None)  # A
    ev_maximum_power_limit: PhysicalValue | None = element("EVMaximumPowerLimit", default=None)  # W
    bulk_charging_complete: bool | None = element("BulkChargingComplete", default=None)
    charging_complete: bool = element("ChargingComplete")
    remaining_time_to_full_soc: PhysicalValue | None = element("RemainingTimeToFullSoC", default=None)  # s
    remaining_time_to_bulk_soc: PhysicalValue | None = element("RemainingTimeToBulkSoC", default=None)  # s
    ev_target_voltage: PhysicalValue = element("EVTargetVoltage")  # V


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class CurrentDemandRes(BodyBase):
    """Station's turn of the DC charge loop: what is measured, and which limit has been met."""

    response_code: ResponseCode = element("ResponseCode")
    dc_evse_status: DCEVSEStatus = element("DC_EVSEStatus")
    evse_present_voltage: PhysicalValue = element("EVSEPresentVoltage")  # V
    evse_present_current: PhysicalValue = element("EVSEPresentCurrent")  # A
    evse_current_limit_achieved: bool = element("EVSECurrentLimitAchieved")
    evse_voltage_limit_achieved: bool = element("EVSEVoltageLimitAchieved")
    evse_power_limit_achieved: bool = element("EVSEPowerLimitAchieved")
    evse_maximum_voltage_limit: PhysicalValue | None = element("EVSEMaximumVoltageLimit", default=None)  # V
    evse_maximum_current_limit: PhysicalValue | None = element("EVSEMaximumCurrentLimit", default=None)  # A
    evse_maximum_power_limit: PhysicalValue | None = element("EVSEMaximumPowerLimit", default=None)  # W
    evse_id: EvseID = element("EVSEID")  # the station's id
    sa_schedule_tuple_id: SAID = element("SAScheduleTupleID")
    meter_info: MeterInfo | None = element("MeterInfo", default=None)
    receipt_required: bool | None = element("ReceiptRequired", default=None)


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class WeldingDetectionReq(BodyBase):
    """Asks for the voltage while the vehicle opens its contactors."""

    dc_ev_status: DCEVStatus = element("DC_EVStatus")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class WeldingDetectionRes(BodyBase):
    """The voltage on the cable."""

    response_code: ResponseCode = element("ResponseCode")
    dc_evse_status: DCEVSEStatus = element("DC_EVSEStatus")
    evse_present_voltage: PhysicalValue = element("EVSEPresentVoltage")  # V
