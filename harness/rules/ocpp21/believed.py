"""What is known of a station at a moment of a transcript; whatever is not known counts in its favour."""

from __future__ import annotations

from harness.ocpp.frames import Payload
from harness.ocpp.profile_checks import Abilities
from harness.ocpp.profiles import Mode, Profile, Purpose, read_profile
from harness.rules.ocpp21.terms import Session, asked
from harness.transcript.ocpp import Exchange, OcppMessage

_MODELLED = {
    "dynamic_profiles": "SupportsDynamicProfiles",
    "max_offline_duration": "SupportsMaxOfflineDuration",
    "limit_at_soc": "SupportsLimitAtSoC",
    "evse_sleep": "SupportsEvseSleep",
    "local_time": "SupportsUseLocalTime",
    "randomized_delay": "SupportsRandomizedDelay",
}


def installed_before(session: Session, message: OcppMessage) -> list[Profile]:
    """The profiles that the station had accepted and not lost when a message was sent."""
    profiles: list[Profile] = []
    for one in session.exchanges:
        if one.request.ordinal >= message.ordinal:
            break
        match one.request.action:
            case "SetChargingProfile" if one.status == "Accepted":
                raw = one.asked["chargingProfile"]
                fresh = read_profile(one.asked["evseId"], raw, one.request.utc_s, watts_per_ampere=690.0)
                profiles = [kept for kept in profiles if kept.id != fresh.id] + [fresh]
            case "ClearChargingProfile" if one.status == "Accepted":
                profiles = [kept for kept in profiles if not _cleared(kept, one.asked)]
            case "TransactionEvent" if one.asked.get("eventType") == "Ended":
                ended = one.asked["transactionInfo"]["transactionId"]
                profiles = [kept for kept in profiles if kept.transaction_id != ended]
            case "BootNotification":
                profiles = [kept for kept in profiles if kept.purpose not in (Purpose.TX, Purpose.EXTERNAL_CONSTRAINTS)]
    return profiles


def _cleared(profile: Profile, asked: Payload) -> bool:
    if "chargingProfileId" in asked:
        return bool(asked["chargingProfileId"] == profile.id)
    criteria = asked.get("chargingProfileCriteria", {})
    own = {"evseId": profile.evse_id, "chargingProfilePurpose": profile.purpose, "stackLevel": profile.stack_level}
    return all(criteria.get(key, value) == value for key, value in own.items())


def needs_before(session: Session, profile: Exchange) -> Exchange | None:
    """The last NotifyEVChargingNeeds of the transaction that runs at the EVSE of a SetChargingProfile."""
    evse_id, before = profile.asked["evseId"], profile.request.ordinal
    told = [one for one in session.of("NotifyEVChargingNeeds") if one.request.ordinal < before
            and evse_id in (0, one.asked.get("evseId"))]  # fmt: skip
    begun = [one for one in session.of("TransactionEvent") if one.request.ordinal < before
             and one.asked.get("eventType") == "Started"
             and evse_id in (0, one.asked.get("evse", {}).get("id", evse_id))]  # fmt: skip
    if told and begun and told[-1].request.ordinal < begun[-1].request.ordinal:
        return None
    return told[-1] if told else None


def believed(session: Session, exchange: Exchange) -> Abilities:
    """The station's abilities for a SetChargingProfile, as far as the transcript tells."""
    request = exchange.request
    evse_id, profile = exchange.asked["evseId"], exchange.asked["chargingProfile"]
    transaction = session.transaction_at(request, evse_id)
    if transaction is None:
        transaction = profile.get("transactionId", "")
    needs = needs_before(session, exchange)
    powers = needs.asked["chargingNeeds"].get("v2xChargingParameters", {}) if needs else {}
    modes = session.variable("V2XChargingCtrlr", "SupportedOperationModes")
    flags = {name: session.variable("SmartChargingCtrlr", variable) != "false" for name, variable in _MODELLED.items()}
    units = session.variable("SmartChargingCtrlr", "RateUnit")
    ceiling = session.variable("SmartChargingCtrlr", "MaxExternalConstraintsId")
    stack = session.variable("SmartChargingCtrlr", "ProfileStackLevel")
    purposes = session.variable("SmartChargingCtrlr", "SupportedAdditionalPurposes")
    periods = session.variable("SmartChargingCtrlr", "PeriodsPerSchedule")
    return Abilities(
        evse_ids=frozenset({evse_id}),
        transactions={evse_id: transaction} if transaction else {},
        installed=installed_before(session, request),
        modes=frozenset(map(Mode, modes.split(","))) | {Mode.CHARGING_ONLY} if modes else frozenset(Mode),
        purposes=_purposes(purposes),
        rate_units=frozenset(units.split(",")) if units else frozenset({"W", "A"}),
        is_dc=bool(needs and needs.asked["chargingNeeds"]["requestedEnergyTransfer"].startswith("DC")),
        load_balancing_ready=not _balancing_unset(session),
        largest_stack_level=int(stack) if stack else 1_000_000,
        periods_per_schedule=int(periods) if periods else 1024,
        max_external_constraints_id=int(ceiling) if ceiling else None,
        per_phase_discharge="maxDischargePower_L2" in powers or not needs,
        **flags,
    )


def _purposes(told: str | None) -> frozenset[Purpose]:
    if told is None:
        return frozenset(Purpose)
    extra = {Purpose(name) for name in told.split(",") if name in set(Purpose)}
    return frozenset({Purpose.STATION_MAX, Purpose.TX_DEFAULT, Purpose.TX, Purpose.EXTERNAL_CONSTRAINTS} | extra)


def _balancing_unset(session: Session) -> bool:
    """A threshold or offset of local load balancing was reported, and is empty."""
    return any(
        item["variable"]["name"] == "LocalLoadBalancing"
        and any(attribute.get("value") == "" for attribute in item["variableAttribute"])
        for one in asked(session, "NotifyReport")
        for item in one.asked.get("reportData", ())
    )
