"""Authorization, services, control modes and response codes."""

from __future__ import annotations

from typing import Any

from harness.iso15118.messages import common
from tests.rules.case import Case
from tests.rules.cases_session import both, element, with_installation
from tests.rules.stories import (
    CHALLENGE,
    ENERGY,
    EPOCH_US,
    Story,
    ac_loop,
    ac_scheduled,
    changed,
    contract,
    credential,
    dc_bpt_dynamic,
    dc_dynamic,
    dc_loop,
    dc_scheduled,
    make,
    pnc,
    profile,
    rational,
    schedules,
    service_renegotiated,
    services,
)

EIM_BLOCK = make(common.EIMASResAuthorizationMode)
OTHER_CHALLENGE = bytes(reversed(CHALLENGE))


def coded(name: str, code: str, nth: int = 0):
    return lambda story: story.code(name, code, nth)


def failed(name: str, code: str, nth: int = 0):
    return lambda story: story.fail(name, code, nth)


def challenged(value: bytes) -> Any:
    return make(common.PnCASResAuthorizationMode, gen_challenge=value)


def echo(value: bytes, chain: bytes = b"") -> Any:
    made = contract(chain or credential()[1])
    return make(common.PnCAReqAuthorizationMode, id="id1", gen_challenge=value, contract_certificate_chain=made)


def resigned(story: Story) -> None:
    story.sign("AuthorizationReq", "authorization_mode")


def with_challenge(value: bytes):
    return both(element("AuthorizationSetupRes", "authorization_mode", challenged(value)), echoed(value))


def echoed(value: bytes):
    """The vehicle repeats a challenge and signs it."""
    return both(element("AuthorizationReq", "authorization_mode", echo(value)), resigned)


def same_challenge_before(story: Story) -> None:
    past = pnc()
    past.station_clock_us = EPOCH_US - 10**10
    for line in past.lines:
        line.session_id = bytes.fromhex("77aa10bbccd2eeff") if line.name != "SessionSetupReq" else bytes(8)
    story.before = [past]


def asks_again(story: Story) -> None:
    """Authorization is ongoing, then the vehicle asks with another contract."""
    first = story.at("AuthorizationReq").content
    story.set("AuthorizationRes", "evse_processing", "Ongoing")
    story.after(
        "AuthorizationRes",
        changed(first, "authorization_mode.id", "id2"),
        make(common.AuthorizationRes, response_code="OK", evse_processing="Finished"),
    )
    resigned(story)


def repeats_refused(story: Story) -> None:
    story.after("AuthorizationRes", *story.again("Authorization"))
    story.code("AuthorizationRes", "WARNING_eMSPUnknown")
    resigned(story)


def unoffered_installation(story: Story) -> None:
    with_installation(0.05)(story)
    story.set("AuthorizationSetupRes", "certificate_installation_service", False)


def chooses_pnc(story: Story) -> None:
    story.set("AuthorizationReq", "selected_authorization_service", "PnC")
    echoed(CHALLENGE)(story)


UNOFFERED = "WARNING_AuthorizationSelectionInvalid"


def warned(code: str):
    """Authorization is refused with a warning; the record ends there."""

    def wrong(story: Story) -> None:
        story.code("AuthorizationRes", code)
        story.end_after("AuthorizationRes")

    return wrong


AUTHORIZATION = [
    Case(
        "pnc-offer-has-a-challenge",
        dc_scheduled,
        element("AuthorizationSetupRes", "authorization_services", ("EIM", "PnC")),
    ),
    Case(
        "eim-offer-has-no-challenge",
        dc_scheduled,
        element("AuthorizationSetupRes", "authorization_mode", challenged(CHALLENGE)),
    ),
    Case(
        "authorization-is-offered-once",
        dc_scheduled,
        element("AuthorizationSetupRes", "authorization_services", ("EIM", "EIM")),
    ),
    Case("challenge-looks-random", pnc, with_challenge(b"0123456789012345")),
    Case("challenge-is-never-reused", pnc, same_challenge_before),
    Case("chosen-authorization-was-offered", dc_scheduled, both(chooses_pnc, warned(UNOFFERED))),
    Case("unoffered-authorization-is-refused", dc_scheduled, chooses_pnc, ("chosen-authorization-was-offered",)),
    Case("offered-authorization-is-not-refused", dc_scheduled, warned(UNOFFERED)),
    Case(
        "authorization-block-fits-the-choice",
        dc_scheduled,
        element("AuthorizationReq", "authorization_mode", echo(CHALLENGE)),
    ),
    Case(
        "challenge-is-repeated",
        pnc,
        both(echoed(OTHER_CHALLENGE), warned("WARNING_ChallengeInvalid")),
    ),
    Case(
        "wrong-challenge-is-refused",
        pnc,
        echoed(OTHER_CHALLENGE),
        ("challenge-is-repeated",),
    ),
    Case("right-challenge-is-accepted", pnc, warned("WARNING_ChallengeInvalid")),
    Case("ongoing-authorization-is-repeated-unchanged", pnc, asks_again),
    Case("certificate-installation-was-offered", dc_scheduled, unoffered_installation),
    Case(
        "vehicle-names-itself",
        dc_scheduled,
        element("SessionSetupReq", "evcc_id", ""),
        ("vehicle-certificate-is-of-the-evcc",),
    ),
    Case("station-names-itself", dc_scheduled, element("SessionSetupRes", "evse_id", "")),
    Case("refused-authorization-is-changed", pnc, repeats_refused),
]


