"""Virtual hours pass in moments, and deadlines still hold."""

import asyncio
import time

import pytest

from harness.clock import Clock, TimeMode, VirtualLoop, new_loop


def run(mode, story):
    loop = new_loop(mode)
    try:
        return loop.run_until_complete(story())
    finally:
        loop.close()


def test_six_hours_of_virtual_sleep_take_less_than_a_second():
    async def story():
        clock = Clock()
        before_us = clock.utc_us()
        await clock.sleep(6 * 3600)
        return clock.now_s(), clock.utc_us() - before_us

    began_s = time.monotonic()
    assert run(TimeMode.VIRTUAL, story) == (6 * 3600, 6 * 3600 * 1_000_000)
    assert time.monotonic() - began_s < 1.0


def test_tasks_wake_in_the_order_of_their_deadlines():
    async def story():
        clock, order = Clock(), []

        async def sleeper(delay_s):
            await clock.sleep(delay_s)
            order.append(clock.now_s())

        await asyncio.gather(*(sleeper(delay_s) for delay_s in (300, 100, 200)))
        return order

    assert run(TimeMode.VIRTUAL, story) == [100, 200, 300]


def test_a_wait_that_is_never_met_times_out_at_its_virtual_moment():
    async def story():
        clock = Clock()
        with pytest.raises(TimeoutError):
            await clock.wait(asyncio.Event().wait(), 1200)
        return clock.now_s()

    assert run(TimeMode.VIRTUAL, story) == 1200


def test_wire_time_is_real_time():
    async def story():
        clock = Clock()
        await clock.sleep(0.05)
        return clock.now_s()

    assert run(TimeMode.WIRE, story) >= 0.05


def test_virtual_time_goes_on_after_years_of_pauses():
    """One worker of a large campaign passes half a year, from where on a double does not tell nanoseconds apart."""
    loop = VirtualLoop()

    async def pauses():
        await asyncio.sleep(2.0**30 + 0.123)
        for number in range(1000):
            await asyncio.sleep(number / 7)
        return loop.time()

    try:
        assert loop.run_until_complete(pauses()) == pytest.approx(2.0**30 + 999 * 500 / 7)
    finally:
        loop.close()
