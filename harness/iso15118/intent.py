"""What a vehicle may want of a running session."""

from __future__ import annotations

from enum import StrEnum


class Intent(StrEnum):
    """What the vehicle wants of the session from now on."""

    CHARGE = "charge"
    STOP = "stop"
    PAUSE = "pause"
    STANDBY = "standby"
    RENEGOTIATE_SCHEDULE = "renegotiate schedule"
    RENEGOTIATE_SERVICE = "renegotiate service"
