"""How the emulated CSMS schedules vehicles: what it allows, which profile it sends for which token, and what it gets wrong.

A token stands for a contract: most get a Dynamic setpoint, some another operation mode, one is allowed to discharge only later.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine
from typing import Any

from drivers.emulators.defects import Defect
from harness.clock import Clock
from harness.ocpp.frames import Payload
from harness.ocpp.profile_drafts import period, profile
from harness.ocpp.profiles import Mode
from harness.ocpp.shell import utc_s
from harness.ocpp.station_handle import StationHandle
from harness.ocpp.timestamps import to_text

ALLOWED = ("DC", "DC_BPT")
PROFILE_ID = 700
LIMIT_W = 11_000
"""What it lets a vehicle charge with (our default)."""
PERMITTED_S = 1.0
"""From the profile for charging to the permission to discharge (our default)."""
LATE_TOKEN = "04C0FFEE00"
"""The contract whose permission to discharge comes later (Q02; our default, as are the next)."""
MODE_TOKENS = {"04C0FFEE01": Mode.CENTRAL_FREQUENCY, "04C0FFEE02": Mode.LOCAL_FREQUENCY, "04C0FFEE03": Mode.IDLE}
CURVE = [{"frequency": 49.8, "power": -6_000}, {"frequency": 50.2, "power": 6_000}]

_ROLE, _OURS = "csms", "our default"
DEFECTS = (
    Defect("csms-allows-everything", _ROLE, "ocpp2.1", _OURS, "accepts needs for a transfer that it has not allowed",
           "PF_Q01_04_CSMS"),
    Defect("csms-forgets-the-profile", _ROLE, "ocpp2.1", _OURS, "accepts a vehicle's needs and sends no profile",
           "PF_Q01_01_CSMS"),
    Defect("csms-limits-with-setpoint", _ROLE, "ocpp2.1", _OURS, "sends a limit in a CentralSetpoint period",
           "ocpp2.1/csms-Q03.FR.02"),
    Defect("csms-profile-without-transaction", _ROLE, "ocpp2.1", _OURS, "sends a TxProfile that names no transaction",
           "ocpp2.1/csms-K01.FR.03"),
    Defect("csms-answers-any-pull", _ROLE, "ocpp2.1", _OURS, "accepts a pull for a profile that it never sent",
           "PF_K28_12_CSMS"),
    Defect("csms-empty-pull", _ROLE, "ocpp2.1", _OURS, "accepts a pull and sends no numbers", "PF_K28_10_CSMS"),
    Defect("csms-discharges-everybody", _ROLE, "ocpp2.1", _OURS, "sends a setpoint to a vehicle that only charges",
           "PF_Q02_01_CSMS"),
    Defect("csms-too-many-schedules", _ROLE, "ocpp2.1", _OURS, "sends four schedules to a vehicle in scheduled control",
           "PF_K18_01_CSMS"),
    Defect("csms-too-many-periods", _ROLE, "ocpp2.1", _OURS, "sends more periods than a vehicle can take",
           "PF_K18_07_CSMS"),
    Defect("csms-refuses-schedules", _ROLE, "ocpp2.1", _OURS, "rejects a vehicle's schedule and sends no other profile",
           "PF_K18_13_CSMS"),
    Defect("csms-permits-another-transaction", _ROLE, "ocpp2.1", _OURS,
           "tells new allowed transfers for a transaction that does not run", "PF_Q02_03_CSMS"),
    Defect("csms-silent-on-negative-powers", _ROLE, "ocpp2.1", _OURS,
           "does not answer needs whose maxDischargePower is negative", "PF_Q01_R3_CSMS"),
    Defect("csms-setpoint-missing", _ROLE, "ocpp2.1", _OURS, "sends a CentralSetpoint period without a setpoint",
           "PF_Q03_01_CSMS"),
    Defect("csms-frequency-with-limit", _ROLE, "ocpp2.1", _OURS, "sends a limit in a CentralFrequency period",
           "PF_Q07_01_CSMS"),
    Defect("csms-short-curve", _ROLE, "ocpp2.1", _OURS, "sends LocalFrequency with a curve of one point",
           "PF_Q08_01_CSMS"),
    Defect("csms-idle-with-limit", _ROLE, "ocpp2.1", _OURS, "sends a limit in an Idle period", "PF_Q10_01_CSMS"),
)  # fmt: skip


class Scheduler:
    """Of one station. `later` runs what is to follow an answer."""

    def __init__(
        self, station: StationHandle, clock: Clock, defects: Collection[str], setpoint_w: float,
        later: Callable[[Coroutine[Any, Any, Any]], None],
    ) -> None:  # fmt: skip
        self.station = station
        self.clock = clock
        self.defects = defects
        self.setpoint_w = setpoint_w
        self._later = later
        self._mode = Mode.CENTRAL_SETPOINT
        self._allowed: tuple[str, ...] | None = ALLOWED

    def allowed(self, token: str) -> list[str] | None:
        """The transfers of a contract; None where they are not known yet (Q01.FR.08, Q02.FR.03)."""
        self._mode = MODE_TOKENS.get(token, Mode.CENTRAL_SETPOINT)
        self._allowed = None if token == LATE_TOKEN else ALLOWED
        return list(self._allowed) if self._allowed else None

    def needs(self, needs: Payload) -> Payload:
        wanted = needs["chargingNeeds"]["requestedEnergyTransfer"]
        late = self._allowed is None
        if wanted not in (self._allowed or ("DC",)) and "csms-allows-everything" not in self.defects:
            return {"status": "Rejected"}
        if "csms-forgets-the-profile" not in self.defects:
            self._later(self._schedule(needs, late=late))
        return {"status": "Accepted"}

    def reported(self, report: Payload) -> Payload:
        """K18.FR.11 to FR.13: what is above its own limit is rejected, and a new profile follows."""
        periods = report["chargingSchedule"]["chargingSchedulePeriod"]
        if all(one.get("limit", 0) <= LIMIT_W for one in periods):
            return {"status": "Accepted"}
        if "csms-refuses-schedules" not in self.defects:
            self._later(self._send({"controlMode": "ScheduledControl", "requestedEnergyTransfer": "DC"}, 1))
        return {"status": "Rejected"}

    def pulled(self, request: Payload) -> Payload:
        if request["chargingProfileId"] != PROFILE_ID and "csms-answers-any-pull" not in self.defects:
            return {"status": "Rejected"}
        numbers: Payload = {"scheduleUpdate": {"setpoint": self.setpoint_w}}
        return {"status": "Accepted", **({} if "csms-empty-pull" in self.defects else numbers)}

    async def _schedule(self, needs: Payload, *, late: bool) -> None:
        await self._send(needs["chargingNeeds"], needs.get("maxScheduleTuples", 1))
        if late:
            await self.clock.sleep(PERMITTED_S)
            self._allowed = ALLOWED
            wrong = "csms-permits-another-transaction" in self.defects
            running = "another" if wrong else self.station.transaction_id
            request = {"transactionId": running, "allowedEnergyTransfer": list(ALLOWED)}
            await self.station.call("NotifyAllowedEnergyTransfer", request)

    async def _send(self, needs: Payload, most_periods: int) -> None:
        if self.station.transaction_id is None:
            return  # it has ended in the meantime
        bidirectional = "BPT" in needs["requestedEnergyTransfer"] or "csms-discharges-everybody" in self.defects
        chosen = self._period() if bidirectional else period("ChargingOnly", limit=LIMIT_W)
        transaction = None if "csms-profile-without-transaction" in self.defects else self.station.transaction_id
        duration_s = 900 if chosen["operationMode"] == Mode.CENTRAL_FREQUENCY else None  # Q07.FR.04
        draft = profile(PROFILE_ID, [chosen], transaction_id=transaction, duration_s=duration_s)
        if needs.get("controlMode") == "ScheduledControl" or "dcChargingParameters" in needs:
            start = to_text(utc_s(self.clock))
            number = most_periods + 1 if "csms-too-many-periods" in self.defects else 1
            periods = [{**chosen, "startPeriod": 60 * n} for n in range(number)]
            draft = profile(PROFILE_ID, periods, transaction_id=transaction, kind="Absolute", start_schedule=start)
            schedules = 4 if "csms-too-many-schedules" in self.defects else 1
            draft["chargingSchedule"] = [{**draft["chargingSchedule"][0], "id": 1 + n} for n in range(schedules)]
        await self.station.set_charging_profile(draft, checked=False)

    def _period(self) -> Payload:
        match self._mode:
            case Mode.LOCAL_FREQUENCY:
                points = CURVE[:1] if "csms-short-curve" in self.defects else CURVE
                return period(str(self._mode), v2xBaseline=0, v2xFreqWattCurve=points)
            case Mode.IDLE:
                return period(str(self._mode), **({"limit": 0} if "csms-idle-with-limit" in self.defects else {}))
            case mode:
                chosen = period(str(mode), setpoint=self.setpoint_w)
                if {Mode.CENTRAL_SETPOINT: "csms-limits-with-setpoint"}.get(
                    mode, "csms-frequency-with-limit"
                ) in self.defects:
                    chosen["limit"] = LIMIT_W
                if "csms-setpoint-missing" in self.defects:
                    del chosen["setpoint"]
                return chosen
