"""Order, and how it is guarded: a wrong request in every state, refused rightly, so that only the vehicle is at fault."""

from __future__ import annotations

from harness.iso15118.messages import common, dc
from tests.rules.case import Case
from tests.rules.stories import (
    Line,
    Story,
    ac_scheduled,
    dc_scheduled,
    make,
    renegotiated,
    resumed,
    service_renegotiated,
    standby,
)

REFUSED = "FAILED_SequenceError"


def refusal(base: str) -> list[object]:
    """A request that is out of place, rightly refused."""
    classes = {"AuthorizationSetup": common, "ServiceDiscovery": common, "DC_CableCheck": dc}
    if base == "SessionSetup":
        return [make(common.SessionSetupReq, evcc_id="WMIV1"), make(common.SessionSetupRes, response_code=REFUSED)]
    module, name = classes[base], base.replace("_", "")
    return [make(getattr(module, f"{name}Req")), make(getattr(module, f"{name}Res"), response_code=REFUSED)]


def cut_in(answer: str, base: str = "ServiceDiscovery", nth: int = 0):
    """Behind the nth answer of a name a wrong request comes; the session ends with its refusal."""

    def wrong(story: Story) -> None:
        place = story.lines.index(story.at(answer, nth)) + 1
        del story.lines[place:]
        story.say(*refusal(base))

    return wrong


def waiting(answer: str, processing: str, base: str = "ServiceDiscovery", path: str = "evse_processing"):
    def wrong(story: Story) -> None:
        story.set(answer, path, processing)
        cut_in(answer, base)(story)

    return wrong


def warned(story: Story) -> None:
    story.code("AuthorizationRes", "WARNING_EIMAuthorizationFailure")
    cut_in("AuthorizationRes")(story)


def installing(story: Story) -> None:
    story.set("AuthorizationSetupRes", "certificate_installation_service", True)
    story.after("AuthorizationSetupRes", *installation())
    cut_in("CertificateInstallationRes")(story)


def installation(processing: str = "Finished") -> list[object]:
    return [
        make(common.CertificateInstallationReq, maximum_contract_certificate_chains=1),
        make(common.CertificateInstallationRes, response_code="OK", evse_processing=processing),
    ]


def first_is_setup(story: Story) -> None:
    del story.lines[:2]
    cut_in("SessionSetupReq")(story)
    story.say(make(common.SessionSetupRes, response_code=REFUSED))
    del story.lines[1:3]


def powering(story: Story) -> None:
    story.set("PowerDeliveryReq", "ev_processing", "Ongoing")
    cut_in("PowerDeliveryRes")(story)


def renegotiating(story: Story) -> None:
    cut_in("PowerDeliveryRes", nth=1)(story)


def renegotiation_waits(story: Story) -> None:
    story.set("ScheduleExchangeRes", "evse_processing", "Ongoing", nth=1)
    cut_in("ScheduleExchangeRes", nth=1)(story)


SCHEDULE = "DC_CableCheck"
OTHER_SET = ("vehicle-message-set-was-negotiated",)

