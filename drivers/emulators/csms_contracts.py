"""What the emulated CSMS knows of contracts: whose are welcome, how they are installed, and what chains are worth (C07, M)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from harness.clock import Clock
from harness.ocpp.authority import EXPIRED, Authority
from harness.ocpp.frames import Payload
from harness.ocpp.shell import utc_s
from harness.ocpp.timestamps import to_text

EMAID = "DEPFTC12345678"
"""The contract that it knows (our default)."""


class Contracts:
    """One contract, and certificates of it that are good, expired or revoked."""

    def __init__(self, clock: Clock, defects: Collection[str]) -> None:
        self.clock = clock
        self.defects = defects
        self.authority = Authority("Emulated contract root", utc_s(clock))
        self.revoked = self.authority.issue(EMAID)[0]

    def bad(self) -> dict[str, str]:
        """Certificates that must not be taken, by what is wrong with them."""
        return {"expired": self.authority.issue(EMAID, days=EXPIRED)[0], "revoked": self.revoked}

    def authorise(self, allowed: list[str] | None, asked: Payload) -> Payload:
        """C01, C07: a contract is welcome if it is ours and comes with its certificates. `allowed`: energy transfers."""
        answer: Payload = {"idTokenInfo": {"status": "Accepted"}}
        if allowed:
            answer["allowedEnergyTransfer"] = allowed
        if asked["idToken"]["type"] == "eMAID":
            answer["certificateStatus"] = "Accepted"
            if asked["idToken"]["idToken"] != EMAID and "csms-any-contract" not in self.defects:
                answer = {"idTokenInfo": {"status": "Invalid"}, "certificateStatus": "ContractCancelled"}
            if "certificate" in asked and (found := self._judged(asked["certificate"])):
                answer = {"idTokenInfo": {"status": found[1]}, "certificateStatus": found[0]}
        if "csms-forgets-certificate-status" in self.defects:
            answer.pop("certificateStatus", None)
        return answer

    def _judged(self, pem: str) -> tuple[str, str] | None:
        """What is wrong with a contract's certificate, as certificateStatus and the token's status (C07.FR.15 to 17)."""
        leaf, root = (x509.load_pem_x509_certificate(one.encode()) for one in (pem, self.authority.root))
        try:
            leaf.verify_directly_issued_by(root)
        except (ValueError, InvalidSignature):
            return None if "csms-any-contract-chain" in self.defects else ("CertChainError", "Invalid")
        over = leaf.not_valid_after_utc.timestamp() < utc_s(self.clock)
        if over and "csms-takes-expired-contracts" not in self.defects:
            return "CertificateExpired", "Expired"
        if pem == self.revoked and "csms-takes-revoked-contracts" not in self.defects:
            return "CertificateRevoked", "Invalid"
        return None

    def install(self, asked: Payload) -> Payload:
        """M01 and M02: a response of some octets to a request that is Base64, as its EXI has to be."""
        try:
            octets = base64.b64decode(asked["exiRequest"], validate=True)
        except binascii.Error:
            octets = b""
        if not octets and "csms-installs-anything" not in self.defects:
            return {"status": "Failed", "exiResponse": ""}
        without = "csms-updates-nothing" if asked["action"] == "Update" else "csms-installs-nothing"
        if without in self.defects:
            return {"status": "Accepted", "exiResponse": ""}
        return {"status": "Accepted", "exiResponse": base64.b64encode(octets[::-1] or b"0").decode()}

    def chain_status(self, asked: Payload) -> Payload:
        """M07: it knows of no certificate; each is answered."""
        later = to_text(utc_s(self.clock) + 86_400.0)
        found = [
            {"certificateHashData": one["certificateHashData"], "source": one["source"], "status": "Unknown",
             "nextUpdate": later}
            for one in asked["certificateStatusRequests"]
        ]  # fmt: skip
        return {"certificateStatus": found[:1] if "csms-chain-status-short" in self.defects else found}
