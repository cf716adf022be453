"""What the emulated charger's OCPP half gets wrong of security (block A) and the store of certificates (block M)."""

from __future__ import annotations

from drivers.emulators.station_quirks import OURS, Seed, answered, changed, each_of, keeps, says, silent_about, without
from harness.ocpp.frames import Payload
from harness.ocpp.quirks import Quirks
from harness.ocpp.security import Fault


def _hash_of_another_key(asked: Payload) -> None:
    asked["issuerKeyHash"] = asked["issuerKeyHash"][::-1]


def _other_password(request: Payload) -> Payload:
    for one in request["setVariableData"]:
        if one["variable"]["name"] == "BasicAuthPassword":
            one["attributeValue"] = one["attributeValue"][:-1]
    return request


BAD_CONTRACTS = ("ContractCancelled", "CertificateExpired", "CertificateRevoked", "CertChainError")

SECURITY_SEEDS: tuple[Seed, ...] = (
    ("any-server-certificate", OURS, "PF_A00_R3_CS", "talks to a CSMS whatever certificate that shows",
     Quirks(security_faults=frozenset({Fault.TRUSTS_EVERYBODY}))),
    ("expired-server-certificates", OURS, "PF_A00_R2_CS", "does not look at the dates of a CSMS's certificate",
     Quirks(security_faults=frozenset({Fault.IGNORES_EXPIRY}))),
    ("no-subprotocol-needed", OURS, "PF_A00_R4_CS", "stays with a CSMS that chose no version of OCPP",
     Quirks(security_faults=frozenset({Fault.ASSUMES_VERSION}))),
    ("password-left-out-over-tls", OURS, "PF_A05_02_CS", "shows a wrong password in security profile 2",
     Quirks(unproved=frozenset({2}))),
    ("certificate-left-out", OURS, "PF_A05_03_CS", "does not show its certificate in security profile 3",
     Quirks(unproved=frozenset({3}))),
    ("no-way-back", OURS, "PF_A00_R1_CS", "tries one network profile for ever",
     Quirks(variables={"OCPPCommCtrlr.NetworkProfileConnectionAttempts": "1000"})),
    ("network-profiles-refused", OURS, "PF_A05_01_CS", "rejects every network profile",
     says("SetNetworkProfile", "Accepted", "Rejected")),
    ("network-priority-ignored", OURS, "PF_A05_00_CS", "accepts another order of its network profiles and stays where it is",
     keeps("NetworkConfigurationPriority", "1")),
    ("renewed-certificate-unused", OURS, "PF_A02_01_CS", "accepts a renewed certificate and shows the one of before",
     Quirks(keeps_first_certificate=True)),
    ("password-cut", OURS, "PF_A01_01_CS", "keeps a new password without its last character",
     Quirks(incoming=changed("SetVariables", _other_password))),
    ("any-own-certificate", OURS, "PF_A02_R1_CS", "accepts a certificate that is not for its key",
     says("CertificateSigned", "Rejected", "Accepted")),
    ("security-events-untold", OURS, "PF_A02_R1_CS", "tells no security event",
     silent_about("SecurityEventNotification")),
    ("chain-status-unasked", OURS, "PF_M06_01_CS", "does not ask for the status of its V2G chain",
     silent_about("GetCertificateStatus")),
    ("contract-as-a-card", OURS, "PF_C07_01_CS", "tells a contract's eMAID as if it were a local token",
     Quirks(outgoing=changed("Authorize", each_of("idToken", lambda t: t.update(type="Local"))))),
    ("contract-without-certificates", OURS, "PF_C07_01_CS", "shows the CSMS no certificates of a contract",
     Quirks(outgoing=changed("Authorize", without("iso15118CertificateHashData")))),
    ("any-contract", OURS, "PF_C07_R1_CS", "charges for every contract, whatever the CSMS says of it",
     Quirks(trusts_contracts=frozenset(BAD_CONTRACTS))),
    *((f"{what}-contracts-charge", OURS, case, f"charges for a contract of which the CSMS says {status}",
       Quirks(trusts_contracts=frozenset({status})))
      for what, case, status in zip(("cancelled", "expired", "revoked", "strange"),
                                    ("PF_C07_R1_CS", "PF_C07_R2_CS", "PF_C07_R3_CS", "PF_C07_R4_CS"), BAD_CONTRACTS,
                                    strict=True)),
    ("installation-unasked", OURS, "PF_M01_01_CS", "does not pass a vehicle's wish for a contract on",
     silent_about("Get15118EVCertificate")),
    ("contract-priorities-forgotten", OURS, "PF_M01_02_CS", "does not hand on which contracts a vehicle wants first",
     Quirks(forgets_priorities=True)),
    ("second-contract-unasked", OURS, "PF_M01_02_CS", "answers a second installation request with the first contract",
     Quirks(asks_once=True)),
    ("failed-installation-hidden", OURS, "PF_M01_R1_CS", "tells the vehicle OK where the CSMS had no contract for it",
     Quirks(hides_failed_installation=True)),
    ("vehicles-chain-unasked", OURS, "PF_M07_01_CS", "does not ask for the status of a vehicle's chain",
     silent_about("GetCertificateChainStatus")),
    ("vehicles-revocation-ignored", OURS, "PF_M07_R1_CS", "charges a vehicle whose certificate the CSMS calls revoked",
     Quirks(serves_revoked_vehicles=True)),
    ("ocsp-of-another-issuer", OURS, "PF_M06_01_CS", "names a sub-CA by another key than its issuer's",
     Quirks(outgoing=changed("GetCertificateStatus", each_of("ocspRequestData", _hash_of_another_key)))),
    ("certificate-kind-untold", OURS, "PF_A02_02_CS", "asks for each kind of certificate as for its own",
     Quirks(outgoing=changed("SignCertificate", lambda p: {**p, "certificateType": "ChargingStationCertificate"}))),
    ("v2g-chain-unlisted", OURS, "PF_M03_01_CS", "does not list its V2G certificate",
     Quirks(answer=answered("GetInstalledCertificateIds", lambda _, a: {"status": "NotFound"} if any(
         one["certificateType"] == "V2GCertificateChain" for one in a.get("certificateHashDataChain", ())) else a))),
    ("own-certificate-deleted", OURS, "PF_M04_R1_CS", "deletes the certificate by which it proves itself",
     says("DeleteCertificate", "Failed", "Accepted")),
    ("transaction-of-another-token", OURS, "ocpp2.1/transaction-has-the-authorised-token",
     "tells a transaction with another token than was authorised",
     Quirks(outgoing=changed("TransactionEvent", each_of("idToken", lambda t: t.update(idToken="F00D") if t else None)))),
    ("certificate-unasked", OURS, "PF_A03_01_CS", "asks for no certificate of its own when it is told to",
     silent_about("SignCertificate")),
    ("deletes-what-is-not-there", OURS, "PF_M05_01_CS", "answers Accepted when there is no such certificate",
     says("DeleteCertificate", "NotFound", "Accepted")),
)  # fmt: skip