ORDER = [
    Case("order-connected", dc_scheduled, first_is_setup),
    Case("order-protocol-negotiated", dc_scheduled, cut_in("supportedAppProtocolRes")),
    Case("order-session-new", dc_scheduled, cut_in("SessionSetupRes")),
    Case("order-session-resumed", resumed, cut_in("SessionSetupRes", "AuthorizationSetup")),
    Case("order-authorization-offered", dc_scheduled, cut_in("AuthorizationSetupRes")),
    Case("order-certificate-installation", dc_scheduled, installing),
    Case("order-authorization-ongoing", dc_scheduled, waiting("AuthorizationRes", "Ongoing")),
    Case("order-authorization-refused", dc_scheduled, warned),
    Case("order-authorized", dc_scheduled, cut_in("AuthorizationRes", "DC_CableCheck")),
    Case("order-services-discovered", dc_scheduled, cut_in("ServiceDiscoveryRes", "DC_CableCheck")),
    Case("order-service-detailed", dc_scheduled, cut_in("ServiceDetailRes")),
    Case("order-service-selected", dc_scheduled, cut_in("ServiceSelectionRes")),
    Case("order-charge-parameters-exchanged", dc_scheduled, cut_in("DC_ChargeParameterDiscoveryRes")),
    Case("order-schedule-ongoing", dc_scheduled, waiting("ScheduleExchangeRes", "Ongoing", "DC_CableCheck")),
    Case("order-schedule-agreed", dc_scheduled, cut_in("ScheduleExchangeRes")),
    Case("order-cable-check-ongoing", dc_scheduled, cut_in("DC_CableCheckRes", nth=0)),
    Case("order-cable-checked", dc_scheduled, cut_in("DC_CableCheckRes", nth=1)),
    Case("order-pre-charge-ongoing", dc_scheduled, cut_in("DC_PreChargeRes", nth=0)),
    Case("order-pre-charged", dc_scheduled, cut_in("DC_PreChargeRes", nth=2)),
    Case("order-power-starting", dc_scheduled, powering),
    Case("order-power-on", dc_scheduled, cut_in("PowerDeliveryRes")),
    Case("order-charge-loop", dc_scheduled, cut_in("DC_ChargeLoopRes", nth=3)),
    Case("order-standby", standby, cut_in("PowerDeliveryRes", nth=1)),
    Case("order-renegotiating-schedule", renegotiated, renegotiating),
    Case("order-new-schedule-ongoing", renegotiated, renegotiation_waits),
    Case("order-new-schedule-agreed", renegotiated, cut_in("ScheduleExchangeRes", nth=1)),
    Case("order-power-off", dc_scheduled, cut_in("PowerDeliveryRes", nth=1)),
    Case("order-welding-detection-ongoing", dc_scheduled, cut_in("DC_WeldingDetectionRes", nth=0)),
    Case("order-welding-detected", dc_scheduled, cut_in("DC_WeldingDetectionRes", nth=1)),
    Case("order-renegotiating-service", service_renegotiated, cut_in("SessionStopRes", "AuthorizationSetup", nth=0)),
]


def premature_power(story: Story) -> None:
    """The pair bug: power is asked for while pre-charge is ongoing, and granted."""
    story.drop("DC_PreChargeReq", "DC_PreChargeRes", nth=2)


def misnamed(story: Story) -> None:
    cut_in("ServiceSelectionRes")(story)
    story.code("ServiceDiscoveryRes", "FAILED", -1)


def after_failure(story: Story) -> None:
    story.fail("ServiceSelectionRes", "FAILED")
    story.say(*refusal("DC_CableCheck"))


def granted_after_failure(story: Story) -> None:
    after_failure(story)
    story.set("DC_CableCheckRes", "response_code", "OK", -1)


def wrong_type(story: Story) -> None:
    place = story.lines.index(story.at("ServiceSelectionReq"))
    del story.lines[place + 1 :]
    story.say(make(common.ServiceDiscoveryRes, response_code=REFUSED))


def unasked(story: Story) -> None:
    story.say(make(common.SessionStopRes, response_code="FAILED"))


def two_at_once(story: Story) -> None:
    story.after("ServiceSelectionReq", story.at("ServiceSelectionReq").content)
    story.after("ServiceSelectionRes", story.at("ServiceSelectionRes").content)


def wait_for_nothing(story: Story) -> None:
    story.drop("ServiceSelectionRes")
    del story.lines[story.lines.index(story.at("ServiceSelectionReq")) + 1 :]
    story.closing = [
        (3.0, "vehicle", "alert"),
        (0.0, "vehicle", "fin"),
        (0.1, "charger", "alert"),
        (0.0, "charger", "fin"),
    ]


GUARD = [
    Case("nothing-follows-the-stop", dc_scheduled, lambda story: story.say(*refusal("ServiceDiscovery"))),
    Case("failed-ends-the-session", dc_scheduled, after_failure),
    Case("failed-station-grants-nothing", dc_scheduled, granted_after_failure, ("failed-ends-the-session",)),
    Case("wrong-order-is-refused", dc_scheduled, premature_power, ("order-pre-charge-ongoing",)),
    Case("wrong-order-is-named", dc_scheduled, misnamed, ("order-service-selected",)),
    Case("right-order-is-not-refused", dc_scheduled, lambda story: story.fail("ServiceSelectionRes", REFUSED)),
    Case("answer-has-the-type-of-the-request", dc_scheduled, wrong_type, ("right-order-is-not-refused",)),
    Case("nothing-is-sent-unasked", dc_scheduled, unasked),
    Case("one-request-at-a-time", dc_scheduled, two_at_once),
    Case("every-request-is-answered", dc_scheduled, wait_for_nothing),
]


