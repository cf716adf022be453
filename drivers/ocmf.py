"""Signed meter values in OCMF (Open Charge Metering Format, 1.x English text): parse, verify, import and export.

`OCMF|{payload}|{signature}`: the octets between the bars are signed as they stand, so the payload is never serialised
again. A public key comes by another way (printed on the meter, say).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

_DEFAULT_ALGORITHM = "ECDSA-secp256r1-SHA256"
_CURVES = {
    "ECDSA-secp192r1-SHA256": "secp192r1",
    "ECDSA-secp256k1-SHA256": "secp256k1",
    "ECDSA-secp256r1-SHA256": "secp256r1",
    "ECDSA-secp384r1-SHA256": "secp384r1",
    "ECDSA-brainpool256r1-SHA256": "brainpoolP256r1",
    "ECDSA-brainpool384r1-SHA256": "brainpoolP384r1",
}
_BEGIN, _ENDS = "B", frozenset("ELRAP")
_IMPORT, _EXPORT = "B", "C"
_INHERITED = ("TM", "TX", "RI", "RU", "RT", "EF", "ST")
_UNITS = {"kWh": 1000.0, "Wh": 1.0}


class OcmfError(ValueError):
    """Not OCMF, or a field that cannot be read; the text names it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading; fields that it left out are those of the reading before."""

    time: str
    """Local time with offset, comma before the milliseconds."""
    clock: str
    """U unknown, I informative, S synchronised, R relative."""
    transaction: str
    """B begin, C charging, X error, E end (or L, R, A, P), S suspended, T tariff; empty when fiscal."""
    value_wh: float
    text: str
    """The value as it stands: trailing zeros matter."""
    obis: str
    status: str
    """G is good."""

    @property
    def direction(self) -> str:
        """`import`, `export`, or empty for another register (OBIS 1-0:B0..B3 and C0..C3 with 08)."""
        register = self.obis.partition(":")[2].upper()
        if ".08." not in register and ".8." not in register:
            return ""
        return {_IMPORT: "import", _EXPORT: "export"}.get(register[:1], "")


@dataclass(frozen=True, slots=True)
class Record:
    """One signed record."""

    payload: str
    """Octets between the bars, as text."""
    fields: Mapping[str, Any]
    readings: tuple[Reading, ...]
    algorithm: str
    signature: bytes

    @property
    def pagination(self) -> tuple[str, int]:
        """Context (T transaction, F fiscal) and counter."""
        text = str(self.fields.get("PG", ""))
        if len(text) < 2 or not text[1:].isdecimal():
            raise OcmfError(f"PG {text!r}: expected T or F and a number")
        return text[0], int(text[1:])

    def verify(self, public_key: bytes) -> bool:
        """True if the signature fits payload and key (DER, SubjectPublicKeyInfo); raises OcmfError for a wrong key."""
        wanted = _CURVES[self.algorithm]
        try:
            key = load_der_public_key(public_key)
        except (ValueError, UnsupportedAlgorithm) as problem:
            raise OcmfError(f"public key: {problem}") from None
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name.lower() != wanted.lower():
            raise OcmfError(f"public key: {self.algorithm} needs a key on {wanted}")
        try:
            key.verify(self.signature, self.payload.encode(), ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True

    def energy_wh(self, direction: str) -> float | None:
        """Last less first value of the `import` or `export` register; None if it was not read at least twice."""
        values = [reading.value_wh for reading in self.readings if reading.direction == direction]
        return values[-1] - values[0] if len(values) > 1 else None


def parse(text: str) -> Record:
    """Read one record; raises OcmfError."""
    parts = text.split("|")
    if len(parts) != 3 or parts[0] != "OCMF":
        raise OcmfError("expected OCMF|{payload}|{signature} with no bar inside")
    try:
        fields, signed = json.loads(parts[1]), json.loads(parts[2])
    except json.JSONDecodeError as problem:
        raise OcmfError(f"not JSON: {problem}") from None
    if not isinstance(fields, dict) or not isinstance(signed, dict):
        raise OcmfError("payload and signature have to be JSON objects")
    algorithm = signed.get("SA", _DEFAULT_ALGORITHM)
    if algorithm not in _CURVES:
        raise OcmfError(f"SA {algorithm!r} is not one of {', '.join(_CURVES)}")
    if signed.get("SE", "hex") != "hex":
        raise OcmfError(f"SE {signed['SE']!r}: only hex is read here")
    try:
        signature = bytes.fromhex(signed["SD"])
    except (KeyError, ValueError, TypeError):
        raise OcmfError("SD is missing or not hex") from None
    return Record(parts[1], fields, tuple(_readings(fields.get("RD", ()))), algorithm, signature)


def _readings(entries: Sequence[Mapping[str, Any]]) -> list[Reading]:
    found: list[Reading] = []
    last: dict[str, Any] = {}
    for number, entry in enumerate(entries, 1):
        last = {**{name: last[name] for name in _INHERITED if name in last}, **entry}
        time, _, clock = str(last.get("TM", "")).rpartition(" ")
        unit = str(last.get("RU", ""))
        if unit not in _UNITS:
            raise OcmfError(f"reading {number}: unit RU {unit!r} is not one of {', '.join(_UNITS)}")
        try:
            value_wh = float(last["RV"]) * _UNITS[unit]
        except (KeyError, TypeError, ValueError):
            raise OcmfError(f"reading {number}: RV is missing or not a number") from None
        found.append(
            Reading(
                time,
                clock,
                str(last.get("TX", "")),
                value_wh,
                str(last["RV"]),
                str(last.get("RI", "")),
                str(last.get("ST", "")),
            )
        )
    return found


def faults(records: Sequence[Record]) -> list[str]:
    """What is wrong with the records of one transaction, in plain words; empty if nothing is.

    Looks at the transaction's frame, the pagination, the clock, the meter's status and registers that fall.
    """
    readings = [reading for record in records for reading in record.readings]
    marks = [reading.transaction for reading in readings if reading.transaction]
    found = []
    if not marks or marks[0] != _BEGIN:
        found.append("the transaction has no begin (TX B)")
    if not marks or marks[-1] not in _ENDS:
        found.append("the transaction has no end (TX E, L, R, A or P)")
    found += _gaps([record.pagination for record in records])
    if any(reading.clock != "S" for reading in readings):
        found.append("the meter's clock is not synchronised")
    if any(reading.status != "G" for reading in readings):
        found.append("the meter says that a value is not good (ST)")
    for direction in ("import", "export"):
        values = [reading.value_wh for reading in readings if reading.direction == direction]
        if any(later < earlier for earlier, later in zip(values[:-1], values[1:], strict=True)):
            found.append(f"the {direction} register falls")
    if not any(reading.direction == "export" for reading in readings):
        found.append("there is no export register: a bidirectional session needs both")
    return found


def _gaps(pages: Sequence[tuple[str, int]]) -> list[str]:
    pairs = zip(pages[:-1], pages[1:], strict=True)
    return [f"pagination jumps from {a[0]}{a[1]} to {b[0]}{b[1]}" for a, b in pairs if b != (a[0], a[1] + 1)]
