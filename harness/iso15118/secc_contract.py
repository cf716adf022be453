"""The charger's part of Plug & Charge: contracts checked, contracts installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from harness.exi.declare import Record
from harness.iso15118.installation import NotInstallable, seal
from harness.iso15118.messages import common
from harness.iso15118.pki import check_chain
from harness.iso15118.quantities import changed
from harness.iso15118.signature import sign, verify

if TYPE_CHECKING:
    from harness.iso15118.secc import SeccSession


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def read_chain(chain: Any) -> tuple[x509.Certificate, ...]:
    """Leaf and sub-CAs of a received chain; raises ValueError for what is no certificate."""
    subs = chain.sub_certificates.certificate if chain.sub_certificates else ()
    return tuple(x509.load_der_x509_certificate(one) for one in (chain.certificate, *subs))


def write_chain(leaf: x509.Certificate, subs: tuple[x509.Certificate, ...]) -> dict[str, Any]:
    """The elements of any of the chain types."""
    below = common.SubCertificates(certificate=tuple(der(one) for one in subs)) if subs else None
    return {"certificate": der(leaf), "sub_certificates": below}


def contract_verdict(session: SeccSession, request: Any, now_s: float) -> str:
    """The response code for a contract, by everything that the message itself can tell; OK if it is good."""
    mode = request.authorization_mode
    if not isinstance(mode, common.PnCAReqAuthorizationMode):
        return "WARNING_AuthorizationSelectionInvalid"
    try:
        chain = read_chain(mode.contract_certificate_chain)
    except ValueError:
        return "WARNING_CertificateValidationError"
    checked = verify(request.header.signature, [mode], chain[0])
    session.signature = checked
    if not checked.good:
        session.reason = checked.problem
        return "FAILED_SignatureError"
    if mode.gen_challenge != session.challenge:
        return "WARNING_ChallengeInvalid"  # [V2G20-2565]
    problem = check_chain(chain, session.config.mo_roots, session.utc(now_s))
    if problem:
        return f"WARNING_{problem.value}"
    session.contract_leaf = chain[0]
    return "OK"


def emaid(leaf: x509.Certificate | None) -> str:
    """Who pays: the common name of the contract certificate."""
    names = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME) if leaf else []
    return str(names[0].value) if names else ""


def installed(session: SeccSession, request: Any, now_s: float, response: Record) -> tuple[str, Record]:
    """Code and response to a CertificateInstallationReq, the installation data signed by the provisioning service."""
    provisioning = session.config.provisioning
    assert provisioning is not None
    offered = request.oem_provisioning_certificate_chain
    try:
        chain = read_chain(offered)
    except ValueError:
        return "WARNING_CertificateValidationError", response
    checked = verify(request.header.signature, [offered], chain[0])
    if not checked.good and "FAILED_SignatureError" not in session.overlooks:
        session.reason = checked.problem
        return "FAILED_SignatureError", response
    problem = check_chain(chain, provisioning.oem_roots, session.utc(now_s))
    if problem:
        return f"WARNING_{problem.value}", response
    try:
        point, sealed = seal(provisioning.contract, chain[0])
    except NotInstallable as refused:
        session.reason = str(refused)
        return "WARNING_NoCertificateAvailable", response
    data = common.SignedInstallationData(
        id="id1",
        contract_certificate_chain=common.ContractCertificateChain(
            **write_chain(provisioning.contract.leaf, provisioning.contract.subs)
        ),
        ecdh_curve=common.EcdhCurve.SECP521,
        dh_public_key=point,
        secp521_encrypted_private_key=sealed,
    )
    signer = provisioning.signer
    return "OK", changed(
        response,
        header__signature=sign([data], signer.key, grammar=session.config.profile.signed_info_grammar),
        cps_certificate_chain=common.CertificateChain(**write_chain(signer.leaf, signer.subs)),
        signed_installation_data=data,
    )


def nothing_installed(_: SeccSession, __: Any) -> dict[str, Any]:
    """Valid values for an installation answer that installs nothing."""
    empty = common.ContractCertificateChain(
        certificate=b"\x00", sub_certificates=common.SubCertificates(certificate=(b"\x00",))
    )
    return {
        "evse_processing": "Finished",
        "cps_certificate_chain": common.CertificateChain(certificate=b"\x00"),
        "signed_installation_data": common.SignedInstallationData(
            id="id1",
            contract_certificate_chain=empty,
            ecdh_curve=common.EcdhCurve.SECP521,
            dh_public_key=bytes(133),
            secp521_encrypted_private_key=bytes(94),
        ),
        "remaining_contract_certificate_chains": 0,
    }