def typed(name: str, kind: int, nth: int = 0):
    def wrong(story: Story) -> None:
        story.at(name, nth).payload_type = kind

    return wrong


def undecodable(name: str, error: str):
    def wrong(story: Story) -> None:
        story.at(name).error = error

    return wrong


def deviating(name: str, why: str):
    def wrong(story: Story) -> None:
        story.at(name).deviations = (why,)

    return wrong


def bad_head(name: str, side: str):
    def wrong(story: Story) -> None:
        story.links.append({"what": "unframed", "hex": "ffffff", "by": side, "at_s": 0.5})

    return wrong


def answered_bad_head(story: Story) -> None:
    line = Line("vehicle", None, error="frame head is fffe800200000001")
    story.lines.insert(4, line)
    story.lines.insert(5, Line("charger", make(common.SessionSetupRes, response_code="FAILED")))
    del story.lines[6:]


def ac_in_dc(story: Story) -> None:
    other = ac_scheduled()
    story.lines[story.lines.index(story.at("DC_ChargeParameterDiscoveryReq")) :] = [
        other.at("AC_ChargeParameterDiscoveryReq"),
        other.at("AC_ChargeParameterDiscoveryRes"),
    ]
    story.code("AC_ChargeParameterDiscoveryRes", REFUSED)


def ac_answer_in_dc(story: Story) -> None:
    place = story.lines.index(story.at("DC_ChargeParameterDiscoveryRes"))
    story.lines[place:] = [ac_scheduled().at("AC_ChargeParameterDiscoveryRes")]
    story.code("AC_ChargeParameterDiscoveryRes", "FAILED")


def confirmation() -> list[object]:
    return [make(common.MeteringConfirmationReq), make(common.MeteringConfirmationRes, response_code="OK")]


def half_marked(story: Story) -> None:
    story.after("DC_ChargeLoopRes", confirmation()[0], nth=2, payload_type=0x8102)
    story.after("MeteringConfirmationReq", confirmation()[1])


FRAMING = [
    Case("vehicle-payload-type-fits-the-message", dc_scheduled, typed("AuthorizationReq", 0x8001)),
    Case("station-payload-type-fits-the-message", dc_scheduled, typed("AuthorizationRes", 0x8001)),
    Case(
        "vehicle-payload-type-is-assigned",
        dc_scheduled,
        typed("AuthorizationReq", 0x8007),
        ("vehicle-payload-type-fits-the-message",),
    ),
    Case(
        "station-payload-type-is-assigned",
        dc_scheduled,
        typed("AuthorizationRes", 0x8007),
        ("station-payload-type-fits-the-message",),
    ),
    Case("vehicle-message-can-be-decoded", dc_scheduled, undecodable("AuthorizationReq", "not readable as common")),
    Case("station-message-can-be-decoded", dc_scheduled, undecodable("AuthorizationRes", "not readable as common")),
    Case("vehicle-content-is-of-the-schema", dc_scheduled, deviating("AuthorizationReq", "facet: 300 is above 255")),
    Case("station-content-is-of-the-schema", dc_scheduled, deviating("AuthorizationRes", "missing: no ResponseCode")),
    Case(
        "vehicle-message-follows-the-schema",
        dc_scheduled,
        deviating("AuthorizationReq", "trailing: bit 80, document: 1 octets follow the document: 00"),
    ),
    Case("station-message-follows-the-schema", dc_scheduled, deviating("AuthorizationRes", "padding: ones")),
    Case("vehicle-frame-head-is-right", dc_scheduled, bad_head("", "vehicle")),
    Case("station-frame-head-is-right", dc_scheduled, bad_head("", "charger")),
    Case(
        "wrong-heads-are-ignored",
        dc_scheduled,
        answered_bad_head,
        ("vehicle-frame-head-is-right",),
    ),
    Case("side-streams-are-marked", dc_scheduled, half_marked, ("metering-confirmation-was-asked-for",)),
    Case("vehicle-message-set-was-negotiated", dc_scheduled, ac_in_dc, ("order-service-selected",)),
    Case("station-message-set-was-negotiated", dc_scheduled, ac_answer_in_dc, ("answer-has-the-type-of-the-request",)),
]

CASES = ORDER + GUARD + FRAMING
