"""Seeded defects of both emulated devices at services, prices, channels, contracts and confirmed metering."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from drivers.emulators import charger_misconduct, vehicle_misconduct
from harness.exi.declare import Record
from harness.iso15118.messages import ac
from harness.iso15118.quantities import changed
from harness.iso15118.services import Service

if TYPE_CHECKING:
    from drivers.emulators.secc import Charger
    from drivers.emulators.vehicle import ElectricVehicle

SELECTION_FAILED = "FAILED_ServiceSelectionInvalid"


def _one_way(message: Any, kind: type[Record]) -> Record:
    """The loop's content without its discharge half."""
    kept = {name: value for name, value in message.control_mode.__dict__.items() if name in kind.__dataclass_fields__}
    made: Record = changed(message, control_mode=kind(**kept))
    return made


# the charger


@charger_misconduct.defect("one-way-loop-in-ac-bpt", seen_in="F41", found_by="TC_SECC_AC_BPT_VTB_Session_001")
def charger_one_way_loop(charger: Charger) -> None:
    """AC_ChargeLoopRes of a bidirectional session comes without discharge limits."""

    def answer(_se: Any, _request: Any, right: Any) -> Record:
        bpt = isinstance(right.control_mode, ac.BPTDynamicACCLResControlMode)
        return _one_way(right, ac.DynamicACCLResControlMode) if bpt else right

    charger_misconduct.twist(charger, "AC_ChargeLoopReq", answer)


@charger_misconduct.defect("lists-mcs-and-refuses-it", seen_in="F18", found_by="TC_SECC_MCS_VTB_Session_001")
def charger_refuses_mcs(charger: Charger) -> None:
    """MCS is among the services, and its selection is refused."""

    def answer(_se: Any, request: Any, right: Any) -> Any:
        mcs = request.selected_energy_transfer_service.service_id == Service.MCS
        return changed(right, response_code=SELECTION_FAILED) if mcs else right

    charger_misconduct.twist(charger, "ServiceSelectionReq", answer)


@charger_misconduct.defect("forgets-the-prices", seen_in="field", found_by="TC_SECC_CMN_VTB_ScheduleExchange_101")
def charger_forgets_prices(charger: Charger) -> None:
    """The parameter set promises prices, and the schedule has none."""

    def answer(_se: Any, _request: Any, right: Any) -> Any:
        tuples = getattr(right.control_mode, "schedule_tuple", ())
        bare = tuple(changed(one, charging_schedule__price_schedule=None) for one in tuples)
        return changed(right, control_mode__schedule_tuple=bare) if bare else right

    charger_misconduct.twist(charger, "ScheduleExchangeReq", answer)


@charger_misconduct.defect("states-no-needs", seen_in="field", found_by="TC_SECC_CMN_VTB_ChargeLoop_111")
def charger_states_no_needs(charger: Charger) -> None:
    """MobilityNeedsMode 2 was agreed on, and the charger never says when the vehicle leaves."""

    def answer(_se: Any, _request: Any, right: Any) -> Any:
        stated = getattr(right.control_mode, "departure_time", None) is not None
        return changed(right, control_mode__departure_time=None) if stated else right

    charger_misconduct.twist(charger, "DC_ChargeLoopReq", answer)


@charger_misconduct.defect(
    "lists-added-services-and-refuses-them", seen_in="field", found_by="TC_SECC_CMN_VTB_ServiceSelection_111"
)
def charger_refuses_added_services(charger: Charger) -> None:
    """A value added service is listed and detailed, and its selection is refused."""

    def answer(_se: Any, request: Any, right: Any) -> Any:
        return changed(right, response_code=SELECTION_FAILED) if request.selected_vas_list else right

    charger_misconduct.twist(charger, "ServiceSelectionReq", answer)


@charger_misconduct.defect("knows-no-channels", seen_in="field", found_by="TC_SECC_DC_BPT_VTB_PowerDelivery_111")
def charger_knows_no_channels(charger: Charger) -> None:
    """Separate channels are offered, and PowerDeliveryReq with a choice of one is refused."""

    def answer(_se: Any, request: Any, right: Any) -> Any:
        return changed(right, response_code="FAILED") if request.bpt_channel_selection else right

    charger_misconduct.twist(charger, "PowerDeliveryReq", answer)


@charger_misconduct.defect("never-asks-to-confirm", seen_in="F56", found_by="TC_SECC_CMN_VTB_MeteringConfirmation_001")
def charger_never_asks(charger: Charger) -> None:
    """The meter's reading is never asked to be confirmed."""
    charger_misconduct.twist(charger, "DC_ChargeLoopReq", lambda _se, _request, right: _unnotified(right))


def _unnotified(right: Any) -> Record:
    made: Record = changed(right, evse_status=None)
    return made


def _overlooks(charger: Charger, *codes: str) -> None:
    def prepare(se: Any) -> None:
        se.session.overlooks |= frozenset(codes)

    charger.before_session.append(prepare)


@charger_misconduct.defect("takes-any-signature", seen_in="F38", found_by="TC_SECC_CMN_VTB_Authorization_102")
def charger_takes_any_signature(charger: Charger) -> None:
    """The signature over the contract's request is not checked."""
    _overlooks(charger, "FAILED_SignatureError")


@charger_misconduct.defect("ignores-contract-expiry", seen_in="field", found_by="TC_SECC_CMN_VTB_Authorization_106")
def charger_ignores_contract_expiry(charger: Charger) -> None:
    """An expired contract pays."""
    _overlooks(charger, "WARNING_CertificateExpired")


