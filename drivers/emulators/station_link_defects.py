"""Misbehaviours on the link to the CSMS, and while there is none."""

from __future__ import annotations

from collections.abc import Callable

from drivers.emulators.station_quirks import OURS, Seed, answered, changed, keeps, mode_in, profile_in, without
from harness.ocpp.frames import Payload
from harness.ocpp.quirks import Quirks


def _only_online(wanted: Callable[[Payload], bool]) -> Quirks:
    """Takes some profiles as if they counted only while there is a link."""

    def apply(request: Payload) -> Payload:
        profile_in(request).update({"maxOfflineDuration": 0} if wanted(request) else {})
        return request

    return Quirks(incoming=changed("SetChargingProfile", apply))


def _lasting(mode: str) -> Quirks:
    """Takes profiles of a mode as if they had no duration."""

    def apply(request: Payload) -> Payload:
        for schedule in profile_in(request)["chargingSchedule"] if mode_in(request) == mode else ():
            schedule.pop("duration", None)
        return request

    return Quirks(incoming=changed("SetChargingProfile", apply))


def _mode(name: str) -> Callable[[Payload], bool]:
    return lambda request: mode_in(request) == name


LINK_SEEDS: tuple[Seed, ...] = (
    ("hammers-its-csms", "field: public issue reports of station firmware", "PF_P4_02_CS",
     "tries to connect again without a pause", Quirks(hammers=True)),
    ("pings-at-its-own-pace", OURS, "PF_P4_10_CS", "accepts a WebSocketPingInterval and pings in one of its own",
     keeps("WebSocketPingInterval", "7")),
    ("pings-although-disabled", OURS, "PF_P4_11_CS", "pings although WebSocketPingInterval is 0",
     keeps("WebSocketPingInterval", "2", instead_of="0")),
    ("pings-once-connected-only", OURS, "PF_P4_12_CS", "pings no more once it has connected again",
     Quirks(pings_first_link_only=True)),
    ("deaf-behind-a-gateway", OURS, "PF_GW_01_CS", "hears no update of a setpoint on any but its first network profile",
     Quirks(deaf_elsewhere=frozenset({"UpdateDynamicSchedule"}))),
    ("impatient-for-answers", OURS, "PF_GW_02_CS", "takes an answer as missing after 2 s and sends the event again",
     Quirks(variables={"OCPPCommCtrlr.MessageTimeout[Default]": "2"})),
    ("one-numbering-only", OURS, "PF_GW_04_CS", "hears no CALL whose id is not numbered as those before",
     Quirks(one_numbering=True)),
    ("missing-pongs-ignored", OURS, "ocpp2.1/silent-links-are-left", "keeps a link whose far end answers no ping",
     Quirks(ignores_missing_pongs=True)),
)  # fmt: skip

LASTING_SEEDS: tuple[Seed, ...] = (
    ("external-setpoint-for-ever", OURS, "PF_Q05_03_CS", "follows an energy manager for ever, whatever the duration",
     _lasting("ExternalSetpoint")),
    ("central-frequency-for-ever", OURS, "PF_Q07_02_CS", "follows a CentralFrequency setpoint for ever",
     _lasting("CentralFrequency")),
    ("updates-unchecked", OURS, "PF_V2X_R05U_CS", "accepts an update outside its profile's limits, and forgets it",
     Quirks(answer=answered("UpdateDynamicSchedule", lambda _, answer: {"status": "Accepted"}
                            if answer.get("statusInfo", {}).get("reasonCode") == "InvalidSchedule" else answer))),
)  # fmt: skip
"""Numbers that come from outside and are kept too long, or not looked at."""

OFFLINE_SEEDS: tuple[Seed, ...] = (
    ("contracts-never-offline", OURS, "PF_C07_08_CS", "takes no contract offline, whatever ContractValidationOffline says",
     keeps("ContractValidationOffline", "false")),
    ("contracts-always-offline", OURS, "PF_C07_R7_CS", "charges for contracts offline although it may not",
     keeps("ContractValidationOffline", "true")),
    ("der-notices-lost-offline", OURS, "PF_R04_12_CS", "does not tell later which controls began and ended offline",
     Quirks(drops_offline=frozenset({"NotifyDERStartStop"}))),
    ("der-notices-restamped", OURS, "PF_R04_12_CS", "tells a start of a control with the time of its telling",
     Quirks(restamps=frozenset({"NotifyDERStartStop"}))),
    ("der-alarms-lost-offline", OURS, "PF_R05_03_CS", "does not tell later of a grid event that it met offline",
     Quirks(drops_offline=frozenset({"NotifyDERAlarm"}))),
    ("der-alarms-restamped", OURS, "PF_R05_03_CS", "tells a grid event with the time of its telling",
     Quirks(restamps=frozenset({"NotifyDERAlarm"}))),
    ("priority-lost-offline", OURS, "PF_K22_02_CS", "does not tell later that its driver wanted priority while offline",
     Quirks(drops_offline=frozenset({"NotifyPriorityCharging"}))),
    ("new-needs-without-time", OURS, "PF_K20_02_CS", "does not say when new needs came that it tells later",
     Quirks(outgoing=changed("NotifyEVChargingNeeds", without("timestamp")))),
    ("scheduled-default-lost-offline", OURS, "PF_K18_02_CS", "gives a TxDefaultProfile up as soon as it is offline",
     _only_online(lambda r: profile_in(r)["chargingProfilePurpose"] == "TxDefaultProfile")),
    ("external-setpoint-lost-offline", OURS, "PF_Q05_04_CS", "gives an ExternalSetpoint period up as soon as it is offline",
     _only_online(_mode("ExternalSetpoint"))),
    ("central-frequency-kept-offline", OURS, "PF_Q07_03_CS", "keeps a CentralFrequency setpoint for ever while offline",
     Quirks(incoming=changed("SetChargingProfile", lambda r: {**r, "chargingProfile": without("maxOfflineDuration")(
         profile_in(r))} if mode_in(r) == "CentralFrequency" else r))),
    ("frequency-unwatched-offline", OURS, "PF_Q08_04_CS", "gives a LocalFrequency period up as soon as it is offline",
     _only_online(_mode("LocalFrequency"))),
    ("site-unbalanced-offline", OURS, "PF_Q09_03_CS", "gives LocalLoadBalancing up as soon as it is offline",
     _only_online(_mode("LocalLoadBalancing"))),
    ("offline-values-restamped", "field: public issue reports of station firmware", "PF_J02_07_CS",
     "tells meter values of its time offline with the time of their telling",
     Quirks(restamps=frozenset({"TransactionEvent"}))),
)  # fmt: skip
"""What is lost, late or given up while the station is offline."""
