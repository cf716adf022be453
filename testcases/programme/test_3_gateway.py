"""The prototype car's gateway between two vehicle platforms: what one of them limits, the other must know."""

from __future__ import annotations

from harness.case import step
from harness.usecase import usecase


@usecase("PF_PRG_10", sut="gateway", protocol="can", requirements=["our default"])
async def test_no_signal_is_dropped_by_the_gateway(pf_can_gateway, pf_limits):
    """No signal is dropped: every mapped signal, at both ends of its range, reaches the other platform in time"""
    async with pf_can_gateway.traffic():
        for route in pf_can_gateway.routes:
            step(
                f"{route.source.message} on bus {route.source.bus} becomes {route.target.message} on {route.target.bus}"
            )
            for signals in (pf_can_gateway.corners(route)[0], pf_can_gateway.corners(route)[-1]):
                await pf_can_gateway.send(route, signals)
                wanted = pf_can_gateway.mapping.expected(route, signals)
                await pf_can_gateway.arrives(route, wanted, pf_limits.gateway_timeout_s)
