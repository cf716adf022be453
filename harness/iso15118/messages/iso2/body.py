"""ISO 15118-2 message bodies."""

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
    """"""

    body_element: BodyBase | None = substitution("BodyElement", default=None)


@message(ns=ISO2_BODY, name="BodyElement", root=True, abstract=True)
class BodyBase(Record):
    """"""


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class SessionSetupReq(BodyBase):
    """"""

    evcc_id: EvccID = element("EVCCID")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class SessionSetupRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")
    evse_id: EvseID = element("EVSEID")
    evse_time_stamp: Long | None = element("EVSETimeStamp", default=None)


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class ServiceDiscoveryReq(BodyBase):
    """"""

    service_scope: ServiceScope | None = element("ServiceScope", default=None)
    service_category: ServiceCategory | None = element("ServiceCategory", default=None)


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class ServiceDiscoveryRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")
    payment_option_list: PaymentOptionList = element("PaymentOptionList")
    charge_service: ChargeService = element("ChargeService")
    service_list: ServiceList | None = element("ServiceList", default=None)


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class ServiceDetailReq(BodyBase):
    """"""

    service_id: ServiceID = element("ServiceID")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class ServiceDetailRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")
    service_id: ServiceID = element("ServiceID")
    service_parameter_list: ServiceParameterList | None = element("ServiceParameterList", default=None)


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class PaymentServiceSelectionReq(BodyBase):
    """"""

    selected_payment_option: PaymentOption = element("SelectedPaymentOption")
    selected_service_list: SelectedServiceList = element("SelectedServiceList")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class PaymentServiceSelectionRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class PaymentDetailsReq(BodyBase):
    """"""

    emaid: EMAIDText = element("eMAID")
    contract_signature_cert_chain: CertificateChain = element("ContractSignatureCertChain")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class PaymentDetailsRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")
    gen_challenge: GenChallenge = element("GenChallenge")
    evse_time_stamp: Long = element("EVSETimeStamp")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class AuthorizationReq(BodyBase):
    """"""

    id: ID | None = attribute("Id", default=None)
    gen_challenge: GenChallenge | None = element("GenChallenge", default=None)


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class AuthorizationRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")
    evse_processing: EVSEProcessing = element("EVSEProcessing")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class ChargeParameterDiscoveryReq(BodyBase):
    """"""

    max_entries_sa_schedule_tuple: UnsignedShort | None = element("MaxEntriesSAScheduleTuple", default=None)
    requested_energy_transfer_mode: EnergyTransferMode = element("RequestedEnergyTransferMode")
    ev_charge_parameter: EVChargeParameter = substitution("EVChargeParameter", ns=ISO2_TYPES)


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class ChargeParameterDiscoveryRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")
    evse_processing: EVSEProcessing = element("EVSEProcessing")
    sa_schedules: SASchedules | None = substitution("SASchedules", ns=ISO2_TYPES, default=None)
    evse_charge_parameter: EVSEChargeParameter = substitution("EVSEChargeParameter", ns=ISO2_TYPES)


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class PowerDeliveryReq(BodyBase):
    """"""

    charge_progress: ChargeProgress = element("ChargeProgress")
    sa_schedule_tuple_id: SAID = element("SAScheduleTupleID")
    charging_profile: ChargingProfile | None = element("ChargingProfile", default=None)
    ev_power_delivery_parameter: EVPowerDeliveryParameter | None = substitution(
        "EVPowerDeliveryParameter", ns=ISO2_TYPES, default=None
    )


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class PowerDeliveryRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")
    evse_status: EVSEStatus = substitution("EVSEStatus", ns=ISO2_TYPES)


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class MeteringReceiptReq(BodyBase):
    """"""

    id: ID | None = attribute("Id", default=None)
    session_id: SessionID = element("SessionID")
    sa_schedule_tuple_id: SAID | None = element("SAScheduleTupleID", default=None)
    meter_info: MeterInfo = element("MeterInfo")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class MeteringReceiptRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")
    evse_status: EVSEStatus = substitution("EVSEStatus", ns=ISO2_TYPES)


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class SessionStopReq(BodyBase):
    """"""

    charging_session: ChargingSession = element("ChargingSession")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class SessionStopRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class CertificateUpdateReq(BodyBase):
    """"""

    id: ID = attribute("Id")
    contract_signature_cert_chain: CertificateChain = element("ContractSignatureCertChain")
    emaid: EMAIDText = element("eMAID")
    list_of_root_certificate_ids: ListOfRootCertificateIDs = element("ListOfRootCertificateIDs")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class CertificateUpdateRes(BodyBase):
    """"""

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
    """"""

    id: ID = attribute("Id")
    oem_provisioning_cert: Certificate = element("OEMProvisioningCert")
    list_of_root_certificate_ids: ListOfRootCertificateIDs = element("ListOfRootCertificateIDs")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class CertificateInstallationRes(BodyBase):
    """"""

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
    """"""


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class ChargingStatusRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")
    evse_id: EvseID = element("EVSEID")
    sa_schedule_tuple_id: SAID = element("SAScheduleTupleID")
    evse_max_current: PhysicalValue | None = element("EVSEMaxCurrent", default=None)
    meter_info: MeterInfo | None = element("MeterInfo", default=None)
    receipt_required: bool | None = element("ReceiptRequired", default=None)
    ac_evse_status: ACEVSEStatus = element("AC_EVSEStatus")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class CableCheckReq(BodyBase):
    """"""

    dc_ev_status: DCEVStatus = element("DC_EVStatus")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class CableCheckRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")
    dc_evse_status: DCEVSEStatus = element("DC_EVSEStatus")
    evse_processing: EVSEProcessing = element("EVSEProcessing")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class PreChargeReq(BodyBase):
    """"""

    dc_ev_status: DCEVStatus = element("DC_EVStatus")
    ev_target_voltage: PhysicalValue = element("EVTargetVoltage")
    ev_target_current: PhysicalValue = element("EVTargetCurrent")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class PreChargeRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")
    dc_evse_status: DCEVSEStatus = element("DC_EVSEStatus")
    evse_present_voltage: PhysicalValue = element("EVSEPresentVoltage")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class CurrentDemandReq(BodyBase):
    """"""

    dc_ev_status: DCEVStatus = element("DC_EVStatus")
    ev_target_current: PhysicalValue = element("EVTargetCurrent")
    ev_maximum_voltage_limit: PhysicalValue | None = element("EVMaximumVoltageLimit", default=None)
    ev_maximum_current_limit: PhysicalValue | None = element("EVMaximumCurrentLimit", default=None)
    ev_maximum_power_limit: PhysicalValue | None = element("EVMaximumPowerLimit", default=None)
    bulk_charging_complete: bool | None = element("BulkChargingComplete", default=None)
    charging_complete: bool = element("ChargingComplete")
    remaining_time_to_full_soc: PhysicalValue | None = element("RemainingTimeToFullSoC", default=None)
    remaining_time_to_bulk_soc: PhysicalValue | None = element("RemainingTimeToBulkSoC", default=None)
    ev_target_voltage: PhysicalValue = element("EVTargetVoltage")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class CurrentDemandRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")
    dc_evse_status: DCEVSEStatus = element("DC_EVSEStatus")
    evse_present_voltage: PhysicalValue = element("EVSEPresentVoltage")
    evse_present_current: PhysicalValue = element("EVSEPresentCurrent")
    evse_current_limit_achieved: bool = element("EVSECurrentLimitAchieved")
    evse_voltage_limit_achieved: bool = element("EVSEVoltageLimitAchieved")
    evse_power_limit_achieved: bool = element("EVSEPowerLimitAchieved")
    evse_maximum_voltage_limit: PhysicalValue | None = element("EVSEMaximumVoltageLimit", default=None)
    evse_maximum_current_limit: PhysicalValue | None = element("EVSEMaximumCurrentLimit", default=None)
    evse_maximum_power_limit: PhysicalValue | None = element("EVSEMaximumPowerLimit", default=None)
    evse_id: EvseID = element("EVSEID")
    sa_schedule_tuple_id: SAID = element("SAScheduleTupleID")
    meter_info: MeterInfo | None = element("MeterInfo", default=None)
    receipt_required: bool | None = element("ReceiptRequired", default=None)


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class WeldingDetectionReq(BodyBase):
    """"""

    dc_ev_status: DCEVStatus = element("DC_EVStatus")


@message(ns=ISO2_BODY, root=True, substitutes="BodyElement")
class WeldingDetectionRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")
    dc_evse_status: DCEVSEStatus = element("DC_EVSEStatus")
    evse_present_voltage: PhysicalValue = element("EVSEPresentVoltage")
