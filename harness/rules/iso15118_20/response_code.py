"""Response codes: each belongs to certain answers, and goes with certain contents."""

from __future__ import annotations

from collections.abc import Iterator

from harness.rules.iso15118_20.reading import before
from harness.rules.iso15118_20.terms import OURS, PROTOCOL, PUBLIC, SCHEMA, Session, broken, station
from harness.rules.rule import Broken

ANY = "FAILED"
AUTHORIZATION_WARNINGS = (
    "WARNING_AuthorizationSelectionInvalid", "WARNING_CertificateExpired", "WARNING_CertificateNotYetValid",
    "WARNING_CertificateRevoked", "WARNING_CertificateValidationError", "WARNING_ChallengeInvalid",
    "WARNING_EIMAuthorizationFailure", "WARNING_eMSPUnknown", "WARNING_GeneralPnCAuthorizationError",
    "WARNING_NoCertificateAvailable", "WARNING_NoContractMatchingPCIDFound",
)  # fmt: skip
BELONGS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "session-codes": (("OK_NewSessionEstablished", "OK_OldSessionJoined"), ("SessionSetup",)),
    "authorization-warnings": (AUTHORIZATION_WARNINGS, ("Authorization", "CertificateInstallation")),
    "power-tolerance-codes": (
        ("OK_PowerToleranceConfirmed", "WARNING_PowerToleranceNotConfirmed", "FAILED_PowerToleranceNotConfirmed"),
        ("PowerDelivery",),
    ),
    "standby-code": (("WARNING_StandbyNotAllowed",), ("PowerDelivery",)),
    "power-profile-codes": (
        ("FAILED_EVPowerProfileInvalid", "FAILED_EVPowerProfileViolation", "WARNING_EVPowerProfileViolation"),
        ("PowerDelivery", "AC_ChargeLoop", "DC_ChargeLoop", "WPT_ChargeLoop"),
    ),
    "contactor-code": (("FAILED_ContactorError",), ("PowerDelivery", "AC_ChargeLoop", "DC_ChargeLoop")),
    "service-id-code": (("FAILED_ServiceIDInvalid",), ("ServiceDetail",)),
    "service-selection-codes": (
        ("FAILED_ServiceSelectionInvalid", "FAILED_NoEnergyTransferServiceSelected"),
        ("ServiceSelection",),
    ),
    "charge-parameter-code": (
        ("FAILED_WrongChargeParameter",),
        (
            "AC_ChargeParameterDiscovery",
            "DC_ChargeParameterDiscovery",
            "WPT_ChargeParameterDiscovery",
            "ScheduleExchange",
        ),
    ),
    "schedule-selection-code": (("FAILED_ScheduleSelectionInvalid",), ("PowerDelivery",)),
    "stop-codes": (("FAILED_PauseNotAllowed", "FAILED_NoServiceRenegotiationSupported"), ("SessionStop",)),
    "metering-code": (("FAILED_MeteringSignatureNotValid",), ("MeteringConfirmation",)),
}
"""Codes, and the messages in whose answers they have a meaning (by their names; the triggers are not all public)."""


def _register(name: str, codes: tuple[str, ...], bases: tuple[str, ...]) -> None:
    @station(
        SCHEMA,
        f"{' or '.join(codes[:2])}{' and their kin' if len(codes) > 2 else ''} only answer {' or '.join(bases[:2])}",
        "I",
        id=f"{PROTOCOL}/{name}-in-their-place",
    )
    def in_place(session: Session) -> Iterator[Broken]:
        for answer in session.responses():
            if answer.code in codes and answer.base not in bases:
                yield broken(answer, f"{answer} says {answer.code}", session.request_of(answer))


for _name, (_codes, _bases) in BELONGS.items():
    _register(_name, _codes, _bases)


@station("V2G20-2219", "a refused authorization is Finished, so that the vehicle may choose again")
def refused_authorization_is_finished(session: Session) -> Iterator[Broken]:
    for answer in session.responses("AuthorizationRes"):
        if answer.code.startswith("WARNING") and answer.evse_processing != "Finished":
            yield broken(
                answer, f"{answer} says {answer.code} and {answer.evse_processing}", session.request_of(answer)
            )


@station("V2G20-2219", "a refused EIM authorization is a warning, after which the vehicle may ask again", "A")
def refused_eim_is_a_warning(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("Authorization", selected_authorization_service="EIM"):
        if answer.code.startswith("FAILED_") and answer.code in ("FAILED_SignatureError", "FAILED_AssociationError"):
            yield broken(answer, f"{answer} answers EIM with {answer.code}", request)


@station("V2G20-2230", "EIM warnings are for EIM, certificate warnings for contracts", "I")
def warning_fits_the_means_of_authorization(session: Session) -> Iterator[Broken]:
    neutral = ("WARNING_AuthorizationSelectionInvalid",)
    for request, answer in session.pairs("Authorization"):
        eim = request.selected_authorization_service == "EIM"
        particular = answer.code.startswith("WARNING") and answer.code not in neutral
        if particular and eim != (answer.code == "WARNING_EIMAuthorizationFailure"):
            yield broken(answer, f"{answer} says {answer.code} to {request.selected_authorization_service}", request)


@station(PUBLIC, "Standby is refused only when Standby was asked for", "I")
def standby_refusal_answers_standby(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("PowerDelivery"):
        if answer.code == "WARNING_StandbyNotAllowed" and request.charge_progress != "Standby":
            yield broken(answer, f"{answer} answers {request.charge_progress} with {answer.code}", request)


@station("V2G20-1944", "a power tolerance is confirmed only if the vehicle accepted one", "I")
def power_tolerance_was_accepted(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("PowerDelivery"):
        mode = getattr(request.ev_power_profile, "control_mode", None)
        accepted = getattr(mode, "power_tolerance_acceptance", None)
        if answer.code == "OK_PowerToleranceConfirmed" and accepted != "PowerToleranceConfirmed":
            yield broken(answer, f"{answer} confirms a tolerance that {request} did not accept", request)


@station(OURS, "a waiting answer grants: Ongoing goes with OK", "I")
def ongoing_goes_with_ok(session: Session) -> Iterator[Broken]:
    for answer in session.responses():
        waiting = str(answer.evse_processing or "").startswith("Ongoing")
        if waiting and answer.code.startswith("WARNING") and answer.base != "Authorization":
            yield broken(answer, f"{answer} says {answer.code} and {answer.evse_processing}")


@station(PUBLIC, "FAILED_ContactorError is about closing or opening the contactor", "I")
def contactor_error_has_a_contactor(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("PowerDelivery"):
        if answer.code == "FAILED_ContactorError" and request.charge_progress == "ScheduleRenegotiation":
            yield broken(answer, f"{answer} says {answer.code} to {request.charge_progress}", request)


@station(OURS, "the customer is waited for only with EIM", "I")
def customer_is_waited_for_with_eim(session: Session) -> Iterator[Broken]:
    for request, answer in session.pairs("Authorization", selected_authorization_service="PnC"):
        if answer.evse_processing == "Ongoing_WaitingForCustomerInteraction":
            yield broken(answer, f"{answer} waits for a customer although {request} chose PnC", request)


@station(SCHEMA, "only authorization waits for a customer", "I")
def customer_is_waited_for_in_authorization(session: Session) -> Iterator[Broken]:
    for answer in session.responses():
        if answer.evse_processing == "Ongoing_WaitingForCustomerInteraction" and answer.base != "Authorization":
            yield broken(answer, f"{answer} waits for a customer in {before(session, answer).state or 'this state'}")
