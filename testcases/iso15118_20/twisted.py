"""Requests that are well-formed and wrong: each function makes one of the right request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.iso15118.evcc_shell import Evcc
from harness.iso15118.messages import ac, common, dc
from harness.iso15118.messages.sap import AppProtocol
from harness.iso15118.quantities import changed, limit_fields, rational
from harness.iso15118.services import NAMESPACES, Energy

Change = Callable[[Evcc, Any], Any]
DC_NAMESPACE = NAMESPACES[Energy.DC]
UNOFFERED = 4095
"""A ServiceID that no public list has."""


def with_values(**values: Any) -> Change:
    """The right request with other content, as `changed` takes it."""
    return lambda _, right: changed(right, **values)


def protocols(*entries: tuple[str, int, int, int, int]) -> Change:
    """An offer of (namespace, major, minor, SchemaID, priority) in this order."""
    offered = (
        AppProtocol(
            protocol_namespace=namespace,
            version_number_major=major,
            version_number_minor=minor,
            schema_id=schema_id,
            priority=priority,
        )
        for namespace, major, minor, schema_id, priority in entries
    )
    return with_values(app_protocol=tuple(offered))


_ONE_WAY: dict[type, Any] = {
    dc.BPTDCCPDReqEnergyTransferMode: dc.DCCPDReqEnergyTransferMode,
    ac.BPTACCPDReqEnergyTransferMode: ac.ACCPDReqEnergyTransferMode,
}
_TWO_WAY: dict[type, Any] = {one: two for two, one in _ONE_WAY.items()}


def one_way_parameters(_: Evcc, right: Any) -> Any:
    """Charge parameters without discharge limits."""
    given = right.energy_transfer_mode
    kind = _ONE_WAY[type(given)]
    kept = {name: value for name, value in given.__dict__.items() if name in kind.__dataclass_fields__}
    return changed(right, energy_transfer_mode=kind(**kept))


def two_way_parameters(ev: Evcc, right: Any) -> Any:
    """Charge parameters with discharge limits."""
    kind = _TWO_WAY[type(right.energy_transfer_mode)]
    values: dict[str, Any] = limit_fields(kind, "ev_", ev.session.vehicle.limits)
    return changed(right, energy_transfer_mode=kind(**values))


def low_voltage(_: Evcc, right: Any) -> Any:
    """A vehicle that bears 60 V at most."""
    return changed(
        right,
        energy_transfer_mode__ev_maximum_voltage=rational(60),
        energy_transfer_mode__ev_minimum_voltage=rational(48),
    )


def scheduled_needs(ev: Evcc, right: Any) -> Any:
    """Needs in the form of scheduled control."""
    return changed(right, control_mode=common.ScheduledSEReqControlMode(departure_time=3600))


def scheduled_loop(_: Evcc, right: Any) -> Any:
    """The scheduled form of a bidirectional charge loop."""
    mode = dc.BPTScheduledDCCLReqControlMode(ev_target_current=rational(5), ev_target_voltage=rational(420))
    return changed(right, control_mode=mode)


def one_way_loop(_: Evcc, right: Any) -> Any:
    """A dynamic charge loop without discharge limits."""
    fields = dc.DynamicDCCLReqControlMode.__dataclass_fields__
    kept = {name: value for name, value in right.control_mode.__dict__.items() if name in fields}
    return changed(right, control_mode=dc.DynamicDCCLReqControlMode(**kept))


def profile_above_schedule(_: Evcc, right: Any) -> Any:
    """A power profile of twice what the schedule offers."""
    entries = right.ev_power_profile.ev_power_profile_entries.ev_power_profile_entry
    doubled = tuple(changed(one, power=rational(2 * float(one.power) + 50_000)) for one in entries)
    return changed(right, ev_power_profile__ev_power_profile_entries__ev_power_profile_entry=doubled)


def profile_above_later(_: Evcc, right: Any) -> Any:
    """A power profile whose second entry alone is above the schedule."""
    first, *_more = right.ev_power_profile.ev_power_profile_entries.ev_power_profile_entry
    entries = (changed(first, duration=60, power=rational(1_000)), changed(first, power=rational(300_000)))
    return changed(right, ev_power_profile__ev_power_profile_entries__ev_power_profile_entry=entries)


def another_tuple(_: Evcc, right: Any) -> Any:
    """A schedule tuple that was not offered."""
    return changed(right, ev_power_profile__control_mode__selected_schedule_tuple_id=77)


def added_service(_: Evcc, right: Any) -> Any:
    """A value added service that was not offered, beside the right energy service."""
    chosen = common.SelectedService(service_id=UNOFFERED, parameter_set_id=1)
    return changed(right, selected_vas_list=common.SelectedServiceList(selected_service=(chosen,)))


def contract(octets: bytes) -> Change:
    """Plug & Charge with these octets as the contract's certificate, unsigned."""

    def twist(_: Evcc, right: Any) -> Any:
        subs = common.SubCertificates(certificate=(octets,))
        chain = common.ContractCertificateChain(certificate=octets, sub_certificates=subs)
        mode = common.PnCAReqAuthorizationMode(id="id1", gen_challenge=bytes(16), contract_certificate_chain=chain)
        return changed(right, selected_authorization_service=common.Authorization.PnC, authorization_mode=mode)

    return twist
