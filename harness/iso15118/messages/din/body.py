"""DIN SPEC 70121 messages: what stands in the body of a V2G_Message."""

from __future__ import annotations

from harness.iso15118.messages.core import (
    DIN_BODY,
    DIN_TYPES,
    IDREF,
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
    """Opens a session (session id 0) or resumes a paused one (its id)."""

    evcc_id: EvccID = element("EVCCID")  # the vehicle's id


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class SessionSetupRes(BodyBase):
    """Tells the session id, in the header, and the station's id."""

    response_code: ResponseCode = element("ResponseCode")
    evse_id: EvseID = element("EVSEID")  # the station's id
    date_time_now: Long | None = element("DateTimeNow", default=None)  # seconds since 1970


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class ServiceDiscoveryReq(BodyBase):
    """Asks for services, all or of one scope or category."""

    service_scope: ServiceScope | None = element("ServiceScope", default=None)
    service_category: ServiceCategory | None = element("ServiceCategory", default=None)


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class ServiceDiscoveryRes(BodyBase):
    """Payment options, the charge service, and other services."""

    response_code: ResponseCode = element("ResponseCode")
    payment_options: PaymentOptions = element("PaymentOptions")
    charge_service: ServiceCharge = element("ChargeService")
    service_list: ServiceTagList | None = element("ServiceList", default=None)


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class ServiceDetailReq(BodyBase):
    """Asks for the parameter sets of a service."""

    service_id: ServiceID = element("ServiceID")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class ServiceDetailRes(BodyBase):
    """The parameter sets that a service can be selected with."""

    response_code: ResponseCode = element("ResponseCode")
    service_id: ServiceID = element("ServiceID")
    service_parameter_list: ServiceParameterList | None = element("ServiceParameterList", default=None)


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class ServicePaymentSelectionReq(BodyBase):
    """The payment option and the services that the vehicle takes."""

    selected_payment_option: PaymentOption = element("SelectedPaymentOption")
    selected_service_list: SelectedServiceList = element("SelectedServiceList")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class ServicePaymentSelectionRes(BodyBase):
    """Accepts or refuses the selection."""

    response_code: ResponseCode = element("ResponseCode")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class PaymentDetailsReq(BodyBase):
    """The contract that pays."""

    contract_id: ContractID = element("ContractID")
    contract_signature_cert_chain: CertificateChain = element("ContractSignatureCertChain")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class PaymentDetailsRes(BodyBase):
    """The challenge for the contract's key."""

    response_code: ResponseCode = element("ResponseCode")
    gen_challenge: GenChallenge = element("GenChallenge")
    date_time_now: Long = element("DateTimeNow")  # seconds since 1970


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class ContractAuthenticationReq(BodyBase):
    """Asks for authorization; with a contract, the challenge signed."""

    id: IDREF | None = attribute("Id", ns="", default=None)
    gen_challenge: GenChallenge | None = element("GenChallenge", default=None)


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class ContractAuthenticationRes(BodyBase):
    """Whether authorization has finished."""

    response_code: ResponseCode = element("ResponseCode")
    evse_processing: EVSEProcessing = element("EVSEProcessing")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class ChargeParameterDiscoveryReq(BodyBase):
    """The vehicle's charge parameters."""

    ev_requested_energy_transfer_type: EVRequestedEnergyTransfer = element("EVRequestedEnergyTransferType")
    ev_charge_parameter: EVChargeParameter = substitution("EVChargeParameter", ns=DIN_TYPES)


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class ChargeParameterDiscoveryRes(BodyBase):
    """The station's charge parameters and schedules; repeated while Ongoing."""

    response_code: ResponseCode = element("ResponseCode")
    evse_processing: EVSEProcessing = element("EVSEProcessing")
    sa_schedules: SASchedules = substitution("SASchedules", ns=DIN_TYPES)
    evse_charge_parameter: EVSEChargeParameter = substitution("EVSEChargeParameter", ns=DIN_TYPES)


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class PowerDeliveryReq(BodyBase):
    """Starts, stops or renegotiates power."""

    ready_to_charge_state: bool = element("ReadyToChargeState")
    charging_profile: ChargingProfile | None = element("ChargingProfile", default=None)
    ev_power_delivery_parameter: EVPowerDeliveryParameter | None = substitution(
        "EVPowerDeliveryParameter", ns=DIN_TYPES, default=None
    )


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class PowerDeliveryRes(BodyBase):
    """Whether power is on or off."""

    response_code: ResponseCode = element("ResponseCode")
    evse_status: EVSEStatus = substitution("EVSEStatus", ns=DIN_TYPES)


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class ChargingStatusReq(BodyBase):
    """Vehicle's turn of the AC charge loop."""


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class ChargingStatusRes(BodyBase):
    """Station's turn of the AC charge loop."""

    response_code: ResponseCode = element("ResponseCode")
    evse_id: EvseID = element("EVSEID")  # the station's id
    sa_schedule_tuple_id: SAID = element("SAScheduleTupleID")
    evse_max_current: PhysicalValue | None = element("EVSEMaxCurrent", default=None)  # A
    meter_info: MeterInfo | None = element("MeterInfo", default=None)
    receipt_required: bool = element("ReceiptRequired")
    ac_evse_status: ACEVSEStatus = element("AC_EVSEStatus")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class MeteringReceiptReq(BodyBase):
    """The meter reading, signed with the contract key."""

    id: IDREF | None = attribute("Id", ns="", default=None)
    session_id: SessionID = element("SessionID")
    sa_schedule_tuple_id: SAID | None = element("SAScheduleTupleID", default=None)
    meter_info: MeterInfo = element("MeterInfo")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class MeteringReceiptRes(BodyBase):
    """Acknowledges the signed reading."""

    response_code: ResponseCode = element("ResponseCode")
    ac_evse_status: ACEVSEStatus = element("AC_EVSEStatus")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class SessionStopReq(BodyBase):
    """Ends the session."""


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class SessionStopRes(BodyBase):
    """Acknowledges; the vehicle then closes the connection."""

    response_code: ResponseCode = element("ResponseCode")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class CertificateUpdateReq(BodyBase):
    """Asks to renew the contract certificate; signed with the old one."""

    id: IDREF | None = attribute("Id", ns="", default=None)
    contract_signature_cert_chain: CertificateChain = element("ContractSignatureCertChain")
    contract_id: ContractID = element("ContractID")
    list_of_root_certificate_ids: ListOfRootCertificateIDs = element("ListOfRootCertificateIDs")
    dh_params: DHParams = element("DHParams")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class CertificateUpdateRes(BodyBase):
    """The new contract certificate and its encrypted key."""

    id: IDREF = attribute("Id", ns="")
    response_code: ResponseCode = element("ResponseCode")
    contract_signature_cert_chain: CertificateChain = element("ContractSignatureCertChain")
    contract_signature_encrypted_private_key: PrivateKey = element("ContractSignatureEncryptedPrivateKey")
    dh_params: DHParams = element("DHParams")
    contract_id: ContractID = element("ContractID")
    retry_counter: Short = element("RetryCounter")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class CertificateInstallationReq(BodyBase):
    """Asks for a contract certificate; signed with the provisioning key."""

    id: IDREF | None = attribute("Id", ns="", default=None)
    oem_provisioning_cert: Certificate = element("OEMProvisioningCert")  # X.509, DER
    list_of_root_certificate_ids: ListOfRootCertificateIDs = element("ListOfRootCertificateIDs")
    dh_params: DHParams = element("DHParams")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class CertificateInstallationRes(BodyBase):
    """A contract certificate and its encrypted key."""

    id: IDREF = attribute("Id", ns="")
    response_code: ResponseCode = element("ResponseCode")
    contract_signature_cert_chain: CertificateChain = element("ContractSignatureCertChain")
    contract_signature_encrypted_private_key: PrivateKey = element("ContractSignatureEncryptedPrivateKey")
    dh_params: DHParams = element("DHParams")
    contract_id: ContractID = element("ContractID")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class CableCheckReq(BodyBase):
    """Asks to check the insulation; repeated while the station says Ongoing."""

    dc_ev_status: DCEVStatus = element("DC_EVStatus")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class CableCheckRes(BodyBase):
    """Whether the insulation check has finished."""

    response_code: ResponseCode = element("ResponseCode")
    dc_evse_status: DCEVSEStatus = element("DC_EVSEStatus")
    evse_processing: EVSEProcessing = element("EVSEProcessing")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class PreChargeReq(BodyBase):
    """Asks for the vehicle's voltage on the cable."""

    dc_ev_status: DCEVStatus = element("DC_EVStatus")
    ev_target_voltage: PhysicalValue = element("EVTargetVoltage")  # V
    ev_target_current: PhysicalValue = element("EVTargetCurrent")  # A


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class PreChargeRes(BodyBase):
    """The voltage on the cable."""

    response_code: ResponseCode = element("ResponseCode")
    dc_evse_status: DCEVSEStatus = element("DC_EVSEStatus")
    evse_present_voltage: PhysicalValue = element("EVSEPresentVoltage")  # V


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
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


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
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


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class WeldingDetectionReq(BodyBase):
    """Asks for the voltage while the vehicle opens its contactors."""

    dc_ev_status: DCEVStatus = element("DC_EVStatus")


@message(ns=DIN_BODY, root=True, substitutes="BodyElement")
class WeldingDetectionRes(BodyBase):
    """The voltage on the cable."""

    response_code: ResponseCode = element("ResponseCode")
    dc_evse_status: DCEVSEStatus = element("DC_EVSEStatus")
    evse_present_voltage: PhysicalValue = element("EVSEPresentVoltage")  # V
