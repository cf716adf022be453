"""What the vehicle chooses in ISO 15118-2, against what the station offered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.rules.iso15118_2.terms import ISO2, PUBLIC
from harness.rules.rule import Broken, rule
from harness.transcript.v2g import Message, V2GSession


def _offer(session: V2GSession, request: Message) -> Message | None:
    return session.latest_before(request, "ServiceDiscoveryRes")


@rule(
    PUBLIC,
    protocol=ISO2,
    side="vehicle",
    confidence="S",
    reason="the vehicle selects a payment option that was offered",
)
def payment_option_was_offered(session: V2GSession) -> Iterator[Broken]:
    for request in session.requests("PaymentServiceSelectionReq"):
        offer = _offer(session, request)
        offered = offer.payment_option_list.payment_option if offer and offer.payment_option_list else ()
        if offer and offered and request.selected_payment_option not in offered:
            because = f"{request} selects {request.selected_payment_option}, {offer} offers {', '.join(offered)}"
            yield Broken(request.ordinal, because, (request.event, offer.event))


@rule(PUBLIC, protocol=ISO2, side="vehicle", confidence="S", reason="the vehicle selects services that were offered")
def selected_services_were_offered(session: V2GSession) -> Iterator[Broken]:
    for request in session.requests("PaymentServiceSelectionReq"):
        offer = _offer(session, request)
        if offer is None or offer.charge_service is None or request.selected_service_list is None:
            continue
        others = offer.service_list.service if offer.service_list else ()
        offered = {offer.charge_service.service_id, *(one.service_id for one in others)}
        for one in request.selected_service_list.selected_service:
            if one.service_id not in offered:
                because = f"{request} selects service {one.service_id}, offered are {sorted(offered)}"
                yield Broken(request.ordinal, because, (request.event, offer.event))


@rule("V2G2-476", protocol=ISO2, side="vehicle", reason="the vehicle asks for an energy transfer mode that was offered")
def energy_transfer_mode_was_offered(session: V2GSession) -> Iterator[Broken]:
    for request in session.requests("ChargeParameterDiscoveryReq"):
        offer = _offer(session, request)
        modes = getattr(offer.charge_service, "supported_energy_transfer_mode", None) if offer else None
        if offer and modes and request.requested_energy_transfer_mode not in modes.energy_transfer_mode:
            offered = ", ".join(modes.energy_transfer_mode)
            because = f"{request} asks for {request.requested_energy_transfer_mode}, offered are {offered}"
            yield Broken(request.ordinal, because, (request.event, offer.event))


@rule("V2G2-479", protocol=ISO2, side="vehicle", reason="the vehicle selects a schedule that was offered")
def selected_schedule_was_offered(session: V2GSession) -> Iterator[Broken]:
    for request in session.requests("PowerDeliveryReq"):
        offer, offered = _schedules(session, request)
        known = {one.sa_schedule_tuple_id for one in offered}
        if offer and known and request.sa_schedule_tuple_id not in known:
            because = f"{request} selects schedule {request.sa_schedule_tuple_id}, {offer} offers {sorted(known)}"
            yield Broken(request.ordinal, because, (request.event, offer.event))


def _schedules(session: V2GSession, request: Message) -> tuple[Message | None, tuple[Any, ...]]:
    offer = session.latest_before(request, "ChargeParameterDiscoveryRes", evse_processing="Finished")
    listed = getattr(offer, "sa_schedules", None) if offer else None
    return offer, tuple(getattr(listed, "sa_schedule_tuple", None) or ())
