"""The package's SECC or EVCC, started as its own `main` does. Runs in the package's environment, not in ours.

    python josev_guest.py secc|evcc

Settings come as the package wants them, from environment variables (and PLUGFEST_KEYLOG names a key log file). It says
on standard output when it is up and when a session of its vehicle has ended; the vehicle begins one for each line on
standard input. The codec is used a few times first: a cold one takes seconds, which no device would take.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import sys
import threading
import time
from importlib import import_module
from typing import Any

WARM_UP = 60
"""Messages through the codec before the first session (our default)."""

LIMITS = {"voltage_v": 500, "current_a": 100, "power_w": 1000}
"""What the package's simulated charger states in its charge parameters."""


BEAT_S = 0.05
BOUND_S = 0.1
"""As in harness/lag.py, which is not in this environment."""


def say(what: str) -> None:
    print(json.dumps({"said": what}), flush=True)


def beat() -> None:
    """Tell of each time that this computer let the program wait: in a thread, since what is slow inside it is its own."""
    while True:
        due_s = time.monotonic() + BEAT_S
        time.sleep(BEAT_S)
        late_s = time.monotonic() - due_s
        if late_s > BOUND_S:
            print(json.dumps({"late": {"due_s": due_s, "late_s": late_s}}), flush=True)


def keep_keys() -> None:
    """Have every TLS context of the package write its key log."""
    path = os.environ.get("PLUGFEST_KEYLOG")
    if not path:
        return
    security: Any = import_module("iso15118.shared.security")
    make = security.get_ssl_context

    def making(server_side: bool) -> ssl.SSLContext | None:
        context: ssl.SSLContext | None = make(server_side)
        if context is not None:
            context.keylog_filename = path
        return context

    security.get_ssl_context = making


def warm_codec() -> Any:
    """The package's codec, used a few times in both directions."""
    codec = import_module("iso15118.shared.exificient_exi_codec").ExificientEXICodec()
    exi = import_module("iso15118.shared.exi_codec").EXI()
    exi.set_exi_codec(codec)
    enums = import_module("iso15118.shared.messages.enums")
    types = import_module("iso15118.shared.messages.iso15118_20.common_types")
    common = import_module("iso15118.shared.messages.iso15118_20.common_messages")
    ac = import_module("iso15118.shared.messages.iso15118_20.ac")
    dc = import_module("iso15118.shared.messages.iso15118_20.dc")
    power = types.RationalNumber(exponent=0, value=0)
    ac_loop = ac.ScheduledACChargeLoopReqParams(ev_present_active_power=power)
    dc_loop = dc.ScheduledDCChargeLoopReqParams(ev_target_current=power, ev_target_voltage=power)
    header = types.MessageHeader(session_id="0123456789ABCDEF", timestamp=1)
    samples = (
        (common.SessionSetupReq(header=header, evcc_id="WARM"), enums.Namespace.ISO_V20_COMMON_MSG),
        (
            ac.ACChargeLoopReq(header=header, meter_info_requested=False, scheduled_params=ac_loop),
            enums.Namespace.ISO_V20_AC,
        ),
        (
            dc.DCChargeLoopReq(
                header=header, meter_info_requested=False, ev_present_voltage=power, scheduled_params=dc_loop
            ),
            enums.Namespace.ISO_V20_DC,
        ),
    )
    for _ in range(WARM_UP // len(samples)):
        for message, namespace in samples:
            exi.from_exi(exi.to_exi(message, namespace), namespace)
    return codec


async def secc() -> None:
    """The SECC, told on standard input what the pilot shows: A, B or C.

    Its simulated charger has no converter: ours obeys within LIMITS, and is off when power is off.
    """
    keep_keys()
    package = import_module("iso15118.secc")
    settings = import_module("iso15118.secc.secc_settings")
    simulator = import_module("iso15118.secc.controller.simulator")
    interface = import_module("iso15118.secc.controller.interface")
    pilots = import_module("iso15118.shared.messages.enums").CpState

    class Controller(simulator.SimEVSEController):  # type: ignore[misc, name-defined]
        pilot = pilots.A1

        async def get_cp_state(self) -> Any:
            return self.pilot

        async def set_status(self, status: Any) -> None:
            if status == interface.ServiceStatus.READY:
                say("ready")

        async def send_charging_command(self, voltage: float | None, current: float | None, *_: Any, **__: Any) -> None:
            if voltage is not None:
                self.evse_data_context.present_voltage = min(voltage, LIMITS["voltage_v"])
            most = LIMITS["power_w"] / max(self.evse_data_context.present_voltage, 1)
            self.evse_data_context.present_current = min(current or 0, LIMITS["current_a"], most)

        async def is_contactor_opened(self) -> bool:
            self.evse_data_context.present_voltage = self.evse_data_context.present_current = 0
            return True

    config = settings.Config()
    config.load_envs()
    controller = Controller()
    handler = package.SECCHandler(exi_codec=warm_codec(), evse_controller=controller, config=config)
    serving = asyncio.ensure_future(handler.start(config.iface))
    states = {"A": pilots.A1, "B": pilots.B2, "C": pilots.C2}
    while line := await next_line():
        controller.pilot = states.get(line.strip(), pilots.A1)
        if controller.pilot is pilots.A1:
            handler.close_session()  # as the package has it for a pulled plug
    await serving


async def next_line() -> str:
    return await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


class Vehicle:
    """The EVCC, one session after the other."""

    def __init__(self) -> None:
        keep_keys()
        self.package = import_module("iso15118.evcc")
        self.loading = import_module("iso15118.evcc.evcc_config")
        simulator = import_module("iso15118.evcc.controller.simulator")

        class Controller(simulator.SimEVController):  # type: ignore[misc, name-defined]
            async def enable_charging(self, enabled: bool) -> None:
                say("charging" if enabled else "not charging")

        self.controller = Controller
        self.settings = self.package.Config()
        self.settings.load_envs()
        self.codec = warm_codec()
        self.handler: Any = None
        self.session: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        config = await self.loading.load_from_file(self.settings.ev_config_file_path)
        self.handler = self.package.EVCCHandler(
            evcc_config=config,
            iface=self.settings.iface,
            exi_codec=self.codec,
            ev_controller=self.controller(config),
        )
        self.session = asyncio.ensure_future(self.handler.start())
        self.session.add_done_callback(lambda _: say("ended"))

    def stop(self) -> None:
        """As if the plug were pulled: every task of the session ends, every socket closes."""
        if self.handler is None:
            return
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        if self.handler.tcp_client:
            self.handler.tcp_client.writer.close()
        if self.handler.udp_client and self.handler.udp_client._transport:
            self.handler.udp_client._transport.close()
        self.handler = None


async def evcc() -> None:
    vehicle = Vehicle()
    say("ready")
    while line := await next_line():
        vehicle.stop()
        if line.strip() == "begin":
            await vehicle.begin()


if __name__ == "__main__":
    threading.Thread(target=beat, daemon=True).start()
    asyncio.run({"secc": secc, "evcc": evcc}[sys.argv[1]]())