def discovery(path: str, *ids: int):
    return element("ServiceDiscoveryRes", path, services(*ids))


ENERGY_LIST, VAS_LIST = "energy_transfer_service_list", "vas_list"


def detail_of(service: int, code: str = "OK"):
    """The vehicle asks for one more service's details."""

    def wrong(story: Story) -> None:
        request, answer = story.again("ServiceDetail")
        answer = changed(changed(answer, "service_id", service), "response_code", code)
        story.after("ServiceDetailRes", changed(request, "service_id", service), answer)
        if code.startswith("FAILED"):
            story.fail("ServiceDetailRes", code, 1)

    return wrong


def parameter(name: str, value: int | None, place: int = 0):
    """Change (None: leave out) a parameter of one parameter set."""

    def wrong(story: Story) -> None:
        old = story.at("ServiceDetailRes").content.service_parameter_list.parameter_set[place].parameter
        kept = tuple(one for one in old if one.name != name)
        if value is not None:
            kept = (*kept, make(common.Parameter, name=name, int_value=value))
        story.set("ServiceDetailRes", f"service_parameter_list.parameter_set.{place}.parameter", kept)

    return wrong


def one_set(story: Story) -> None:
    old = story.at("ServiceDetailRes").content.service_parameter_list.parameter_set
    story.set("ServiceDetailRes", "service_parameter_list.parameter_set", old[:1])


def other_detail(story: Story) -> None:
    story.after("ServiceDetailRes", *story.again("ServiceDetail"))
    story.set("ServiceDetailRes", "service_parameter_list.parameter_set.1.parameter_set_id", 9, 1)


def selected(service: int, set_id: int = 1):
    return element(
        "ServiceSelectionReq",
        "selected_energy_transfer_service",
        make(common.SelectedService, service_id=service, parameter_set_id=set_id),
    )


def selected_vas(*ids: int):
    chosen = tuple(make(common.SelectedService, service_id=one, parameter_set_id=1) for one in ids)
    return element(
        "ServiceSelectionReq", "selected_vas_list", make(common.SelectedServiceList, selected_service=chosen)
    )


def filtered(story: Story) -> None:
    story.set("ServiceDiscoveryReq", "supported_service_ids", make(common.ServiceIDList, service_id=(2,)))


INVALID = "FAILED_ServiceSelectionInvalid"
UNDETAILED = both(discovery(ENERGY_LIST, 2, 6), selected(6, 1))


