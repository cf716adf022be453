"""Accepted and rejected, as a charging station answers, with the StatusInfoType that says why."""

from __future__ import annotations

from harness.ocpp.frames import Payload


def accepted() -> Payload:
    return {"status": "Accepted"}


def rejected(reason_code: str, text: str = "", status: str = "Rejected") -> Payload:
    info: Payload = {"reasonCode": reason_code}
    if text:
        info["additionalInfo"] = text
    return {"status": status, "statusInfo": info}
