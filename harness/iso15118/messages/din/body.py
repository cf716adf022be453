"""DIN SPEC 70121 message bodies."""

from __future__ import annotations

from harness.iso15118.messages.core import (
    DIN_BODY,
    DIN_TYPES,
    ID,
    Long,
    Short,
    attribute,
    element,
    message,
    substitution,
)
from harness.iso15118.messages.din.document import BodyBase
from harness.iso15118.messages.din.types import (
    SAID,
    ACEVSEStatus,
    Certificate,
    CertificateChain,
    ChargingProfile,
    ContractID,
    DCEVSEStatus,
    DCEVStatus,
    DHParams,
    EvccID,
    EVChargeParameter,
    EVPowerDeliveryParameter,
    EVRequestedEnergyTransfer,
    EVSEChargeParameter,
    EvseID,
    EVSEProcessing,
    EVSEStatus,
    GenChallenge,
    ListOfRootCertificateIDs,
    MeterInfo,
    PaymentOption,
    PaymentOptions,
    PhysicalValue,
    PrivateKey,
    ResponseCode,
    SASchedules,
    SelectedServiceList,
    ServiceCategory,
    ServiceCharge,
    ServiceID,
    ServiceParameterList,
    ServiceScope,
    ServiceTagList,
    SessionID,
)


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class SessionSetupReq(BodyBase):
    """"""

    evcc_id: EvccID = element("EVCCID")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class SessionSetupRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")
    evse_id: EvseID = element("EVSEID")
    date_time_now: Long | None = element("DateTimeNow", default=None)


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class ServiceDiscoveryReq(BodyBase):
    """"""

    service_scope: ServiceScope | None = element("ServiceScope", default=None)
    service_category: ServiceCategory | None = element("ServiceCategory", default=None)


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class ServiceDiscoveryRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")
    payment_options: PaymentOptions = element("PaymentOptions")
    charge_service: ServiceCharge = element("ChargeService")
    service_list: ServiceTagList | None = element("ServiceList", default=None)


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class ServiceDetailReq(BodyBase):
    """"""

    service_id: ServiceID = element("ServiceID")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class ServiceDetailRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")
    service_id: ServiceID = element("ServiceID")
    service_parameter_list: ServiceParameterList | None = element("ServiceParameterList", default=None)


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class ServicePaymentSelectionReq(BodyBase):
    """"""

    selected_payment_option: PaymentOption = element("SelectedPaymentOption")
    selected_service_list: SelectedServiceList = element("SelectedServiceList")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class ServicePaymentSelectionRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class PaymentDetailsReq(BodyBase):
    """"""

    contract_id: ContractID = element("ContractID")
    contract_signature_cert_chain: CertificateChain = element("ContractSignatureCertChain")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class PaymentDetailsRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")
    gen_challenge: GenChallenge = element("GenChallenge")
    date_time_now: Long = element("DateTimeNow")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class ContractAuthenticationReq(BodyBase):
    """"""

    id: ID | None = attribute("Id", ns="", default=None)
    gen_challenge: GenChallenge | None = element("GenChallenge", default=None)


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class ContractAuthenticationRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")
    evse_processing: EVSEProcessing = element("EVSEProcessing")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class ChargeParameterDiscoveryReq(BodyBase):
    """"""

    ev_requested_energy_transfer_type: EVRequestedEnergyTransfer = element("EVRequestedEnergyTransferType")
    ev_charge_parameter: EVChargeParameter = substitution("EVChargeParameter", ns=DIN_TYPES)


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class ChargeParameterDiscoveryRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")
    evse_processing: EVSEProcessing = element("EVSEProcessing")
    sa_schedules: SASchedules = substitution("SASchedules", ns=DIN_TYPES)
    evse_charge_parameter: EVSEChargeParameter = substitution("EVSEChargeParameter", ns=DIN_TYPES)


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class PowerDeliveryReq(BodyBase):
    """"""

    ready_to_charge_state: bool = element("ReadyToChargeState")
    charging_profile: ChargingProfile | None = element("ChargingProfile", default=None)
    ev_power_delivery_parameter: EVPowerDeliveryParameter | None = substitution(
        "EVPowerDeliveryParameter", ns=DIN_TYPES, default=None
    )


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class PowerDeliveryRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")
    evse_status: EVSEStatus = substitution("EVSEStatus", ns=DIN_TYPES)


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class ChargingStatusReq(BodyBase):
    """"""


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class ChargingStatusRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")
    evse_id: EvseID = element("EVSEID")
    sa_schedule_tuple_id: SAID = element("SAScheduleTupleID")
    evse_max_current: PhysicalValue | None = element("EVSEMaxCurrent", default=None)
    meter_info: MeterInfo | None = element("MeterInfo", default=None)
    receipt_required: bool = element("ReceiptRequired")
    ac_evse_status: ACEVSEStatus = element("AC_EVSEStatus")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class MeteringReceiptReq(BodyBase):
    """"""

    id: ID | None = attribute("Id", ns="", default=None)
    session_id: SessionID = element("SessionID")
    sa_schedule_tuple_id: SAID | None = element("SAScheduleTupleID", default=None)
    meter_info: MeterInfo = element("MeterInfo")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class MeteringReceiptRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")
    ac_evse_status: ACEVSEStatus = element("AC_EVSEStatus")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class SessionStopReq(BodyBase):
    """"""


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class SessionStopRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class CertificateUpdateReq(BodyBase):
    """"""

    id: ID | None = attribute("Id", ns="", default=None)
    contract_signature_cert_chain: CertificateChain = element("ContractSignatureCertChain")
    contract_id: ContractID = element("ContractID")
    list_of_root_certificate_ids: ListOfRootCertificateIDs = element("ListOfRootCertificateIDs")
    dh_params: DHParams = element("DHParams")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class CertificateUpdateRes(BodyBase):
    """"""

    id: ID = attribute("Id", ns="")
    response_code: ResponseCode = element("ResponseCode")
    contract_signature_cert_chain: CertificateChain = element("ContractSignatureCertChain")
    contract_signature_encrypted_private_key: PrivateKey = element("ContractSignatureEncryptedPrivateKey")
    dh_params: DHParams = element("DHParams")
    contract_id: ContractID = element("ContractID")
    retry_counter: Short = element("RetryCounter")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class CertificateInstallationReq(BodyBase):
    """"""

    id: ID | None = attribute("Id", ns="", default=None)
    oem_provisioning_cert: Certificate = element("OEMProvisioningCert")
    list_of_root_certificate_ids: ListOfRootCertificateIDs = element("ListOfRootCertificateIDs")
    dh_params: DHParams = element("DHParams")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class CertificateInstallationRes(BodyBase):
    """"""

    id: ID = attribute("Id", ns="")
    response_code: ResponseCode = element("ResponseCode")
    contract_signature_cert_chain: CertificateChain = element("ContractSignatureCertChain")
    contract_signature_encrypted_private_key: PrivateKey = element("ContractSignatureEncryptedPrivateKey")
    dh_params: DHParams = element("DHParams")
    contract_id: ContractID = element("ContractID")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class CableCheckReq(BodyBase):
    """"""

    dc_ev_status: DCEVStatus = element("DC_EVStatus")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class CableCheckRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")
    dc_evse_status: DCEVSEStatus = element("DC_EVSEStatus")
    evse_processing: EVSEProcessing = element("EVSEProcessing")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class PreChargeReq(BodyBase):
    """"""

    dc_ev_status: DCEVStatus = element("DC_EVStatus")
    ev_target_voltage: PhysicalValue = element("EVTargetVoltage")
    ev_target_current: PhysicalValue = element("EVTargetCurrent")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class PreChargeRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")
    dc_evse_status: DCEVSEStatus = element("DC_EVSEStatus")
    evse_present_voltage: PhysicalValue = element("EVSEPresentVoltage")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
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


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
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


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class WeldingDetectionReq(BodyBase):
    """"""

    dc_ev_status: DCEVStatus = element("DC_EVStatus")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class WeldingDetectionRes(BodyBase):
    """"""

    response_code: ResponseCode = element("ResponseCode")
    dc_evse_status: DCEVSEStatus = element("DC_EVSEStatus")
    evse_present_voltage: PhysicalValue = element("EVSEPresentVoltage")