SERVICES = [
    Case("energy-list-is-of-energy", dc_scheduled, discovery(ENERGY_LIST, 2, 66)),
    Case("value-added-list-has-no-energy", dc_scheduled, discovery(VAS_LIST, 65, 6)),
    Case("energy-services-are-known", dc_scheduled, discovery(ENERGY_LIST, 2, 40)),
    Case("services-are-listed-once", dc_scheduled, discovery(ENERGY_LIST, 2, 2)),
    Case("value-added-services-are-filtered", dc_scheduled, filtered),
    Case("energy-services-fit-the-protocol", dc_scheduled, discovery(ENERGY_LIST, 2, 1)),
    Case(
        "renegotiation-support-is-constant",
        service_renegotiated,
        element("ServiceDiscoveryRes", "service_renegotiation_supported", False, 1),
    ),
    Case("detailed-service-was-listed", dc_scheduled, detail_of(6, "FAILED_ServiceIDInvalid")),
    Case(
        "unlisted-service-is-refused",
        dc_scheduled,
        detail_of(6),
        ("detailed-service-was-listed", "bidirectional-sets-are-whole"),
    ),
    Case("listed-service-is-detailed", dc_scheduled, failed("ServiceDetailRes", "FAILED_ServiceIDInvalid")),
    Case(
        "details-are-of-the-asked-service",
        dc_bpt_dynamic,
        both(
            discovery(ENERGY_LIST, 2, 6),
            lambda story: story.after("ServiceDetailRes", *story.again("ServiceDetail")),
            element("ServiceDetailReq", "service_id", 2, 1),
        ),
    ),
    Case(
        "parameter-set-ids-are-unique",
        dc_scheduled,
        element("ServiceDetailRes", "service_parameter_list.parameter_set.1.parameter_set_id", 1),
        ("schedule-keeps-the-control-mode", "dc-loop-keeps-the-control-mode", "profile-keeps-the-control-mode"),
    ),
    Case("parameter-sets-are-whole", dc_scheduled, parameter("Pricing", None)),
    Case("bidirectional-sets-are-whole", dc_bpt_dynamic, parameter("GeneratorMode", None)),
    Case("ac-sets-name-the-voltage", ac_scheduled, parameter("EVSENominalVoltage", None)),
    Case("parameters-have-published-values", dc_scheduled, parameter("Pricing", 7)),
    Case("connector-is-of-the-service", ac_scheduled, parameter("Connector", 6)),
    Case("mobility-by-station-needs-dynamic-control", dc_scheduled, parameter("MobilityNeedsMode", 2)),
    Case("both-control-modes-are-offered", dc_scheduled, one_set),
    Case("details-do-not-change", dc_scheduled, other_detail),
    Case("selected-service-was-offered", dc_scheduled, both(selected(2, 9), failed("ServiceSelectionRes", INVALID))),
    Case("selected-service-was-detailed", dc_scheduled, both(UNDETAILED, failed("ServiceSelectionRes", INVALID))),
    Case(
        "unoffered-selection-is-refused",
        dc_scheduled,
        selected(2, 9),
        ("selected-service-was-offered",),
    ),
    Case("offered-selection-is-granted", dc_scheduled, failed("ServiceSelectionRes", INVALID)),
    Case(
        "selection-names-an-energy-service",
        dc_scheduled,
        both(selected(65), failed("ServiceSelectionRes", "FAILED_NoEnergyTransferServiceSelected")),
    ),
    Case(
        "selection-without-energy-is-refused",
        dc_scheduled,
        both(selected(65), lambda story: story.end_after("ServiceSelectionRes")),
        ("selection-names-an-energy-service",),
    ),
    Case(
        "selected-value-added-services-were-listed",
        dc_scheduled,
        both(selected_vas(66), failed("ServiceSelectionRes", INVALID)),
    ),
    Case(
        "unlisted-value-added-service-is-refused",
        dc_scheduled,
        selected_vas(66),
        ("selected-value-added-services-were-listed",),
    ),
    Case(
        "selected-service-fits-the-protocol",
        dc_scheduled,
        both(
            discovery(ENERGY_LIST, 2, 1),
            detail_of(1),
            parameter("EVSENominalVoltage", 230, 0),
            selected(1),
            failed("ServiceSelectionRes", "FAILED"),
        ),
        ("energy-services-fit-the-protocol", "ac-sets-name-the-voltage"),
    ),
]


def variant(name: str, donor: Any, donor_name: str = "", path: str = "energy_transfer_mode", nth: int = 0):
    """Put the element of another story's message into this one's."""

    def wrong(story: Story) -> None:
        given = getattr(donor().at(donor_name or name, nth).content, path)
        story.set(name, path, given, nth)

    return wrong


def loop_of(make_loop: Any, request: bool, *args: Any):
    """The fourth loop's request or answer is of another variant."""

    def wrong(story: Story) -> None:
        told = make_loop(*args)
        name = type(told[0]).declaration.name if request else type(told[1]).declaration.name
        story.set(name, "control_mode", told[0 if request else 1].control_mode, 3)

    return wrong


def price(kind: type, **values: Any) -> Any:
    return make(kind, time_anchor=EPOCH_US, price_schedule_id=1, **values)


