"""OCPP in the transcript: the observer that writes it, and the session view that rules read."""

from __future__ import annotations

from typing import Any

from harness.transcript.recorder import Recorder


class OcppRecorder:
    """An observer of OCPP agents (harness/ocpp/observer.py) that records everything in the transcript."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def frame(self, station: str, source: str, target: str, text: str) -> None:
        self.recorder.record("ocpp", "ocpp.frame", source, target, text=text, station=station)

    def link(self, station: str, what: str, **details: Any) -> None:
        self.recorder.record("ocpp", "ocpp.link", "charger", "csms", what=what, station=station, **details)
