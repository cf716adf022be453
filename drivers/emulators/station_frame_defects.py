"""What the emulated charger's OCPP half gets wrong of OCPP-J itself."""

from __future__ import annotations

from drivers.emulators import frame_quirks
from drivers.emulators.station_quirks import OURS, Seed
from harness.ocpp.quirks import Quirks

FRAME_SEEDS: tuple[Seed, ...] = (
    ("result-error-to-nobody", OURS, "PF_P4_03_CS", "calls a bad result bad by an id that no result has",
     Quirks(wording=frame_quirks.RESULT_ERROR_TO_NOBODY)),
    ("answers-sends", OURS, "PF_P4_04_CS", "answers a message that wants no answer",
     Quirks(wording=frame_quirks.ANSWERS_SENDS)),
    ("accepts-malformed-requests", "field: public issue reports of station firmware", "PF_P4_05_CS",
     "accepts requests that break their schema", Quirks(wording=frame_quirks.ACCEPTS_THE_MALFORMED)),
    ("answers-unknown-types", OURS, "ocpp2.1/unknown-types", "answers messages of a type that OCPP 2.1 does not know",
     Quirks(wording=frame_quirks.ANSWERS_UNKNOWN_TYPES)),
    ("message-ids-used-again", OURS, "ocpp2.1/message-ids-are-unique", "uses its message ids again and again",
     Quirks(reuses_ids=True)),
    ("error-codes-of-its-own", OURS, "ocpp2.1/error-codes", "answers errors by a code that no version has",
     Quirks(wording=frame_quirks.OWN_CODES)),
    ("long-error-descriptions", OURS, "ocpp2.1/error-descriptions", "describes errors at more than 255 characters",
     Quirks(wording=frame_quirks.LONG_DESCRIPTIONS)),
)  # fmt: skip