def level_price(level: int = 1) -> Any:
    entry = make(common.PriceLevelScheduleEntry, duration=3600, price_level=level)
    entries = make(common.PriceLevelScheduleEntryList, price_level_schedule_entry=(entry,))
    return price(common.PriceLevelSchedule, number_of_price_levels=3, price_level_schedule_entries=entries)


def priced(schedule: Any):
    """Pricing is selected, and the dynamic schedule carries prices."""

    def wrong(story: Story) -> None:
        kind = 2 if isinstance(schedule, common.PriceLevelSchedule) else 1
        for place in (0, 1):
            parameter("Pricing", kind, place)(story)
        story.set("ScheduleExchangeRes", "control_mode.price_schedule", schedule)

    return wrong


CPD = "DC_ChargeParameterDiscovery"
WRONG = "FAILED_WrongChargeParameter"

CONTROL = [
    Case(
        "parameters-fit-the-service", dc_bpt_dynamic, both(variant(f"{CPD}Req", dc_dynamic), failed(f"{CPD}Res", WRONG))
    ),
    Case(
        "wrong-parameters-are-refused",
        dc_bpt_dynamic,
        both(variant(f"{CPD}Req", dc_dynamic), variant(f"{CPD}Res", dc_dynamic)),
        ("parameters-fit-the-service",),
    ),
    Case("parameters-are-answered-in-kind", dc_bpt_dynamic, variant(f"{CPD}Res", dc_dynamic)),
    Case(
        "schedule-keeps-the-control-mode",
        dc_scheduled,
        both(
            element("ScheduleExchangeReq", "control_mode", schedules("Dynamic", False)[0].control_mode),
            failed("ScheduleExchangeRes", "FAILED"),
        ),
    ),
    Case(
        "schedule-is-answered-in-its-control-mode",
        dc_dynamic,
        element("ScheduleExchangeRes", "control_mode", schedules("Scheduled", False)[1].control_mode),
    ),
    Case(
        "dc-loop-keeps-the-control-mode",
        dc_scheduled,
        both(loop_of(dc_loop, True, "Dynamic", False), failed("DC_ChargeLoopRes", "FAILED", 3)),
    ),
    Case("dc-loop-is-answered-in-its-control-mode", dc_scheduled, loop_of(dc_loop, False, "Dynamic", False)),
    Case(
        "ac-loop-keeps-the-control-mode",
        ac_scheduled,
        both(loop_of(ac_loop, True, "Dynamic", False), failed("AC_ChargeLoopRes", "FAILED", 3)),
    ),
    Case("ac-loop-is-answered-in-its-control-mode", ac_scheduled, loop_of(ac_loop, False, "Dynamic", False)),
    Case(
        "profile-keeps-the-control-mode",
        dc_scheduled,
        element("PowerDeliveryReq", "ev_power_profile", profile("Dynamic")),
    ),
    Case(
        "loop-fits-the-service",
        dc_bpt_dynamic,
        both(loop_of(dc_loop, True, "Dynamic", False), failed("DC_ChargeLoopRes", "FAILED", 3)),
    ),
    Case("loop-is-answered-in-kind", dc_bpt_dynamic, loop_of(dc_loop, False, "Dynamic", False)),
    Case("start-has-a-profile", dc_scheduled, element("PowerDeliveryReq", "ev_power_profile", None)),
    Case(
        "feed-back-energy-comes-in-pairs",
        dc_bpt_dynamic,
        element("DC_ChargeLoopReq", "control_mode.ev_maximum_v2x_energy_request", rational(5000)),
    ),
    Case(
        "vehicle-soc-limits-are-ordered",
        dc_bpt_dynamic,
        both(
            element("ScheduleExchangeReq", "control_mode.minimum_soc", 90),
            element("ScheduleExchangeReq", "control_mode.target_soc", 80),
        ),
    ),
    Case(
        "station-soc-limits-are-ordered",
        dc_bpt_dynamic,
        both(
            parameter("MobilityNeedsMode", 2, 1),
            element("ScheduleExchangeRes", "control_mode.minimum_soc", 90),
            element("ScheduleExchangeRes", "control_mode.target_soc", 80),
        ),
    ),
    Case(
        "mobility-needs-are-the-vehicles",
        dc_bpt_dynamic,
        element("ScheduleExchangeRes", "control_mode.departure_time", 60),
    ),
    Case(
        "prices-were-selected",
        dc_bpt_dynamic,
        element("ScheduleExchangeRes", "control_mode.price_schedule", level_price()),
    ),
    Case(
        "prices-are-of-the-selected-kind",
        dc_bpt_dynamic,
        both(parameter("Pricing", 1, 1), element("ScheduleExchangeRes", "control_mode.price_schedule", level_price())),
    ),
    Case(
        "channel-is-selected-where-separated",
        dc_bpt_dynamic,
        element("PowerDeliveryReq", "bpt_channel_selection", "Charge"),
    ),
    Case("separated-channel-is-selected", dc_bpt_dynamic, parameter("BPTChannel", 2, 1)),
    Case(
        "energy-requests-are-ordered",
        dc_bpt_dynamic,
        element("DC_ChargeLoopReq", "control_mode.ev_minimum_energy_request", rational(90_000)),
    ),
    Case(
        "target-energy-fits-the-direction",
        dc_dynamic,
        both(*(element("ScheduleExchangeReq", f"control_mode.{name}", rational(-5000)) for name in ENERGY)),
        (),
    ),
]


