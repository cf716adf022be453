"""Plug & Charge: contracts shown, refused and installed; signatures in every form; prices and metering signed."""

from __future__ import annotations

import asyncio
import datetime
from dataclasses import replace

import pytest

from harness.iso15118 import pki, signature
from harness.iso15118.evcc import EvccConfig
from harness.iso15118.installation import NotInstallable, Provisioning, seal, unseal
from harness.iso15118.messages import common
from harness.iso15118.messages.common_types import EvseNotification
from harness.iso15118.profile import Profile
from harness.iso15118.quantities import changed
from harness.iso15118.secc import SeccConfig
from harness.iso15118.services import Control, EnergyOffer, Pricing, Service
from tests.iso15118.conftest import EPOCH_US, Pair

NOW = datetime.datetime.fromtimestamp(EPOCH_US / 1e6, datetime.UTC)


@pytest.fixture(scope="module")
def lab():
    return pki.create(pki.KeyKind.SECP521R1, now=NOW)


@pytest.fixture(scope="module")
def foreign():
    return pki.create(pki.KeyKind.SECP521R1, now=NOW, organisation="Somebody else")


def contract_pair(hierarchy, trusted=None, **evcc):
    trusted = trusted or hierarchy
    return Pair(
        EvccConfig(contract=hierarchy.leaves["contract"], **evcc),
        SeccConfig(pnc=True, mo_roots=(trusted.root("mo_root"),)),
    )


async def authorized(pair, change=None):
    """The answer to the contract; `change` makes of the right request the one that is sent."""
    charger = asyncio.ensure_future(pair.se.run())
    await pair.ev.advance_to("Authorization")
    request = pair.ev.next_request()
    answer = await pair.ev.exchange(change(request) if change else request)
    await pair.ev.close()
    await charger
    return answer, pair


@pytest.mark.parametrize("kind", list(pki.KeyKind))
def test_a_good_contract_is_accepted_with_every_kind_of_key(virtually, kind):
    async def story():
        return await authorized(contract_pair(pki.create(kind, now=NOW)))

    answer, pair = virtually(story())
    told = next(event for event in pair.events if event.what == "authorization")
    assert answer.response_code == "OK"
    assert told.data == {"how": "PnC", "granted": True, "code": "OK", "emaid": "DEPFTC123456789"}


@pytest.mark.parametrize("grammar", ["dsig", "common"])
@pytest.mark.parametrize("der", [False, True])
def test_the_verifier_tells_in_which_form_a_signature_came(virtually, lab, grammar, der):
    def resign(request):
        key = lab.leaves["contract"].key
        made = signature.sign([request.authorization_mode], key, grammar=grammar, der=der)
        return changed(request, header__signature=made)

    async def story():
        return await authorized(contract_pair(lab), resign)

    answer, pair = virtually(story())
    assert answer.response_code == "OK"
    assert (pair.se.session.signature.grammar, pair.se.session.signature.encoding) == (grammar, "der" if der else "raw")


def test_our_vehicle_signs_in_the_grammar_that_its_profile_names(virtually, lab):
    async def story():
        return await authorized(contract_pair(lab, profile=Profile(signed_info_grammar="common")))

    _, pair = virtually(story())
    assert pair.se.session.signature.grammar == "common"


def spoiled_body(request):
    return changed(request, authorization_mode__gen_challenge=bytes(16))


def no_signature(request):
    return changed(request, header__signature=None)


def random_certificate(request):
    chain = changed(request.authorization_mode.contract_certificate_chain, certificate=b"\x30\x03rubbish")
    return changed(request, authorization_mode__contract_certificate_chain=chain)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (spoiled_body, "FAILED_SignatureError"),
        (no_signature, "FAILED_SignatureError"),
        (random_certificate, "WARNING_CertificateValidationError"),
    ],
)
def test_a_contract_request_that_was_tampered_with_is_refused(virtually, lab, change, code):
    async def story():
        return await authorized(contract_pair(lab), change)

    answer, _ = virtually(story())
    assert answer.response_code == code


def test_a_contract_signed_by_another_key_is_refused(virtually, lab):
    def other_key(request):
        made = signature.sign([request.authorization_mode], lab.leaves["vehicle"].key)
        return changed(request, header__signature=made)

    async def story():
        return await authorized(contract_pair(lab), other_key)

    answer, _ = virtually(story())
    assert answer.response_code == "FAILED_SignatureError"


def test_yesterdays_request_signed_over_another_challenge_is_refused(virtually, lab):
    def replayed(request):
        mode = changed(request.authorization_mode, gen_challenge=b"yesterday's word")
        made = signature.sign([mode], lab.leaves["contract"].key)
        return changed(request, authorization_mode=mode, header__signature=made)

    async def story():
        return await authorized(contract_pair(lab), replayed)

    answer, _ = virtually(story())
    assert answer.response_code == "WARNING_ChallengeInvalid"


