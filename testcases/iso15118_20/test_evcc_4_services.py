"""The vehicle under test: whole sessions of every energy service, variants of an offer, contracts and their installation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fixtures.secc import BenchSecc, SeccOnBench
from harness.case import expect, good_case, step
from harness.exi.declare import Record
from harness.iso15118.errors import LinkLost, NoAnswer, Unexpected
from harness.iso15118.installation import Provisioning
from harness.iso15118.messages.common_types import EvseNotification
from harness.iso15118.quantities import changed
from harness.iso15118.services import Channel, Control, Energy, EnergyOffer, NeedsBy, Service
from harness.iso15118.signature import sign
from harness.verdict import Side
from testcases.iso15118_20.table import for_each, row
from testcases.iso15118_20.test_secc_6_services import CONTROLS, LOOPS, SERVICES, expect_form
from testcases.iso15118_20.vehicle import expect_end

INSTALLS = ("certificate_installation", "tls", "strict-20")
CONNECTOR = {Energy.AC: 3, Energy.DC: 2}


async def _loops(se: BenchSecc, count: int = LOOPS) -> Any:
    """Some turns of the charge loop; the last request, answered."""
    request: Any = None
    for _ in range(count):
        request = await se.expect("ChargeLoopReq")
        await se.respond()
    return request


async def _to_the_end(se: BenchSecc) -> None:
    se.session.notify(EvseNotification.Terminate)
    await expect_end(se)


@for_each(
    [
        row(f"TC_EVCC_{service.name}_VTB_Session_{number:03}", requires=[word], service=service, control=control,
            words=f"{service.name} in {word} control")
        for service in SERVICES
        for number, (word, control) in enumerate(CONTROLS.items(), 1)
    ],
    into=globals(),
    sut="vehicle",
)  # fmt: skip
async def a_whole_session(secc: SeccOnBench, *, words: str, service: Service, control: Control) -> None:
    """A station that has {words} alone: from the offer to the charge loop and to an end in order"""
    connector = 1 if service in (Service.MCS, Service.MCS_BPT) else CONNECTOR[service.energy or Energy.DC]
    with good_case(Side.VEHICLE):
        se = await secc.session(offers={service: (EnergyOffer(1, control, connector=connector),)})
    step(f"a session of {words}")
    request = await _loops(se)
    expect_form(request, service, control, "vehicle")
    await _to_the_end(se)


@for_each(
    [
        row("TC_EVCC_DC_BPT_VTB_ServiceDiscovery_111", "V2G20-2663", requires=["dynamic"],
            what="states the mobility needs itself", offer=EnergyOffer(3, Control.DYNAMIC, NeedsBy.SECC)),
        row("TC_EVCC_DC_BPT_VTB_ServiceDiscovery_112", requires=["dynamic"],
            what="has separate channels", offer=EnergyOffer(6, Control.DYNAMIC, channel=Channel.SEPARATED)),
    ],
    into=globals(),
    sut="vehicle",
)  # fmt: skip
async def a_variant_is_followed(secc: SeccOnBench, *, what: str, offer: EnergyOffer) -> None:
    """A station that {what}: the vehicle charges, and chooses a channel where there are two"""
    se = await secc.session(offers={Service.DC_BPT: (offer,)})
    started: Any = await se.expect("PowerDeliveryReq")
    channel = None if started.bpt_channel_selection is None else str(started.bpt_channel_selection)
    separate = offer.channel is Channel.SEPARATED
    expect(channel is not None, equals=separate, of="vehicle", named="BPT_ChannelSelection sent")
    await se.respond()
    await _loops(se)
    await _to_the_end(se)


@for_each([row("TC_EVCC_CMN_VTB_ServiceSelection_111", requires=["vas", "dc"])], into=globals(), sut="vehicle")
async def a_value_added_service_is_selected(secc: SeccOnBench) -> None:
    """Internet access is offered: the vehicle asks for its details before it selects it"""
    se = await secc.session(vas=(Service.INTERNET, Service.PARKING_STATUS))
    selected: Any = await se.expect("ServiceSelectionReq")
    added = selected.selected_vas_list.selected_service if selected.selected_vas_list else ()
    named = [int(one.service_id) for one in added]
    expect(named, equals=[int(Service.INTERNET)], of="vehicle", named="value added services")
    await se.respond()
    await _loops(se)
    await _to_the_end(se)


# Plug & Charge


@for_each([row("TC_EVCC_CMN_VTB_Authorization_101", requires=["pnc", "tls", "dc"])], into=globals(), sut="vehicle")
async def a_contract_is_shown(secc: SeccOnBench) -> None:
    """Plug & Charge alone is offered: the contract is shown, the challenge echoed, both signed"""
    se = await secc.session(**secc.contracts(), eim=False)
    step("AuthorizationReq")
    asked: Any = await se.expect("AuthorizationReq")
    expect(str(asked.selected_authorization_service), equals="PnC", of="vehicle", named="authorization service")
    expect(asked.authorization_mode.gen_challenge, equals=se.session.challenge, of="vehicle", named="challenge")
    await se.respond()
    checked = se.session.signature
    good = checked is not None and checked.good
    expect(good, equals=True, of="vehicle", named=f"signature ({checked.problem if checked else 'none'})")
    await _loops(se)
    await _to_the_end(se)


@for_each(
    [row("TC_EVCC_CMN_VTB_Authorization_102", requires=["pnc", "tls", "dc"])],
    into=globals(),
    sut="vehicle",
    liveness=True,
)
async def a_refused_contract_is_survived(secc: SeccOnBench) -> None:
    """The contract is answered with WARNING_CertificateExpired: the vehicle goes on with EIM, or ends in order"""
    se = await secc.session(**secc.contracts())
    await se.expect("AuthorizationReq")
    step("WARNING_CertificateExpired")
    await se.respond(response_code="WARNING_CertificateExpired")
    se.session.notify(EvseNotification.Terminate)
    try:
        await se.ended()
    except NoAnswer:
        expect(str(se.session.state), one_of=["terminated", "loop"], of="vehicle", named="session")


@for_each([row("TC_EVCC_DC_VTB_MeteringConfirmation_101", requires=["pnc", "tls"])], into=globals(), sut="vehicle")
async def a_reading_is_confirmed_and_signed(secc: SeccOnBench) -> None:
    """Under Plug & Charge the station asks to confirm the reading: confirmed, signed by the contract"""
    with good_case(Side.VEHICLE):
        se = await secc.session(**secc.contracts(), eim=False)
        await _loops(se)
    step("EVSENotification MeteringConfirmation")
    se.session.notify(EvseNotification.MeteringConfirmation)
    asked: Any = await se.expect("MeteringConfirmationReq", 10.0)
    signed = asked.header.signature is not None
    expect(signed, equals=True, of="vehicle", named="MeteringConfirmationReq signed")
    await se.respond()
    granted: Any = se.last_response
    expect(str(granted.response_code), equals="OK", of="vehicle", named="our check of the confirmation")
    await _loops(se)
    await _to_the_end(se)


# installation


def _provisioning(secc: SeccOnBench, **changes: Any) -> dict[str, Any]:
    config = secc.contracts()
    made: Provisioning = config["provisioning"]
    return {**config, "provisioning": replace(made, **changes)}


@for_each([row("TC_EVCC_CMN_VTB_CertificateInstallation_101", requires=INSTALLS)], into=globals(), sut="vehicle")
async def a_contract_is_asked_for(secc: SeccOnBench) -> None:
    """Installation is offered to a vehicle without a contract: it asks for one, signed, and pays with it"""
    se = await secc.session(**_provisioning(secc), eim=False)
    step("CertificateInstallationReq")
    await se.expect("CertificateInstallationReq")
    await se.respond()
    installed: Any = se.last_response
    expect(str(installed.response_code), equals="OK", of="vehicle", named="our check of the request")
    asked: Any = await se.expect("AuthorizationReq")
    expect(str(asked.selected_authorization_service), equals="PnC", of="vehicle", named="authorization service")
    shown = asked.authorization_mode.contract_certificate_chain.certificate
    given = installed.signed_installation_data.contract_certificate_chain.certificate
    expect(shown == given, equals=True, of="vehicle", named="the contract that was installed is shown")
    await se.respond()
    await _loops(se)
    await _to_the_end(se)


@for_each(
    [
        row("TC_EVCC_CMN_VTB_CertificateInstallation_102", requires=INSTALLS, what="signed by another key", wrong="key"),
        row("TC_EVCC_CMN_VTB_CertificateInstallation_103", requires=INSTALLS,
            what="signed by a service of a foreign root", wrong="root"),
    ],
    into=globals(),
    sut="vehicle",
    liveness=True,
)  # fmt: skip
async def a_wrong_contract_is_not_taken(secc: SeccOnBench, *, what: str, wrong: str) -> None:
    """Installation data {what}: the vehicle does not pay with that contract"""
    signer = secc.foreign().leaves["provisioning_service"]
    se = await secc.session(**(_provisioning(secc, signer=signer) if wrong == "root" else _provisioning(secc)))
    answered: list[Record] = []

    def spoil(_se: Any, _request: Record, right: Any) -> Record:
        data = right.signed_installation_data
        answered.append(changed(right, header__signature=sign([data], signer.key)) if wrong == "key" else right)
        return answered[-1]

    se.twists["CertificateInstallationReq"] = spoil
    step(f"installation data {what}")
    service = "none"
    try:
        asked: Any = await se.expect("AuthorizationReq", 20.0)
        service = str(asked.selected_authorization_service)
        await se.respond()
    except (LinkLost, NoAnswer, Unexpected):
        pass  # it may end the session as well
    expect(bool(answered), equals=True, of="vehicle", named="CertificateInstallationReq came")
    expect(service, one_of=["EIM", "none"], of="vehicle", named="authorization service")
