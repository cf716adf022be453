"""What the emulated chargers of OCPP 1.6 and 2.0.1 get wrong beside the defects of the 2.1 station, which 2.0.1 shares."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from drivers.emulators import frame_quirks
from drivers.emulators.defects import Defect
from drivers.emulators.station_defects import QUIRKS
from drivers.emulators.station_quirks import OURS, changed, says, without
from harness.ocpp.quirks import HONEST, Quirks
from harness.ocpp.version import Version

_SEEDS = (
    ("16-stops-another-transaction", "ocpp1.6", "PF_16_01_CS", "stops a transaction by another id than it was given",
     Quirks(outgoing=changed("StopTransaction", lambda p: {**p, "transactionId": p["transactionId"] + 1}))),
    ("16-meter-values-of-nobody", "ocpp1.6", "PF_16_02_CS", "leaves the transaction's id out of its meter values",
     Quirks(outgoing=changed("MeterValues", without("transactionId")))),
    ("16-profile-without-transaction", "ocpp1.6", "PF_16_03_CS", "accepts a TxProfile while no transaction runs",
     says("SetChargingProfile", "Rejected", "Accepted")),
    ("16-stops-for-anybody", "ocpp1.6", "PF_16_04_CS", "accepts to stop a transaction that is not there",
     says("RemoteStopTransaction", "Rejected", "Accepted")),
    ("16-pings-at-its-own-pace", "ocpp1.6", "PF_16_05_CS", "accepts a WebSocketPingInterval and pings in one of its own",
     Quirks(incoming=changed("ChangeConfiguration", lambda p: {**p, "value": "9"} if p["value"].isdigit() else p))),
    ("16-boot-refusal-ignored", "ocpp1.6", "PF_16_06_CS", "goes on although its boot was refused",
     Quirks(ignores_boot_refusal=True)),
    ("16-any-tag", "ocpp1.6", "PF_16_07_CS", "charges for every tag", Quirks(trusts_tokens=True)),
    ("16-values-for-ever", "ocpp1.6", "PF_16_08_CS", "samples its meter although the interval is 0",
     Quirks(incoming=changed("ChangeConfiguration", lambda p: {**p, "value": "1" if p["value"] == "0" else p["value"]}))),
    ("16-any-profile-purpose", "ocpp1.6", "PF_16_09_CS", "accepts a remote start with a profile that is none for it",
     says("RemoteStartTransaction", "Rejected", "Accepted")),
    ("16-error-codes-of-its-own", "ocpp1.6", "PF_16_10_CS", "answers errors by a code that no version has",
     Quirks(wording=frame_quirks.OWN_CODES)),
    ("201-events-without-values", "ocpp2.0.1", "PF_201_J02_CS", "sends its periodic events without meter values",
     Quirks(outgoing=changed("TransactionEvent", without("meterValue")))),
)  # fmt: skip

DEFECTS: tuple[Defect, ...] = tuple(
    Defect(name, "charger", protocol, OURS, description, found_by)
    for name, protocol, found_by, description, _ in _SEEDS
)
OWN: dict[str, Quirks] = {name: quirks for name, _, _, _, quirks in _SEEDS}


def older_quirks(defects: Iterable[str], version: Version) -> Quirks:
    """All named defects at once, as far as the version has them; raises ValueError for one that no charger has."""
    known = {**{name: HONEST if version is Version.V16 else quirks for name, quirks in QUIRKS.items()}, **OWN}
    if unknown := set(defects) - set(known):
        raise ValueError(f"an older charger has no defect {', '.join(sorted(unknown))}; `plugfest defects` lists them")
    return reduce(lambda one, other: one + other, (known[name] for name in defects), HONEST)
