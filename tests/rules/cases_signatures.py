"""Signatures: missing, wrong, right but refused, and in the wrong form."""

from __future__ import annotations

from typing import Any

from harness.iso15118.messages import common, dsig
from tests.rules.case import Case
from tests.rules.cases_services import failed
from tests.rules.cases_session import both
from tests.rules.stories import Story, changed, contract, credential, dc_scheduled, make, pnc

REFUSED = "FAILED_SignatureError"


def signature_set(path: str, value: Any):
    """Change an element of the signature of AuthorizationReq."""

    def wrong(story: Story) -> None:
        line = story.at("AuthorizationReq")
        line.signature = changed(line.signature, path, value)

    return wrong


def resigned_with(**how: Any):
    return lambda story: story.sign("AuthorizationReq", "authorization_mode", **how)


def unsigned(story: Story) -> None:
    story.at("AuthorizationReq").signature = None


def altered(story: Story) -> None:
    """The signed block is changed after signing."""
    story.set("AuthorizationReq", "authorization_mode.id", "id2")
    signature_set("signed_info.reference.0.uri", "#id2")(story)


def installed(sign: bool):
    """A certificate is installed; the station's answer is signed or not."""

    def wrong(story: Story) -> None:
        story.set("AuthorizationSetupRes", "certificate_installation_service", True)
        chain = make(common.SignedCertificateChain, id="id1", certificate=credential()[1])
        cps = make(common.CertificateChain, certificate=credential()[1])
        data = make(
            common.SignedInstallationData,
            id="id3",
            contract_certificate_chain=contract(credential()[1]),
            ecdh_curve="SECP521",
            dh_public_key=bytes(133),
            secp521_encrypted_private_key=bytes(94),
        )
        story.after(
            "AuthorizationSetupRes",
            make(
                common.CertificateInstallationReq,
                oem_provisioning_certificate_chain=chain,
                maximum_contract_certificate_chains=1,
            ),
            make(
                common.CertificateInstallationRes,
                response_code="OK",
                evse_processing="Finished",
                cps_certificate_chain=cps,
                signed_installation_data=data,
                remaining_contract_certificate_chains=0,
            ),
        )
        story.sign("CertificateInstallationReq", "oem_provisioning_certificate_chain")
        if sign:
            story.sign("CertificateInstallationRes", "signed_installation_data")

    return wrong


OTHER_TRANSFORM = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"

CASES = [
    Case("request-is-signed", pnc, both(unsigned, failed("AuthorizationRes", REFUSED))),
    Case("request-signature-is-right", pnc, both(altered, failed("AuthorizationRes", REFUSED))),
    Case("wrong-signature-is-refused", pnc, altered, ("request-signature-is-right",)),
    Case("right-signature-is-accepted", pnc, failed("AuthorizationRes", REFUSED)),
    Case("signature-value-is-raw", pnc, resigned_with(der=True)),
    Case("signed-info-is-stand-alone", pnc, resigned_with(grammar="common")),
    Case("signature-is-lean", pnc, signature_set("key_info", make(dsig.KeyInfo))),
    Case(
        "signature-is-over-canonical-exi",
        pnc,
        both(
            signature_set("signed_info.canonicalization_method.algorithm", OTHER_TRANSFORM),
            failed("AuthorizationRes", REFUSED),
        ),
        ("request-signature-is-right",),
    ),
    Case(
        "signature-is-of-the-profile",
        pnc,
        both(
            signature_set("signed_info.signature_method.algorithm", SHA256),
            failed("AuthorizationRes", REFUSED),
        ),
        ("request-signature-is-right",),
    ),
    Case("installation-is-signed", dc_scheduled, installed(False)),
]
