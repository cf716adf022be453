"""What V2X rests on in the other blocks: security, provisioning, contracts, transactions, meter values, certificates."""

from __future__ import annotations

from harness.ocpp.requirements import BOTH, STATION, Row

ROWS: tuple[Row, ...] = (
    ("A00", BOTH, "security profiles 0 to 3, and who is kept out"),
    ("A01", STATION, "a new password"),
    ("A02", BOTH, "the station's certificate is renewed by the CSMS"),
    ("A03", BOTH, "the station asks for its certificate"),
    ("A04", BOTH, "security events are told"),
    ("A05", STATION, "another security profile, and the way back"),
    ("B01", BOTH, "boot"),
    ("B05", STATION, "variables are written"),
    ("B06", STATION, "and read"),
    ("B09", STATION, "network profiles"),
    ("B10", STATION, "moving to another one"),
    ("C07.FR.06", STATION, "a contract's chain is shown to the CSMS"),
    ("C07.FR.13", BOTH, "an unknown contract is not welcome"),
    ("C07.FR.14", BOTH, "a known one is"),
    ("E01", BOTH, "events of a transaction: complete, in order, answered"),
    ("E02", BOTH, "a pause keeps the transaction"),
    ("E04", BOTH, "what happened offline is told later"),
    ("E06", STATION, "the end of a transaction, and why"),
    ("E14", STATION, "the status of a transaction"),
    ("F03", STATION, "a remote stop"),
    ("J01", STATION, "clock-aligned meter values"),
    ("J02", BOTH, "sampled meter values: registers, signs, phases, signatures, intervals"),
    ("M01", BOTH, "a contract is installed"),
    ("M01.FR.03", STATION, "with the vehicle's number of chains"),
    ("M03", STATION, "installed certificates are listed"),
    ("M04", STATION, "deleted"),
    ("M05", STATION, "installed"),
    ("M06", BOTH, "the status of the station's V2G chain"),
    ("M07", BOTH, "the status of a vehicle's chain"),
)  # fmt: skip
