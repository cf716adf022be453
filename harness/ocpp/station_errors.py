"""What a charging station did not do that our CSMS asked or expected of it."""

from __future__ import annotations

from harness.ocpp.frames import Payload
from harness.ocpp.schema import SchemaProblem
from harness.verdict import Side


class StationError(Exception):
    """The charging station did not answer a CALL as it must."""

    side = Side.STATION


class CallRefused(StationError):
    """It answered with a CALLERROR; `code` as on the wire."""

    def __init__(self, action: str, code: str, description: str) -> None:
        super().__init__(f"the station answered {action} with CALLERROR {code}: {description}")
        self.action = action
        self.code = code


class AnswerInvalid(StationError):
    """Its CALLRESULT breaks the schema."""

    def __init__(self, action: str, problem: SchemaProblem, payload: Payload) -> None:
        super().__init__(f"the station's answer to {action} breaks the schema: {problem}")
        self.problem = problem
        self.payload = payload


class NoAnswer(StationError, TimeoutError):
    """It gave no answer in time, or the link was lost before."""


class NotSeen(StationError, TimeoutError):
    """It did not send what was expected in time."""


class NotConnected(StationError, ConnectionError):
    """There is no link to it."""