@charger_misconduct.defect("takes-contracts-of-any-root", seen_in="F08", found_by="TC_SECC_CMN_VTB_Authorization_107")
def charger_takes_any_contract(charger: Charger) -> None:
    """A contract of a root that the charger does not know pays."""
    _overlooks(charger, "WARNING_CertificateValidationError")


@charger_misconduct.defect(
    "installs-stale-octets", seen_in="F37", found_by="TC_SECC_CMN_VTB_CertificateInstallation_101"
)
def charger_installs_stale_octets(charger: Charger) -> None:
    """CertificateInstallationRes is OK, and what it installs is left over from somebody else."""
    charger_misconduct.twist(
        charger,
        "CertificateInstallationReq",
        lambda _se, _request, right: changed(right, signed_installation_data__dh_public_key=bytes(133)),
    )


@charger_misconduct.defect(
    "installs-for-anybody", seen_in="field", found_by="TC_SECC_CMN_VTB_CertificateInstallation_102"
)
def charger_installs_for_anybody(charger: Charger) -> None:
    """The signature of the request for a contract is not checked."""
    _overlooks(charger, "FAILED_SignatureError")


# the vehicle


@vehicle_misconduct.defect("vehicle-one-way-loop-in-ac-bpt", seen_in="F41", found_by="TC_EVCC_AC_BPT_VTB_Session_001")
def vehicle_one_way_loop(vehicle: ElectricVehicle) -> None:
    """AC_ChargeLoopReq of a bidirectional session comes without discharge limits."""

    def ask(_ev: Any, right: Any) -> Record:
        bpt = isinstance(right.control_mode, ac.BPTDynamicACCLReqControlMode)
        return _one_way(right, ac.DynamicACCLReqControlMode) if bpt else right

    vehicle_misconduct.twist(vehicle, "AC_ChargeLoopReq", ask)


@vehicle_misconduct.defect("leaves-at-mcs", seen_in="F67", found_by="TC_EVCC_MCS_VTB_Session_001")
def vehicle_leaves_at_mcs(vehicle: ElectricVehicle) -> None:
    """At a station that has MCS alone the vehicle ends the session instead of selecting it."""

    def ask(ev: Any, right: Any) -> Any:
        mcs = right.selected_energy_transfer_service.service_id == Service.MCS
        return ev.draft("SessionStopReq", charging_session="Terminate") if mcs else right

    vehicle_misconduct.twist(vehicle, "ServiceSelectionReq", ask)


@vehicle_misconduct.defect("chooses-no-channel", seen_in="field", found_by="TC_EVCC_DC_BPT_VTB_ServiceDiscovery_112")
def vehicle_chooses_no_channel(vehicle: ElectricVehicle) -> None:
    """Channels are separate, and PowerDeliveryReq names none."""
    vehicle_misconduct.change(vehicle, "PowerDeliveryReq", bpt_channel_selection=None)


@vehicle_misconduct.defect("selects-no-added-service", seen_in="field", found_by="TC_EVCC_CMN_VTB_ServiceSelection_111")
def vehicle_selects_no_added_service(vehicle: ElectricVehicle) -> None:
    """A value added service is asked about and then not selected."""
    vehicle_misconduct.change(vehicle, "ServiceSelectionReq", selected_vas_list=None)


@vehicle_misconduct.defect("shows-contracts-unsigned", seen_in="F38", found_by="TC_EVCC_CMN_VTB_Authorization_101")
def vehicle_signs_nothing(vehicle: ElectricVehicle) -> None:
    """AuthorizationReq with a contract carries no signature."""
    vehicle_misconduct.change(vehicle, "AuthorizationReq", header__signature=None)


@vehicle_misconduct.defect("confirms-unsigned", seen_in="field", found_by="TC_EVCC_DC_VTB_MeteringConfirmation_101")
def vehicle_confirms_unsigned(vehicle: ElectricVehicle) -> None:
    """MeteringConfirmationReq carries no signature although a contract pays."""
    vehicle_misconduct.change(vehicle, "MeteringConfirmationReq", header__signature=None)


@vehicle_misconduct.defect(
    "asks-for-no-contract", seen_in="field", found_by="TC_EVCC_CMN_VTB_CertificateInstallation_101"
)
def vehicle_asks_for_no_contract(vehicle: ElectricVehicle) -> None:
    """Installation is offered to a vehicle that has no contract, and it does not ask for one."""
    vehicle.config = replace(vehicle.config, provisioning=None)


@vehicle_misconduct.defect(
    "installs-unchecked-data", seen_in="field", found_by="TC_EVCC_CMN_VTB_CertificateInstallation_102"
)
def vehicle_installs_unchecked(vehicle: ElectricVehicle) -> None:
    """The signature over installation data is not checked."""

    def prepare(ev: Any) -> None:
        ev.session.believes_any_installation = True

    vehicle.before_session.append(prepare)


@vehicle_misconduct.defect(
    "installs-from-any-root", seen_in="F08", found_by="TC_EVCC_CMN_VTB_CertificateInstallation_103"
)
def vehicle_installs_from_any_root(vehicle: ElectricVehicle) -> None:
    """A provisioning service of a root that the vehicle does not know may install contracts."""
    vehicle.config = replace(vehicle.config, trusted_roots=())
