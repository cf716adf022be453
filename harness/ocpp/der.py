"""DER controls of an EVSE (block R of OCPP 2.1): what the grid operator sets, and what it does to the power.

Priority 0 is the highest. Of one control type at most one control is at work: the scheduled one that has begun, else
the default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from harness.ocpp.device_model import DeviceModel
from harness.ocpp.frames import Payload
from harness.ocpp.outbox import Letter
from harness.ocpp.timestamps import to_seconds, to_text

REPORTED_AT_ONCE = 24
"""Controls of one kind in a ReportDERControl (schema)."""

_OWN_FIELDS = {
    "EnterService": "enterService",
    "FixedPFAbsorb": "fixedPFAbsorb",
    "FixedPFInject": "fixedPFInject",
    "FixedVar": "fixedVar",
    "FreqDroop": "freqDroop",
    "Gradients": "gradient",
    "LimitMaxDischarge": "limitMaxDischarge",
}
CONTROL_FIELDS = frozenset({*_OWN_FIELDS.values(), "curve"})


_REPORT_INNER = {"fixedPFAbsorb": "fixedPF", "fixedPFInject": "fixedPF"}
_ONLY_DEFAULT = ("EnterService", "Gradients")


def field_of(control_type: str) -> str:
    """The field of SetDERControl that carries a control type; all others are curves."""
    return _OWN_FIELDS.get(control_type, "curve")


@dataclass(frozen=True, slots=True)
class DerControl:
    id: str
    type: str
    is_default: bool
    content: Payload
    start_s: float
    end_s: float | None
    superseded: bool = False
    started: bool = False

    @property
    def priority(self) -> int:
        return int(self.content.get("priority", 0))

    def at_work(self, now_s: float) -> bool:
        return not self.superseded and self.start_s <= now_s and (self.end_s is None or now_s < self.end_s)


class DerControls:
    """The EVSE's controls; `post` sends a message to the CSMS. They survive a reboot (R01.FR.03)."""

    def __init__(self, model: DeviceModel, evse_id: int, post: Callable[[Letter], None]) -> None:
        self.model = model
        self.evse_id = evse_id
        self.controls: list[DerControl] = []
        self.in_vehicle: frozenset[str] = frozenset()
        """Control types that the connected vehicle does itself: they are handed on, not emulated (R03.FR.05, FR.06)."""
        self.doubles = False
        """It emulates what the vehicle does: how an emulated station fails at R03."""
        self.forgets_defaults = False
        self.cuts_running = False
        self.changed: Callable[[str], None] = lambda _control_type: None
        """Told of the type of each control that comes to work, or ends."""
        self._post = post
        self.component = "ACDERCtrlr" if model.text("ACDERCtrlr", "ModesSupported", None, evse_id) else "DCDERCtrlr"

    def handlers(self) -> dict[str, Callable[[Payload, float], Payload]]:
        return {"SetDERControl": self._set, "GetDERControl": self._get, "ClearDERControl": self._clear}

    # what is at work ---------------------------------------------------------------------------------------------

    def working(self, control_type: str, now_s: float) -> DerControl | None:
        """The control of a type that counts now: scheduled before default (R04.FR.11)."""
        candidates = [one for one in self.controls if one.type == control_type and one.at_work(now_s)]
        return min(candidates, key=lambda one: (one.is_default, one.priority), default=None)

    def emulated(self, control_type: str, now_s: float) -> DerControl | None:
        """The same, where it is the station's to execute."""
        if control_type in self.in_vehicle and not self.doubles:
            return None
        return self.working(control_type, now_s)

    def due_s(self) -> float | None:
        """When the next control starts or ends."""
        moments = [one.start_s for one in self.controls if not one.started and not one.superseded]
        moments += [one.end_s for one in self.controls if one.end_s is not None and one.started]
        return min(moments, default=None)

    def tick(self, now_s: float) -> None:
        """Tell starts and ends (R04.FR.20 to 22), forget what is over (R04.FR.10)."""
        for control in list(self.controls):
            if control.end_s is not None and now_s >= control.end_s:
                self._remove(control, now_s)
            elif control.at_work(now_s) and not control.started:
                self._start(control, now_s)

    def alarm(self, control_type: str, fault: str, now_s: float, *, ended: bool = False) -> None:
        """A grid event makes the EVSE leave its profile, or is over (R05)."""
        note: Payload = {"controlType": control_type, "gridEventFault": fault, "timestamp": to_text(now_s)}
        if ended:
            note["alarmEnded"] = True
        self._post(Letter("NotifyDERAlarm", note, durable=True))

    # what the CSMS asks ------------------------------------------------------------------------------------------

    def _set(self, request: Payload, now_s: float) -> Payload:
        control_type, is_default = request["controlType"], request["isDefault"]
        if control_type not in self._supported():
            return {"status": "NotSupported"}  # R04.FR.01
        field = field_of(control_type)
        if CONTROL_FIELDS & request.keys() != {field}:
            return {"status": "Rejected"}  # R04.FR.16, FR.17 (err)
        content = request[field]
        timed = "startTime" in content or "duration" in content
        if is_default and timed:
            return {"status": "Rejected"}  # R04.FR.12, FR.13 (err)
        if not is_default and control_type in _ONLY_DEFAULT:
            return {"status": "Rejected"}  # R04.FR.14, FR.15 (err)
        start_s = to_seconds(content["startTime"]) if "startTime" in content else now_s
        end_s = start_s + content["duration"] if "duration" in content else None
        fresh = DerControl(request["controlId"], control_type, is_default, content, start_s, end_s)
        superseded = self._install(fresh, now_s)
        self.tick(now_s)
        return {"status": "Accepted", **({"supersededIds": superseded} if superseded else {})}

    def _install(self, fresh: DerControl, now_s: float) -> list[str]:
        """R04.FR.02 to FR.08: who loses against whom. A newer one wins over one of the same priority."""
        self.controls = [one for one in self.controls if one.id != fresh.id]
        rivals = [
            one
            for one in self.controls
            if one.type == fresh.type and one.is_default == fresh.is_default and not one.superseded
            and _overlap(one, fresh)
        ]  # fmt: skip
        if any(one.priority < fresh.priority for one in rivals):
            self.controls.append(replace(fresh, superseded=True))
            return [fresh.id]
        losers = {one.id for one in rivals if one.is_default or not one.started}
        running = {one.id for one in rivals if not one.is_default and one.started}
        self.controls = [
            replace(one, superseded=True)
            if one.id in losers
            else replace(one, end_s=fresh.start_s)  # R04.FR.07: runs on until the new one starts
            if one.id in running
            else one
            for one in self.controls
        ]
        if self.cuts_running:
            self.controls = [replace(one, end_s=now_s) if one.id in running else one for one in self.controls]
        if self.forgets_defaults and not fresh.is_default:
            self.controls = [one for one in self.controls if not one.is_default or one.type != fresh.type]
        self.controls.append(fresh)
        return sorted(losers)

    def _get(self, request: Payload, now_s: float) -> Payload:
        if "controlType" in request and request["controlType"] not in self._supported():
            return {"status": "NotSupported"}  # R04.FR.36
        found = list(self._matching(request))
        if not found:
            return {"status": "NotFound"}  # R04.FR.30
        groups: dict[str, list[Payload]] = {}
        for control in found:
            groups.setdefault(field_of(control.type), []).append(_reported(control))
        pages = [
            {field: items[start : start + REPORTED_AT_ONCE]}
            for field, items in groups.items()
            for start in range(0, len(items), REPORTED_AT_ONCE)
        ]
        for number, page in enumerate(pages, 1):
            report: dict[str, Any] = {"requestId": request["requestId"], **page}
            if number < len(pages):
                report["tbc"] = True  # R04.FR.32
            self._post(Letter("ReportDERControl", report))
        return {"status": "Accepted"}

    def _clear(self, request: Payload, now_s: float) -> Payload:
        if "controlType" in request and request["controlType"] not in self._supported():
            return {"status": "NotSupported"}  # R04.FR.43
        found = list(self._matching(request))
        if not found:
            return {"status": "NotFound"}  # R04.FR.41, FR.42
        for control in found:
            self._remove(control, now_s)
        return {"status": "Accepted"}

    # inside ------------------------------------------------------------------------------------------------------

    def _supported(self) -> list[str]:
        return [*self.model.items(self.component, "ModesSupported", None, self.evse_id), *self.in_vehicle]

    def _matching(self, request: Payload) -> Iterable[DerControl]:
        for control in self.controls:
            if (
                request.get("isDefault", control.is_default) == control.is_default
                and request.get("controlType", control.type) == control.type
                and request.get("controlId", control.id) == control.id
            ):
                yield control

    def _remove(self, control: DerControl, now_s: float) -> None:
        self.controls.remove(control)
        if control.started:
            self._start_stop(control, False, now_s)
            self.changed(control.type)

    def _start(self, control: DerControl, now_s: float) -> None:
        index = self.controls.index(control)
        self.controls[index] = replace(control, started=True)
        self.changed(control.type)
        if not control.is_default:
            self._start_stop(control, True, now_s)

    def _start_stop(self, control: DerControl, started: bool, now_s: float) -> None:
        if control.is_default:
            return
        note: Payload = {"controlId": control.id, "started": started, "timestamp": to_text(now_s)}
        superseded = sorted(one.id for one in self.controls if one.superseded and one.type == control.type)
        if started and superseded:
            note["supersededIds"] = superseded[:REPORTED_AT_ONCE]
        self._post(Letter("NotifyDERStartStop", note, durable=True))


def _overlap(one: DerControl, other: DerControl) -> bool:
    if one.is_default:
        return True
    return (one.end_s is None or other.start_s < one.end_s) and (other.end_s is None or one.start_s < other.end_s)


def _reported(control: DerControl) -> Payload:
    field = field_of(control.type)
    item: Payload = {"id": control.id, _REPORT_INNER.get(field, field): control.content}
    if field not in ("enterService", "gradient"):
        item |= {"isDefault": control.is_default, "isSuperseded": control.superseded}
    if field == "curve":
        item["curveType"] = control.type
    return item
