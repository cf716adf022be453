"""What our CSMS answers to a charging station: sensible defaults, and whatever a test says instead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from harness.ocpp.frames import Payload
from harness.ocpp.schema import load_schema, schema_name
from harness.ocpp.timestamps import to_text
from harness.ocpp.version import ErrorCode, Version

Answer = Payload | Callable[[Payload], Payload]
"""A payload, or a function of the request."""

HEARTBEAT_INTERVAL_S = 300
"""Interval given in BootNotification. Our default."""
ALL_TRANSFERS = ("AC_single_phase", "AC_two_phase", "AC_three_phase", "DC", "AC_BPT", "AC_BPT_DER", "DC_BPT")


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How one action is answered. `error` and `silent` go before `answer`; `times` None means from now on."""

    answer: Answer | None = None
    error: ErrorCode | None = None
    silent: bool = False
    delay_s: float = 0.0
    times: int | None = None
    when: Callable[[Payload], bool] | None = None
    """Only for requests of which this is true; others are answered as usual."""
    checked: bool = True
    """Refuse to send an answer that breaks its schema; False for deliberate faults."""


@dataclass(slots=True)
class Answers:
    """A table of behaviours by action over the defaults of the standard's happy path."""

    _table: dict[str, Behaviour] = field(default_factory=dict)

    def answer(
        self,
        action: str,
        answer: Answer,
        *,
        delay_s: float = 0.0,
        times: int | None = None,
        checked: bool = True,
    ) -> None:
        """Answer `action` with this payload, or with what this function makes of the request."""
        self._table[action] = Behaviour(answer, delay_s=delay_s, times=times, checked=checked)

    def refuse(
        self, action: str, code: ErrorCode = ErrorCode.INTERNAL_ERROR, *, times: int | None = None,
        when: Callable[[Payload], bool] | None = None,
    ) -> None:  # fmt: skip
        """Answer `action` with a CALLERROR."""
        self._table[action] = Behaviour(error=code, times=times, when=when)

    def stay_silent(
        self, action: str, *, times: int | None = None, when: Callable[[Payload], bool] | None = None
    ) -> None:
        """Do not answer `action`."""
        self._table[action] = Behaviour(silent=True, times=times, when=when)

    def as_usual(self, action: str | None = None) -> None:
        """Back to the default, for one action or for all."""
        if action is None:
            self._table.clear()
        else:
            self._table.pop(action, None)

    def delay(self, action: str, delay_s: float, *, times: int | None = None) -> None:
        """Answer as usual, but late."""
        self._table[action] = replace(self._table.get(action, Behaviour()), delay_s=delay_s, times=times)

    def take(self, action: str, request: Payload) -> Behaviour:
        """The behaviour for one request of now; counts `times` down."""
        behaviour = self._table.get(action)
        if behaviour is None or (behaviour.when and not behaviour.when(request)):
            return Behaviour()
        if behaviour.times is not None:
            if behaviour.times <= 1:
                del self._table[action]
            else:
                self._table[action] = replace(behaviour, times=behaviour.times - 1)
        return behaviour


def default_answer(version: Version, action: str, request: Payload, now_s: float) -> Payload | None:
    """The happy path's answer; None where there is no sensible one (the request is not for a CSMS)."""
    make = _DEFAULTS_16.get(action) if version is Version.V16 else _DEFAULTS_2X.get(action)
    if make is not None:
        answer = make(request, now_s)
        if version is Version.V201:
            answer.pop("allowedEnergyTransfer", None)
            if action == "NotifyEVChargingNeeds":
                answer["status"] = "Rejected"  # 2.0.1 says so for: there is no profile (K15)
        return answer
    return None if load_schema(version, schema_name(version, action, response=True)).get("required") else {}


_Make = Callable[[Payload, float], Payload]


def _boot(_request: Payload, now_s: float) -> Payload:
    return {"status": "Accepted", "currentTime": to_text(now_s), "interval": HEARTBEAT_INTERVAL_S}


def _heartbeat(_request: Payload, now_s: float) -> Payload:
    return {"currentTime": to_text(now_s)}


def _accepted(_request: Payload, _now_s: float) -> Payload:
    return {"status": "Accepted"}


def _authorize(_request: Payload, _now_s: float) -> Payload:
    """Every token is welcome and every transfer allowed (Q01.FR.01)."""
    return {"idTokenInfo": {"status": "Accepted"}, "allowedEnergyTransfer": list(ALL_TRANSFERS)}


def _transaction_event(request: Payload, _now_s: float) -> Payload:
    return {"idTokenInfo": {"status": "Accepted"}} if "idToken" in request else {}


_DEFAULTS_2X: dict[str, _Make] = {
    "BootNotification": _boot,
    "Heartbeat": _heartbeat,
    "Authorize": _authorize,
    "TransactionEvent": _transaction_event,
    # NoChargingProfile: nobody has asked this CSMS for a profile yet; a test that has one answers Accepted.
    "NotifyEVChargingNeeds": lambda *_: {"status": "NoChargingProfile"},
    "NotifyEVChargingSchedule": _accepted,
    "PullDynamicScheduleUpdate": lambda *_: {"status": "Rejected"},
    "SignCertificate": _accepted,
    "DataTransfer": lambda *_: {"status": "UnknownVendorId"},
    "Get15118EVCertificate": lambda *_: {"status": "Failed", "exiResponse": ""},
    "GetCertificateStatus": lambda *_: {"status": "Failed"},
    "OpenPeriodicEventStream": lambda *_: {"status": "Rejected"},
}

_DEFAULTS_16: dict[str, _Make] = {
    "BootNotification": _boot,
    "Heartbeat": _heartbeat,
    "Authorize": lambda *_: {"idTagInfo": {"status": "Accepted"}},
    "StartTransaction": lambda *_: {"transactionId": 0, "idTagInfo": {"status": "Accepted"}},
    "StopTransaction": lambda *_: {"idTagInfo": {"status": "Accepted"}},
    "SignCertificate": _accepted,
    "DataTransfer": lambda *_: {"status": "UnknownVendorId"},
}
