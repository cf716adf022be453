"""Relay box and card presenter: what they do, and what a welded contact or a stuck card is."""

from __future__ import annotations

import pytest

from drivers.emulators import card_presenter, relay_box
from drivers.errors import InstrumentError, InstrumentTimeout, SafetyError
from tests.drivers.rig import Rig, run

every_way = pytest.mark.parametrize("wired", [False, True], ids=["memory", "wire"])


@every_way
def test_contacts_follow_and_are_all_open_when_safe(wired: bool):
    async def body(rig: Rig) -> None:
        box = await rig.driver("relay.relay_box", relay_box)
        assert (await box.identity()).model == "RLB8"
        await box.close_contact(1)
        await box.close_contact(3)
        assert (await box.contacts())[:3] == (True, False, True)
        await box.open_contact(1)
        await box.make_safe()
        assert not any(await box.contacts())

    run(wired, body)


def test_a_welded_contact_is_a_safety_error():
    async def body(rig: Rig) -> None:
        box = await rig.driver("relay.relay_box", relay_box, {"relay-welded"})
        await box.close_contact(1)
        with pytest.raises(SafetyError, match="contact 1"):
            await box.open_contact(1)
        with pytest.raises(SafetyError, match="welded"):
            await box.make_safe()
        with pytest.raises(InstrumentError, match="1 to 8"):
            await box.close_contact(9)

    run(False, body)


@every_way
def test_a_card_is_shown_for_its_time_and_then_taken_away(wired: bool):
    async def body(rig: Rig) -> None:
        box = await rig.driver("rfid.card_presenter", card_presenter)
        await box.present("04a1b2c3", for_s=0.2)
        assert rig.far_end.history == ["04A1B2C3"]
        assert await box.shown() is None
        with pytest.raises(ValueError, match="hex"):
            await box.present("card 7")

    run(wired, body)


def test_a_card_that_stays_is_a_safety_error_and_a_silent_box_a_time_out():
    async def body(rig: Rig) -> None:
        box = await rig.driver("rfid.card_presenter", card_presenter, {"card-stuck"})
        await box.present("04a1b2c3")
        with pytest.raises(SafetyError, match="by hand"):
            await box.make_safe()
        rig.far_end.active = frozenset({"card-silent"})
        with pytest.raises(InstrumentTimeout):
            await box.shown()

    run(False, body)