def test_a_contract_of_an_unknown_root_is_refused_with_a_warning(virtually, lab, foreign):
    async def story():
        return await authorized(contract_pair(foreign, trusted=lab))

    answer, _ = virtually(story())
    assert answer.response_code == "WARNING_CertificateValidationError"


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        (pki.Faults(expired=frozenset({"contract"})), "WARNING_CertificateExpired"),
        (pki.Faults(expired=frozenset({"mo_sub1"})), "WARNING_CertificateExpired"),
        (pki.Faults(not_yet_valid=frozenset({"contract"})), "WARNING_CertificateNotYetValid"),
        (pki.Faults(deep=frozenset({"contract"})), "WARNING_CertificateValidationError"),
    ],
)
def test_a_contract_outside_of_its_time_or_too_deep_is_refused(virtually, faults, code):
    async def story():
        return await authorized(contract_pair(pki.create(pki.KeyKind.P256, now=NOW, faults=faults)))

    answer, _ = virtually(story())
    assert answer.response_code == code


def test_a_vehicle_without_contract_takes_eim_where_both_are_offered(virtually, lab):
    async def story():
        return await authorized(Pair(secc=SeccConfig(pnc=True, mo_roots=lab.roots())))

    answer, pair = virtually(story())
    assert answer.response_code == "OK"
    assert pair.se.session.authorization == "EIM"


def installing_pair(lab, installed=None, *, signer="provisioning_service"):
    given = installed or lab.leaves["contract"]
    return Pair(
        EvccConfig(provisioning=lab.leaves["oem_provisioning"], trusted_roots=(lab.root("v2g_root"),)),
        SeccConfig(
            pnc=True,
            mo_roots=(lab.root("mo_root"),),
            provisioning=Provisioning(lab.leaves[signer], given, (lab.root("oem_root"),)),
            ongoing={"CertificateInstallationReq": 3},
        ),
    )


def test_a_contract_is_installed_and_charged_with_at_once(virtually, lab):
    async def story():
        pair = installing_pair(lab)
        charger = asyncio.ensure_future(pair.se.run())
        await pair.ev.charge_loop(1.0)
        await pair.ev.stop()
        await charger
        return pair

    pair = virtually(story())
    told = next(event for event in pair.events if event.what == "authorization")
    assert pair.ev.session.installed is not None
    assert pair.ev.session.installed.leaf == lab.leaves["contract"].leaf
    assert told.data["how"] == "PnC"
    assert told.data["granted"]


def test_installation_data_of_an_untrusted_service_is_not_installed(virtually, lab, foreign):
    async def story():
        pair = installing_pair(lab)
        wrong = Provisioning(foreign.leaves["provisioning_service"], lab.leaves["contract"], (lab.root("oem_root"),))
        pair.se.session.config = replace(pair.se.session.config, provisioning=wrong)
        charger = asyncio.ensure_future(pair.se.run())
        await pair.ev.run()
        await charger
        return pair

    pair = virtually(story())
    assert pair.ev.session.installed is None
    assert "provisioning service's chain" in pair.ev.session.reason
    assert pair.ev.session.state == "terminated"


def test_a_p256_provisioning_certificate_can_not_take_a_contract(virtually):
    small = pki.create(pki.KeyKind.P256, now=NOW)

    async def story():
        pair = installing_pair(small)
        charger = asyncio.ensure_future(pair.se.run())
        await pair.ev.advance_to("Authorization")
        await pair.ev.close()
        await charger
        return pair

    pair = virtually(story())
    assert pair.ev.last_response.response_code == "WARNING_NoCertificateAvailable"


def test_a_request_for_installation_that_was_not_offered_is_out_of_order(virtually, lab):
    async def story():
        pair = Pair(EvccConfig(provisioning=lab.leaves["oem_provisioning"]))
        charger = asyncio.ensure_future(pair.se.run())
        await pair.ev.advance_to("Authorization")
        answer = await pair.ev.exchange(pair.ev.draft("CertificateInstallationReq"))
        await pair.ev.close()
        await charger
        return answer

    assert virtually(story()).response_code == "FAILED_SequenceError"


def test_a_key_envelope_has_the_schemas_lengths_and_opens_only_for_its_receiver(lab, foreign):
    contract, receiver = lab.leaves["contract"], lab.leaves["oem_provisioning"]
    point, sealed = seal(contract, receiver.leaf)
    assert (len(point), len(sealed)) == (133, 94)
    opened = unseal(point, sealed, contract.leaf, receiver)
    assert opened.private_numbers() == contract.key.private_numbers()
    with pytest.raises(NotInstallable, match="does not open"):
        unseal(point, sealed, contract.leaf, foreign.leaves["oem_provisioning"])
    with pytest.raises(NotInstallable, match="does not belong"):
        unseal(point, sealed, foreign.leaves["contract"].leaf, receiver)


def test_private_keys_do_not_show_in_text(lab):
    assert "key" not in repr(lab.leaves["contract"]).split("leaf")[0]


