# ruff: noqa: A001, A002 - id and type are the words of OCPP
"""A conversation made by hand: what a test says that a station and a CSMS have said."""

from __future__ import annotations

import json

from harness.ocpp.timestamps import to_text
from harness.transcript.event import Event

EPOCH_S = 1_767_225_600.0  # 2026-01-01


class Talk:
    """Frames with times; every CALL gets an id of its own and, unless told otherwise, its answer at once."""

    def __init__(self):
        self.events = []
        self.at_s = 0.0
        self._ids = 0
        self._transaction_events = 0
        self.link("connected", version="2.1")

    def wait(self, seconds):
        self.at_s += seconds
        return self

    def now(self, offset_s=0.0):
        return to_text(EPOCH_S + self.at_s + offset_s)

    def link(self, what, **details):
        return self._add("ocpp.link", "charger", "csms", what=what, **details)

    def text(self, source, text):
        target = "csms" if source == "charger" else "charger"
        return self._add("ocpp.frame", source, target, text=text)

    def ping(self, source="charger", payload="31"):
        target = "csms" if source == "charger" else "charger"
        return self._add("ocpp.ping", source, target, hex=payload)

    def pong(self, source="csms", payload="31"):
        target = "csms" if source == "charger" else "charger"
        return self._add("ocpp.pong", source, target, hex=payload)

    def cs(self, action, payload, answer=None, **how):
        """The station calls."""
        return self._call("charger", "csms", action, payload, {} if answer is None else answer, **how)

    def csms(self, action, payload, answer=None, **how):
        """The CSMS calls."""
        return self._call(
            "csms", "charger", action, payload, {"status": "Accepted"} if answer is None else answer, **how
        )

    def _call(self, source, target, action, payload, answer, *, id=None, silent=False, error=None):
        self._ids += 1
        id = id or f"{source}-{self._ids}"
        self.text(source, json.dumps([2, id, action, payload]))
        self.at_s += 0.01
        if error:
            self.text(target, json.dumps([4, id, error, "", {}]))
        elif not silent:
            self.text(target, json.dumps([3, id, answer]))
        self.at_s += 0.01
        return self

    def _add(self, kind, source, target, **data):
        utc_us = round((EPOCH_S + self.at_s) * 1e6)
        data["station"] = "CS-1"
        self.events.append(Event(len(self.events) + 1, self.at_s, utc_us, "ocpp", kind, source, target, data))
        return self

    # phrases -----------------------------------------------------------------------------------------------------

    def boot(self):
        station = {"vendorName": "x", "model": "y"}
        answer = {"status": "Accepted", "currentTime": self.now(), "interval": 300}
        return self.cs("BootNotification", {"reason": "PowerUp", "chargingStation": station}, answer)

    def authorise(self, *allowed):
        answer = {"idTokenInfo": {"status": "Accepted"}}
        if allowed:
            answer["allowedEnergyTransfer"] = list(allowed)
        return self.cs("Authorize", {"idToken": {"idToken": "1", "type": "Local"}}, answer)

    def event(self, kind="Updated", trigger="ChargingStateChanged", *, seq=None, tx="tx-1", meter=None, evccid=True,
              top=None, **info):  # fmt: skip
        payload = {
            "eventType": kind,
            "timestamp": self.now(),
            "triggerReason": trigger,
            "seqNo": self._transaction_events if seq is None else seq,
            "transactionInfo": {"transactionId": tx, "chargingState": "Charging", **info},
            **(top or {}),
        }
        self._transaction_events += 1
        if kind == "Started":
            payload.setdefault("idToken", {"idToken": "1", "type": "Local"})
            if evccid:
                payload["idToken"]["additionalInfo"] = [{"additionalIdToken": "WMI", "type": "EVCCID"}]
        if kind == "Ended":
            payload["transactionInfo"].setdefault("stoppedReason", "Local")
        if meter:
            samples = [{"measurand": name, "value": value} for name, value in meter.items()]
            payload["meterValue"] = [{"timestamp": self.now(), "sampledValue": samples}]
        return self.cs("TransactionEvent", payload)

    def metered(self, power_w, **more):
        """A periodic sample with signed power and what else is given by measurand (dots as __)."""
        values = {"Power.Active.Import": max(power_w, 0), "Power.Active.Export": max(-power_w, 0)}
        values |= {name.replace("__", "."): value for name, value in more.items()}
        return self.event(trigger="MeterValuePeriodic", meter=values)

    def needs(self, status="NoChargingProfile", *, top=None, powers=None, **changes):
        needs = {
            "requestedEnergyTransfer": "DC_BPT",
            "availableEnergyTransfer": ["DC", "DC_BPT"],
            "controlMode": "DynamicControl",
            "v2xChargingParameters": {"maxChargePower": 11_000, "maxDischargePower": 11_000, **(powers or {})},
            **changes,
        }
        needs = {key: value for key, value in needs.items() if value is not None}
        return self.cs(
            "NotifyEVChargingNeeds", {"evseId": 1, "chargingNeeds": needs, **(top or {})}, {"status": status}
        )

    def charging(self):
        """Booted, authorised, started, needs told."""
        return self.boot().authorise("DC", "DC_BPT").event("Started", "Authorized").needs()

    def profile(self, *periods, status="Accepted", evse=1, answer=None, **how):
        from harness.ocpp.profile_drafts import period, profile

        how = {"transaction_id": "tx-1", **how}
        draft = profile(how.pop("id", 1), list(periods) or [period(setpoint=0)], **how)
        return self.csms("SetChargingProfile", {"evseId": evse, "chargingProfile": draft}, answer or {"status": status})

    def setpoint(self, power_w, id=1, **answer):
        request = {"chargingProfileId": id, "scheduleUpdate": {"setpoint": power_w}}
        return self.csms("UpdateDynamicSchedule", request, {"status": "Accepted", **answer})

    def report(self, *variables, tbc=False, number=0):
        """NotifyReport of (component, variable, value)."""
        data = [
            {
                "component": {"name": component},
                "variable": {"name": name},
                "variableAttribute": [{"type": "Actual", "value": value}],
            }
            for component, name, value in variables
        ]
        payload = {"requestId": 1, "generatedAt": self.now(), "seqNo": number, "reportData": data}
        return self.cs("NotifyReport", {**payload, **({"tbc": True} if tbc else {})})

    def der(
        self, id, *, type="LimitMaxDischarge", default=True, priority=0, answer=None, field=None, more=None, **content
    ):
        field = field or {"LimitMaxDischarge": "limitMaxDischarge", "Gradients": "gradient"}.get(
            type, "limitMaxDischarge"
        )
        request = {"isDefault": default, "controlId": id, "controlType": type,
                   field: {"priority": priority, **content}, **(more or {})}  # fmt: skip
        return self.csms("SetDERControl", request, answer or {"status": "Accepted"})

    def der_report(self, *ids, request=3, field="limitMaxDischarge", **more):
        items = [{"id": one, "isDefault": True, "isSuperseded": False, field: {"priority": 0}} for one in ids]
        return self.cs("ReportDERControl", {"requestId": request, field: items, **more})

    def started_stopped(self, id, started=True, offset_s=0.0):
        return self.cs("NotifyDERStartStop", {"controlId": id, "started": started, "timestamp": self.now(offset_s)})