def misplaced(rule: str, name: str, code: str, also: tuple[str, ...] = (), story: Any = dc_scheduled) -> Case:
    wrong = failed(name, code) if code.startswith("FAILED") else coded(name, code)
    return Case(f"{rule}-in-their-place", story, wrong, also)


def ongoing(name: str, value: str = "Ongoing", nth: int = 0):
    return element(name, "evse_processing", value, nth)


RESPONSES = [
    misplaced("session-codes", "ServiceDiscoveryRes", "OK_OldSessionJoined"),
    misplaced("authorization-warnings", "ServiceDiscoveryRes", "WARNING_CertificateExpired"),
    misplaced("power-tolerance-codes", "ServiceDiscoveryRes", "OK_PowerToleranceConfirmed"),
    misplaced("standby-code", "ServiceDiscoveryRes", "WARNING_StandbyNotAllowed"),
    misplaced("power-profile-codes", "ServiceDiscoveryRes", "FAILED_EVPowerProfileInvalid"),
    misplaced("contactor-code", "ServiceDiscoveryRes", "FAILED_ContactorError"),
    misplaced("service-id-code", "ServiceDiscoveryRes", "FAILED_ServiceIDInvalid"),
    misplaced("service-selection-codes", "ServiceDiscoveryRes", "FAILED_ServiceSelectionInvalid"),
    misplaced("charge-parameter-code", "ServiceDiscoveryRes", "FAILED_WrongChargeParameter"),
    misplaced("schedule-selection-code", "ServiceDiscoveryRes", "FAILED_ScheduleSelectionInvalid"),
    misplaced("stop-codes", "ServiceDiscoveryRes", "FAILED_PauseNotAllowed"),
    misplaced("metering-code", "ServiceDiscoveryRes", "FAILED_MeteringSignatureNotValid"),
    Case(
        "refused-authorization-is-finished",
        dc_scheduled,
        both(ongoing("AuthorizationRes"), warned("WARNING_EIMAuthorizationFailure")),
    ),
    Case("refused-eim-is-a-warning", dc_scheduled, failed("AuthorizationRes", "FAILED_SignatureError")),
    Case("warning-fits-the-means-of-authorization", dc_scheduled, warned("WARNING_CertificateExpired")),
    Case("standby-refusal-answers-standby", dc_scheduled, coded("PowerDeliveryRes", "WARNING_StandbyNotAllowed")),
    Case("power-tolerance-was-accepted", dc_scheduled, coded("PowerDeliveryRes", "OK_PowerToleranceConfirmed")),
    Case(
        "ongoing-goes-with-ok",
        dc_scheduled,
        both(coded("DC_CableCheckRes", "WARNING_WPT"), ongoing("DC_CableCheckRes")),
    ),
    Case(
        "contactor-error-has-a-contactor",
        dc_scheduled,
        both(
            element("PowerDeliveryReq", "charge_progress", "ScheduleRenegotiation", 1),
            failed("PowerDeliveryRes", "FAILED_ContactorError", 1),
        ),
    ),
    Case(
        "customer-is-waited-for-with-eim",
        pnc,
        both(
            ongoing("AuthorizationRes", "Ongoing_WaitingForCustomerInteraction"),
            lambda story: story.end_after("AuthorizationRes"),
        ),
    ),
    Case(
        "customer-is-waited-for-in-authorization",
        dc_scheduled,
        ongoing("DC_CableCheckRes", "Ongoing_WaitingForCustomerInteraction"),
    ),
]

CASES = AUTHORIZATION + SERVICES + CONTROL + RESPONSES
