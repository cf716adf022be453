"""Meter values that the meter has signed, as a station passes them on: OCMF inside of OCPP's signedMeterValue (J).

Format facts: the Open Charge Metering Format's English text. That a public key goes as `oca:base16:asn1:` and hex, in
Base64, is how public stacks do it; readers should take the bare key too.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.ocpp.frames import Payload
from harness.ocpp.meter_values import Readings

METHOD = "ECDSA-secp256r1-SHA256"
REGISTERS = {
    "Energy.Active.Import.Register": "01-00:B2.08.00*FF",
    "Energy.Active.Export.Register": "01-00:C2.08.00*FF",
}
"""Measurand: OBIS code of its register (transaction registers of an OCMF meter)."""
_MARKS = {"Transaction.Begin": "B", "Transaction.End": "E"}


class SigningMeter:
    """A meter with a key of its own; each record has the next number of the pagination."""

    def __init__(self, serial: str) -> None:
        self.serial = serial
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._page = 0

    @property
    def public_key(self) -> str:
        """Base64, as in signedMeterValue.publicKey and FiscalMetering.PublicKey."""
        der = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(f"oca:base16:asn1:{der.hex()}".encode()).decode()

    def sign(self, value: Payload, readings: Readings, context: str, at_s: float, *, with_key: bool) -> None:
        """Put one signed record of both registers beside every register in a MeterValueType."""
        registers = [one for one in value["sampledValue"] if one["measurand"] in REGISTERS]
        if not registers:
            return
        record = self._record(readings, context, at_s)
        signed = {
            "signedMeterData": base64.b64encode(record.encode()).decode(),
            "signingMethod": METHOD,
            "encodingMethod": "OCMF",
        }
        if with_key:
            signed["publicKey"] = self.public_key
        for one in registers:
            one["signedMeterValue"] = signed

    def _record(self, readings: Readings, context: str, at_s: float) -> str:
        self._page += 1
        time = datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S,%f")[:-3]
        counted_wh = (readings.imported_wh, readings.exported_wh)
        entries = [
            {"TM": f"{time}+0000 S", "TX": _MARKS.get(context, "C"), "RV": f"{wh / 1000.0:.6f}", "RI": obis, "RU": "kWh",
             "ST": "G"}
            for wh, obis in zip(counted_wh, REGISTERS.values(), strict=True)
        ]  # fmt: skip
        payload = json.dumps({"FV": "1.4", "PG": f"T{self._page}", "MS": self.serial, "RD": entries})
        signature = self._key.sign(payload.encode(), ec.ECDSA(hashes.SHA256())).hex()
        return f"OCMF|{payload}|" + json.dumps({"SA": METHOD, "SD": signature})
