"""The vehicle's part of Plug & Charge: its contract shown and signed, a contract installed, metering confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.exi.declare import Record
from harness.iso15118.credential import Credential
from harness.iso15118.installation import NotInstallable, unseal
from harness.iso15118.messages import common
from harness.iso15118.messages.common_types import ListOfRootCertificateIDs, MessageHeader
from harness.iso15118.messages.dsig import X509IssuerSerial
from harness.iso15118.pki import check_chain
from harness.iso15118.quantities import changed
from harness.iso15118.secc_contract import read_chain, write_chain
from harness.iso15118.services import Control
from harness.iso15118.signature import sign, verify

if TYPE_CHECKING:
    from harness.iso15118.evcc import EvccSession


def contract_request(session: EvccSession, header: MessageHeader, contract: Credential) -> Record:
    """AuthorizationReq with the contract, the challenge's echo and the signature over both."""
    mode = common.PnCAReqAuthorizationMode(
        id="id1",
        gen_challenge=session.challenge,
        contract_certificate_chain=common.ContractCertificateChain(**write_chain(contract.leaf, contract.subs)),
    )
    return common.AuthorizationReq(
        header=_signed(session, header, mode, contract),
        selected_authorization_service=common.Authorization.PnC,
        authorization_mode=mode,
    )


def installation_request(session: EvccSession, header: MessageHeader) -> Record:
    """CertificateInstallationReq, signed with the provisioning key; raises LocalProtocolError without one."""
    from harness.iso15118.errors import LocalProtocolError

    mine = session.config.provisioning
    if mine is None:
        raise LocalProtocolError("the vehicle has no provisioning certificate to ask with")
    chain = common.SignedCertificateChain(id="id1", **write_chain(mine.leaf, mine.subs))
    roots = session.config.trusted_roots or (mine.subs[-1] if mine.subs else mine.leaf,)
    return common.CertificateInstallationReq(
        header=_signed(session, header, chain, mine),
        oem_provisioning_certificate_chain=chain,
        list_of_root_certificate_ids=ListOfRootCertificateIDs(
            root_certificate_id=tuple(
                X509IssuerSerial(x509_issuer_name=one.issuer.rfc4514_string(), x509_serial_number=one.serial_number)
                for one in roots
            )
        ),
        maximum_contract_certificate_chains=session.config.contracts,
        prioritized_emaids=common.EMAIDList(emaid=wanted) if (wanted := session.config.prioritized_emaids) else None,
    )


def take_contract(session: EvccSession, response: Any) -> None:
    """Check and open what was installed; the reason of a failure ends the session."""
    if response.evse_processing != "Finished":
        return
    if not str(response.response_code).startswith("OK"):
        session.installation_offered = False
        return
    data = response.signed_installation_data
    receiver = session.config.provisioning
    assert receiver is not None
    try:
        signers = read_chain(response.cps_certificate_chain)
        chain = read_chain(data.contract_certificate_chain)
        checked = verify(response.header.signature, [data], signers[0])
        if not (checked.good or session.believes_any_installation):
            raise NotInstallable(f"installation data: {checked.problem}")
        if session.config.trusted_roots:
            problem = check_chain(signers, session.config.trusted_roots, session.utc())
            if problem:
                raise NotInstallable(f"the provisioning service's chain: {problem.value}")
        key = unseal(data.dh_public_key, data.secp521_encrypted_private_key or b"", chain[0], receiver)
    except ValueError as problem:
        session.stop_for(f"contract not installed: {problem}")
        return
    session.installed = Credential(key, chain[0], chain[1:])
    session.contracts_taken += 1
    more = int(response.remaining_contract_certificate_chains) > 0
    session.contracts_remain = more and session.contracts_taken < session.config.contracts
    session.authorization = "PnC" if session.challenge else "EIM"


def metering_request(session: EvccSession, header: MessageHeader) -> Record:
    """MeteringConfirmationReq over the last meter reading, signed with the contract where there is one."""
    from harness.iso15118.errors import LocalProtocolError

    if session.meter is None:
        raise LocalProtocolError("the station has sent no meter reading to confirm")
    scheduled = session.offer.control is Control.SCHEDULED
    data = common.SignedMeteringData(
        id="id1",
        session_id=session.session_id,
        meter_info=session.meter,
        control_mode=common.ScheduledSMDTControlMode(selected_schedule_tuple_id=session.schedule_tuple_id)
        if scheduled
        else common.DynamicSMDTControlMode(),
    )
    contract = session.contract if session.authorization == "PnC" else None
    return common.MeteringConfirmationReq(
        header=_signed(session, header, data, contract) if contract else header, signed_metering_data=data
    )


def _signed(session: EvccSession, header: MessageHeader, element: Record, credential: Credential) -> MessageHeader:
    grammar = session.config.profile.signed_info_grammar
    return changed(header, signature=sign([element], credential.key, grammar=grammar))