@pytest.mark.parametrize("control", list(Control))
def test_an_absolute_price_schedule_is_signed_in_both_control_modes(virtually, lab, control):
    async def story():
        offer = EnergyOffer(1, control, pricing=Pricing.ABSOLUTE)
        pair = Pair(
            EvccConfig(control=control),
            SeccConfig(offers={Service.DC_BPT: (offer,)}, signer=lab.leaves["secc"]),
        )
        charger = asyncio.ensure_future(pair.se.run())
        await pair.ev.advance_to("ScheduleExchange")
        answer = await pair.ev.exchange()
        await pair.ev.close()
        await charger
        return answer, pair

    answer, pair = virtually(story())
    price = pair.ev.session.prices
    assert isinstance(price, common.AbsolutePriceSchedule)
    assert signature.verify(answer.header.signature, [price], lab.leaves["secc"].leaf).good
    spoiled = changed(price, currency="GBP")
    assert not signature.verify(answer.header.signature, [spoiled], lab.leaves["secc"].leaf).good


def test_price_levels_carry_their_number(virtually):
    async def story():
        pair = Pair(secc=SeccConfig(offers={Service.DC_BPT: (EnergyOffer(1, pricing=Pricing.LEVELS),)}))
        charger = asyncio.ensure_future(pair.se.run())
        await pair.ev.advance_to("DC_CableCheck")
        await pair.ev.close()
        await charger
        return pair.ev.session.prices

    assert virtually(story()).number_of_price_levels == 3


def test_a_power_tolerance_is_offered_confirmed_and_acknowledged(virtually):
    async def story():
        offer = EnergyOffer(1, Control.SCHEDULED)
        pair = Pair(
            EvccConfig(control=Control.SCHEDULED),
            SeccConfig(offers={Service.DC_BPT: (offer,)}, power_tolerance_w=500.0),
        )
        charger = asyncio.ensure_future(pair.se.run())
        await pair.ev.advance_to("PowerDelivery")
        answer = await pair.ev.exchange()
        await pair.ev.close()
        await charger
        return answer

    assert virtually(story()).response_code == "OK_PowerToleranceConfirmed"


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        (((600, 11_000.0), (600, 7_000.0)), "OK"),
        (((1_200, 11_000.0),), "FAILED_EVPowerProfileInvalid"),
        (((500, 11_000.0), (200, 7_500.0), (500, 7_000.0)), "FAILED_EVPowerProfileInvalid"),
    ],
)
def test_a_profile_must_keep_below_every_slot_that_it_overlaps(virtually, entries, code):
    from harness.iso15118.quantities import rational

    async def story():
        offer = EnergyOffer(1, Control.SCHEDULED)
        schedule = ((600, 11_000.0), (600, 7_000.0))
        pair = Pair(
            EvccConfig(control=Control.SCHEDULED), SeccConfig(offers={Service.DC_BPT: (offer,)}, schedule=schedule)
        )
        charger = asyncio.ensure_future(pair.se.run())
        await pair.ev.advance_to("PowerDelivery")
        made = tuple(common.PowerScheduleEntry(duration=s, power=rational(w)) for s, w in entries)
        answer = await pair.ev.exchange(ev_power_profile__ev_power_profile_entries__ev_power_profile_entry=made)
        energised = pair.station.energised
        await pair.ev.close()
        await charger
        return answer, energised

    answer, energised = virtually(story())
    assert answer.response_code == code
    assert energised == (code == "OK")


def test_metering_is_confirmed_on_its_side_stream_with_the_contracts_signature(virtually, lab):
    async def story():
        pair = contract_pair(lab)
        charger = asyncio.ensure_future(pair.se.run())
        vehicle = asyncio.ensure_future(pair.ev.run())
        await pair.clock.sleep(5.0)
        pair.se.session.notify(EvseNotification.MeteringConfirmation)
        await pair.clock.sleep(5.0)
        pair.se.session.notify(EvseNotification.Terminate)
        await vehicle
        await charger
        return pair

    pair = virtually(story())
    kinds = [octets[2:4].hex() for _, _, octets in pair.notes.frames]
    assert kinds.count("8102") == 2
    assert pair.se.session.state == "terminated"


def test_metering_data_that_were_changed_are_refused(virtually, lab):
    async def story():
        pair = contract_pair(lab)
        charger = asyncio.ensure_future(pair.se.run())
        await pair.ev.charge_loop(1.0)
        request = pair.ev.draft("MeteringConfirmationReq")
        spoiled = changed(request, signed_metering_data__meter_info__charged_energy_reading_wh=1)
        answer = await pair.ev.exchange(spoiled)
        await pair.ev.close()
        await charger
        return answer

    assert virtually(story()).response_code == "FAILED_MeteringSignatureNotValid"


def test_a_vehicle_with_a_contract_waits_a_minute_and_not_three(virtually, lab):
    async def story():
        pair = contract_pair(lab)
        pair.station.granted = None
        charger = asyncio.ensure_future(pair.se.run())
        await pair.ev.run()
        await charger
        return pair, pair.clock.now_s()

    pair, ended_s = virtually(story())
    assert "authorization ongoing for 60 s" in pair.ev.session.reason
    assert 60.0 <= ended_s < 62.0
