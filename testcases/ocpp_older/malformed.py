"""What a station of an older version makes of requests that break their schema, and of frames that came with 2.1."""

from __future__ import annotations

import json
from typing import Any

from harness.case import current_case, expect, step
from harness.ocpp.station_errors import AnswerInvalid, CallRefused, NoAnswer
from harness.ocpp.station_handle import StationHandle
from harness.ocpp.version import ErrorCode
from harness.verdict import Side

SILENCE_S = 5.0
"""How long an answer to a malformed request may take; a receiver may drop one silently (our default)."""


async def refuses_malformed(station: StationHandle, requests: tuple[tuple[str, dict[str, Any]], ...]) -> None:
    """Each brings an error whose code its version has, or silence; a SEND of 2.1 is not answered at all.

    1.6 and 2.0.1 write OccurenceConstraintViolation; the word's right spelling is taken too.
    """
    known = {spelling for code in ErrorCode for spelling in (code.spelt(station.version), code.value)}
    for action, payload in requests:
        try:
            answer = await station.call(action, payload, checked=False, within_s=SILENCE_S)
        except CallRefused as refused:
            expect(refused.code, one_of=sorted(known), of="station", named=f"error code for a malformed {action}")
        except NoAnswer:
            step(f"malformed {action}: silence")
        except AnswerInvalid as invalid:
            current_case().miss(f"a malformed {action} is answered with a result: {invalid.payload}", Side.STATION)
        else:
            current_case().miss(f"a malformed {action} is answered with a result: {answer}", Side.STATION)
    before = len(station.garbled)
    station.put_raw(json.dumps([6, "send-of-2.1", "NotifyPeriodicEventStream", {}]))
    await station.clock.sleep(1.0)
    answers = [one for one in list(station.garbled)[before:] if "send-of-2.1" in one.text]
    expect(len(answers), equals=0, of="station", named="answers to a message type that the version does not know")
