"""The station's smart charging: holds the profiles, answers for them, pulls updates, and says what power to aim at.

Blocks K and Q of OCPP 2.1 for the one EVSE of the station.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from harness.ocpp.device_model import DeviceModel
from harness.ocpp.frames import Payload
from harness.ocpp.outbox import Letter, Then
from harness.ocpp.power_target import Target, leading, target_at
from harness.ocpp.profile_checks import Abilities, outside_limits, refusal_of
from harness.ocpp.profile_periods import offline_too_long
from harness.ocpp.profiles import Kind, Mode, Profile, Purpose, read_profile, with_update
from harness.ocpp.session import Answered, SessionEvent
from harness.ocpp.statuses import accepted, rejected
from harness.ocpp.surroundings import LoadBalancing, Surroundings
from harness.ocpp.timestamps import to_seconds

PHASE_VOLTAGE_V = 230.0
"""To turn amperes of a schedule into watts (IEC 60038 nominal voltage)."""
PHASES = 3
HASTE_S = 1.0
"""Within which an emulated station that is too slow for its CSMS forgets updates. Our default."""


class SmartCharging:
    """`around(now_s)` gives the EVSE's present surroundings; `post` sends a message to the CSMS."""

    def __init__(
        self,
        model: DeviceModel,
        evse_id: int,
        around: Callable[[float], Surroundings],
        post: Callable[[Letter], None],
    ) -> None:
        self.model = model
        self.evse_id = evse_id
        self.profiles: list[Profile] = []
        self.priority_transaction: str | None = None
        self.afrr: list[tuple[float, int]] = []
        """(UTC seconds, signal) by time."""
        self.overlooks: frozenset[str] = frozenset()
        """Requirements that an emulated station does not keep, as `Quirks.overlooks` has them."""
        self.per_phase_discharge = False
        self.is_dc = True
        self.around = around
        self.post = post
        self._pull_due_s: dict[int, float] = {}

    # what counts now ---------------------------------------------------------------------------------------------

    def target(self, now_s: float) -> Target:
        return target_at(self.profiles, self.around(now_s))

    def transaction_profile(self, transaction_id: str) -> Profile | None:
        """The newest TxProfile of a transaction."""
        own = [one for one in self.profiles if one.purpose is Purpose.TX and one.transaction_id == transaction_id]
        return max(own, key=lambda one: one.installed_s, default=None)

    def choose(self, profile_id: int, index: int) -> None:
        """The vehicle has chosen one of a profile's schedules."""
        self.profiles = [
            replace(one, chosen=index) if one.id == profile_id and index < len(one.schedules) else one
            for one in self.profiles
        ]

    def afrr_signal(self, now_s: float) -> int | None:
        """The last signal whose time has come (Q08.FR.10)."""
        return next((signal for at_s, signal in reversed(self.afrr) if at_s <= now_s), None)

    def load_balancing(self) -> LoadBalancing | None:
        """Q09: None while a threshold or offset is unset, or the thresholds are the wrong way round."""
        numbers = [
            self.model.number("V2XChargingCtrlr", "LocalLoadBalancing", instance, self.evse_id)
            for instance in ("UpperThreshold", "LowerThreshold", "UpperOffset", "LowerOffset")
        ]
        upper, lower, upper_offset, lower_offset = numbers
        if upper is None or lower is None or upper_offset is None or lower_offset is None or upper <= lower:
            return None
        return LoadBalancing(upper, lower, upper_offset, lower_offset)

    # time and link -----------------------------------------------------------------------------------------------

    def tick(self, now_s: float, *, online: bool) -> None:
        """Ask for an update of each Dynamic profile whose interval has passed (K28.FR.10, err); what falls
        due offline is asked for as soon as the link is back."""
        for profile in self.profiles:
            if profile.kind is not Kind.DYNAMIC or not profile.update_interval_s:
                continue
            if not online:
                if "K28.FR.10" in self.overlooks:  # as if it had just been pulled
                    self._pull_due_s[profile.id] = now_s + profile.update_interval_s
                continue
            due_s = self._pull_due_s.setdefault(profile.id, (profile.updated_s or now_s) + profile.update_interval_s)
            if now_s >= due_s:
                self._pull_due_s[profile.id] = now_s + profile.update_interval_s
                request = {"chargingProfileId": profile.id}
                self.post(Letter("PullDynamicScheduleUpdate", request, self._pulled(profile.id)))

    def next_pull_s(self) -> float | None:
        return min(self._pull_due_s.values(), default=None)

    def back_online(self, offline_since_s: float, now_s: float) -> None:
        """K01.FR.102: what ran out of maxOfflineDuration comes back unless it says otherwise."""
        self.profiles = [
            replace(one, outlived_offline=True)
            if one.invalid_after_offline and offline_too_long(one, offline_since_s, now_s)
            else one
            for one in self.profiles
        ]

    def transaction_ended(self, transaction_id: str) -> None:
        """TxProfiles go with their transaction (K01)."""
        self.profiles = [one for one in self.profiles if one.transaction_id != transaction_id]
        self._forget_pulls()
        if self.priority_transaction == transaction_id:
            self.priority_transaction = None
        self.afrr.clear()

    def rebooted(self) -> None:
        """K01.FR.27: only these purposes survive a reboot."""
        kept = (Purpose.STATION_MAX, Purpose.TX_DEFAULT, Purpose.PRIORITY)
        self.profiles = [one for one in self.profiles if one.purpose in kept]
        self._forget_pulls()

    # what the CSMS asks ------------------------------------------------------------------------------------------

    def set_charging_profile(self, request: Payload, now_s: float) -> Payload:
        return self.install(request["evseId"], request["chargingProfile"], now_s)

    def install(self, evse_id: int, raw: Payload, now_s: float) -> Payload:
        """Take or refuse a profile; one of the same id is replaced (K01.FR.05)."""
        refusal = refusal_of(evse_id, raw, self._abilities(now_s))
        if refusal and refusal.requirement in self.overlooks:
            return accepted()
        if refusal:
            return rejected(refusal.reason_code, refusal.text)
        if "K01.FR.05" in self.overlooks and any(one.id == raw["id"] for one in self.profiles):
            return accepted()
        profile = read_profile(evse_id, raw, now_s, watts_per_ampere=PHASE_VOLTAGE_V * PHASES)
        self.store(profile)
        return accepted()

    def store(self, profile: Profile) -> None:
        """In the place of the one of the same id."""
        self.profiles = [one for one in self.profiles if one.id != profile.id] + [profile]
        self._pull_due_s.pop(profile.id, None)

    def update_dynamic_schedule(self, request: Payload, now_s: float) -> Payload:
        """K28.FR.06, FR.08, FR.11."""
        return self._update(request["chargingProfileId"], request["scheduleUpdate"], now_s)

    def clear_charging_profile(self, request: Payload, _now_s: float) -> Payload:
        """K10: by id, or by criteria of which all that are given must fit."""
        criteria = request.get("chargingProfileCriteria", {})
        wanted_id = request.get("chargingProfileId")

        def fits(one: Profile) -> bool:
            if one.source != "CSO" or one.purpose is Purpose.EXTERNAL_CONSTRAINTS:
                return False  # K10.FR.09
            if wanted_id is not None:
                return bool(one.id == wanted_id)
            own = {"evseId": one.evse_id, "chargingProfilePurpose": one.purpose, "stackLevel": one.stack_level}
            return all(criteria.get(key, value) == value for key, value in own.items())

        kept = [one for one in self.profiles if not fits(one)]
        if len(kept) == len(self.profiles):
            return {"status": "Unknown"}  # K10.FR.01
        self.profiles = kept
        self._forget_pulls()
        return accepted()

    def use_priority_charging(self, request: Payload, now_s: float) -> Payload:
        """K21."""
        around = self.around(now_s)
        if request["transactionId"] != around.transaction_id:
            return rejected("TxNotFound")  # K21.FR.02
        if leading(self.profiles, Purpose.PRIORITY, around) is None:
            return {"status": "NoProfile"}  # K21.FR.01
        self.switch_priority(request["transactionId"], activate=request["activate"])
        return accepted()

    def switch_priority(self, transaction_id: str, *, activate: bool) -> None:
        """On or off, from either side; the CSMS is told (K21.FR.03 to 08, K22)."""
        self.priority_transaction = transaction_id if activate else None
        note = {"transactionId": transaction_id, "activated": activate}
        self.post(Letter("NotifyPriorityCharging", note, durable=True))

    def afrr_signal_received(self, request: Payload, now_s: float) -> Payload:
        """Q08.FR.10, Q08.FR.11."""
        around = self.around(now_s)
        mine = leading(self.profiles, Purpose.TX, around) or leading(self.profiles, Purpose.TX_DEFAULT, around)
        if mine is None or mine[1].mode is not Mode.LOCAL_FREQUENCY or not mine[1].signal_watt:
            return rejected("NoSignalWattCurve")
        self.afrr.append((to_seconds(request["timestamp"]), request["signal"]))
        self.afrr.sort()
        return accepted()

    # inside ------------------------------------------------------------------------------------------------------

    def _forget_pulls(self) -> None:
        kept = {one.id for one in self.profiles}
        self._pull_due_s = {one: due_s for one, due_s in self._pull_due_s.items() if one in kept}

    def _update(self, profile_id: int, update: Payload, now_s: float) -> Payload:
        profile = next((one for one in self.profiles if one.id == profile_id), None)
        if profile is None or profile.kind is not Kind.DYNAMIC:
            return rejected("InvalidProfile", "there is no such dynamic profile")
        if "K01.FR.56" in self.overlooks and now_s - (profile.updated_s or 0.0) < HASTE_S:
            return accepted()
        fresh = with_update(profile, update, now_s, PHASE_VOLTAGE_V * PHASES)
        if outside_limits(fresh.raw["chargingSchedule"][0]["chargingSchedulePeriod"][0], "", "_L2", "_L3"):
            return rejected("InvalidSchedule", "the setpoint lies outside the limits")  # V2X.05
        self.store(fresh)
        return accepted()

    def _pulled(self, profile_id: int) -> Then:
        def take(event: SessionEvent, now_s: float) -> None:
            if isinstance(event, Answered) and event.payload.get("status") == "Accepted":
                self._update(profile_id, event.payload.get("scheduleUpdate", {}), now_s)

        return take

    def _abilities(self, now_s: float) -> Abilities:
        around = self.around(now_s)
        model = self.model
        ceiling = model.number("SmartChargingCtrlr", "MaxExternalConstraintsId")
        extra = {Purpose(name) for name in model.items("SmartChargingCtrlr", "SupportedAdditionalPurposes")}
        return Abilities(
            evse_ids=frozenset({self.evse_id}),
            transactions={self.evse_id: around.transaction_id} if around.transaction_id else {},
            installed=self.profiles,
            modes=frozenset(
                Mode(name) for name in model.items("V2XChargingCtrlr", "SupportedOperationModes", None, self.evse_id)
            )
            | {Mode.CHARGING_ONLY},
            purposes=frozenset({Purpose.STATION_MAX, Purpose.TX_DEFAULT, Purpose.TX, *extra}),
            rate_units=frozenset(model.items("SmartChargingCtrlr", "RateUnit")),
            dynamic_profiles=model.flag("SmartChargingCtrlr", "SupportsDynamicProfiles"),
            max_offline_duration=model.flag("SmartChargingCtrlr", "SupportsMaxOfflineDuration"),
            limit_at_soc=model.flag("SmartChargingCtrlr", "SupportsLimitAtSoC"),
            evse_sleep=model.flag("SmartChargingCtrlr", "SupportsEvseSleep"),
            local_time=model.flag("SmartChargingCtrlr", "SupportsUseLocalTime"),
            randomized_delay=model.flag("SmartChargingCtrlr", "SupportsRandomizedDelay"),
            iso15118=model.flag("ISO15118Ctrlr", "Enabled", self.evse_id),
            load_balancing_ready=self.load_balancing() is not None,
            largest_stack_level=int(model.number("SmartChargingCtrlr", "ProfileStackLevel") or 0),
            periods_per_schedule=int(model.number("SmartChargingCtrlr", "PeriodsPerSchedule") or 1),
            max_external_constraints_id=None if ceiling is None else int(ceiling),
            per_phase_discharge=self.per_phase_discharge,
            is_dc=self.is_dc,
        )
