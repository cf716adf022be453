"""Our agents against implementations that this project did not write: PyPI `ocpp` and `ocpp-csms`, npm `ocpp-rpc` and
`ocpp-ws-cli`.

All but the first are installed by CI only (.ci/independent); where they are not, their tests are skipped.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ocpp.routing import on
from ocpp.v201 import ChargePoint as ChargePoint201
from ocpp.v201 import call as call_201
from ocpp.v201 import call_result as result_201
from ocpp.v201.datatypes import ChargingStationType, IdTokenInfoType
from table_top import TableTop
from websockets.asyncio.client import connect as ws_connect
from websockets.asyncio.server import serve as ws_serve

from harness.clock import Clock
from harness.ocpp.charge_point_16 import ChargePoint16
from harness.ocpp.charging_needs import ChargingNeeds
from harness.ocpp.charging_station import ChargingStation, StationSettings
from harness.ocpp.csms import Csms
from harness.ocpp.observer import Unobserved
from harness.ocpp.shell import StationShell, utc_s
from harness.ocpp.transactions import IdToken
from harness.ocpp.version import Version
from harness.ocpp.wire import connect

ROOT = Path(__file__).parents[2]
PLUGFEST = Path(sys.executable).with_name("plugfest")
SCRIPT = Path(__file__).with_name("independent_csms.cjs")
NOW = "2026-01-01T00:00:00Z"


def node_has_ocpp_rpc():
    node = shutil.which("node")
    if node is None:
        return False
    done = subprocess.run([node, "-e", "require('ocpp-rpc')"], capture_output=True, check=False, env=dict(os.environ))
    return done.returncode == 0


def port_opens(port, within_s):
    end_s = time.monotonic() + within_s
    while time.monotonic() < end_s:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.2)
    return False


def reported(folder):
    """The cells of the one report in a folder of runs, by case."""
    (report,) = folder.glob("*/report/report.json")
    return {one["case"]: one for one in json.loads(report.read_text())["cells"]}


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class LibraryCsms(ChargePoint201):
    """The PyPI library as CSMS."""

    seen: list[str]

    @on("BootNotification")
    def boot(self, **_):
        self.seen.append("BootNotification")
        return result_201.BootNotification(current_time=NOW, interval=300, status="Accepted")

    @on("StatusNotification")
    def status(self, **_):
        self.seen.append("StatusNotification")
        return result_201.StatusNotification()

    @on("Authorize")
    def authorise(self, **_):
        self.seen.append("Authorize")
        return result_201.Authorize(id_token_info=IdTokenInfoType(status="Accepted"))

    @on("NotifyEVChargingNeeds")
    def needs(self, **_):
        self.seen.append("NotifyEVChargingNeeds")
        return result_201.NotifyEVChargingNeeds(status="Rejected")

    @on("TransactionEvent")
    def event(self, event_type, **_):
        self.seen.append(f"TransactionEvent {event_type}")
        return result_201.TransactionEvent()


def our_station(clock, url, core, version, identity="CS-1"):
    async def reach():
        return await connect(url, identity, [version])

    return StationShell(core, identity, reach, clock, Unobserved())


async def until(condition, within_s=10.0):
    for _ in range(round(within_s / 0.05)):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen in time")


async def charge(core, shell, clock):
    evse = core.evse
    evse.plug(utc_s(clock))
    evse.identify("WMIV1234567890ABCDEX", utc_s(clock))
    evse.authorise(IdToken("TAG"), utc_s(clock))
    shell.poke()
    await until(lambda: evse.transaction is not None)
    evse.need(ChargingNeeds(requested="DC"), utc_s(clock))
    evse.start_transfer(utc_s(clock))
    shell.poke()


async def test_our_station_charges_against_the_library_as_csms():
    clock, peers = Clock(), []

    async def handle(connection):
        peer = LibraryCsms("CS-1", connection)
        peer.seen = []
        peers.append(peer)
        await peer.start()

    async with ws_serve(handle, "127.0.0.1", 0, subprotocols=["ocpp2.0.1"]) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        core = ChargingStation(StationSettings("CS-1"), TableTop(clock))
        shell = our_station(clock, url, core, Version.V201)
        running = asyncio.ensure_future(shell.run())
        await until(lambda: core.online)
        await charge(core, shell, clock)
        await until(lambda: "TransactionEvent Updated" in peers[0].seen)
        profile = {"id": 1, "stack_level": 0, "charging_profile_purpose": "TxDefaultProfile",
                   "charging_profile_kind": "Relative",
                   "charging_schedule": [{"id": 1, "charging_rate_unit": "W",
                                          "charging_schedule_period": [{"start_period": 0, "limit": 3000.0}]}]}  # fmt: skip
        answer = await peers[0].call(call_201.SetChargingProfile(evse_id=1, charging_profile=profile))
        assert answer.status == "Accepted"
        assert core.evse.power_target_w(utc_s(clock)) == 3_000
        core.evse.unplug(utc_s(clock))
        shell.poke()
        await until(lambda: "TransactionEvent Ended" in peers[0].seen)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class LibraryStation(ChargePoint201):
    @on("ClearCache")
    def clear(self, **_):
        return result_201.ClearCache(status="Accepted")


async def test_the_library_as_station_is_served_by_our_csms():
    clock = Clock()
    csms = Csms(clock)
    url = await csms.listen()
    async with ws_connect(f"{url}/CS-9", subprotocols=["ocpp2.0.1"], proxy=None) as connection:
        station = LibraryStation("CS-9", connection)
        running = asyncio.ensure_future(station.start())
        kind = ChargingStationType(model="x", vendor_name="y")
        booted = await station.call(call_201.BootNotification(charging_station=kind, reason="PowerUp"))
        assert booted.status == "Accepted"
        handle = await csms.station("CS-9", within_s=5)
        assert handle.version is Version.V201
        assert (await handle.call("ClearCache", {}))["status"] == "Accepted"
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    await csms.close()


OCPP_CSMS = os.environ.get("OCPP_CSMS") or shutil.which("ocpp-csms")


@pytest.mark.skipif(OCPP_CSMS is None, reason="PyPI's ocpp-csms is not here")
async def test_our_1_6_station_charges_against_ocpp_csms():
    clock, port = Clock(), free_port()
    process = await asyncio.create_subprocess_exec(
        OCPP_CSMS, "--host", "127.0.0.1", "--port", str(port), stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    heard = bytearray()

    async def listen():
        while octets := await process.stdout.read(4096):
            heard.extend(octets)

    listening = asyncio.ensure_future(listen())
    try:
        core = ChargePoint16(TableTop(clock))
        shell = our_station(clock, f"ws://127.0.0.1:{port}", core, Version.V16, "CP-0016")
        running = asyncio.ensure_future(shell.run())
        await until(lambda: core.accepted, within_s=30)
        core.plug(utc_s(clock))
        core.authorise("TAG", utc_s(clock))
        shell.poke()
        await until(lambda: core.charge is not None and core.charge.transaction_id is not None)
        core.unplug(utc_s(clock))
        shell.poke()
        await until(lambda: b"TransactionStopped" in heard or b"stopped" in heard)
        assert b"CP-0016" in heard
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    finally:
        process.kill()
        await process.wait()
        listening.cancel()


@pytest.mark.skipif(not node_has_ocpp_rpc(), reason="node or its package ocpp-rpc is not here")
@pytest.mark.parametrize("version", list(Version))
async def test_our_stations_run_against_the_npm_csms(version):
    clock = Clock()
    process = await asyncio.create_subprocess_exec("node", str(SCRIPT), stdout=asyncio.subprocess.PIPE)
    lines = []
    try:
        port = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))["port"]

        async def listen():
            while line := await process.stdout.readline():
                lines.append(json.loads(line))

        listening = asyncio.ensure_future(listen())
        plant = TableTop(clock)
        core = ChargePoint16(plant) if version is Version.V16 else ChargingStation(StationSettings("CS-1"), plant)
        shell = our_station(clock, f"ws://127.0.0.1:{port}", core, version)
        running = asyncio.ensure_future(shell.run())
        await until(lambda: core.accepted)
        wanted = "GetConfiguration" if version is Version.V16 else "SetChargingProfile"
        await until(lambda: any(line.get("called") == wanted for line in lines))
        if version is Version.V16:
            core.authorise("TAG", utc_s(clock))
            shell.poke()
            await until(lambda: core.charge is not None and core.charge.transaction_id == 7)
        else:
            await charge(core, shell, clock)
            await until(lambda: core.evse.power_target_w(utc_s(clock)) == 3_000)
            assert next(line for line in lines if line.get("called"))["answer"]["status"] == "Accepted"
        assert not [line for line in lines if "invalid" in line or "failed" in line]
        running.cancel()
        listening.cancel()
        await asyncio.gather(running, listening, return_exceptions=True)
    finally:
        process.kill()
        await process.wait()


OCPP_CLI = os.environ.get("OCPP_CLI", "")
FOUND = {
    "PF_16_01_CS": ("fail", "no StopTransaction"),
    "PF_16_02_CS": ("pass", ""),
    "PF_16_03_CS": ("fail", "status without a transaction is 'Accepted'"),
    "PF_16_04_CS": ("fail", "reason is 'Local'"),
    "PF_16_05_CS": ("fail", "interval of -1 is 'Accepted'"),
    "PF_16_06_CS": ("pass", ""),
    "PF_16_08_CS": ("fail", "MeterValueSampleInterval among the configuration keys is False"),
    "PF_16_09_CS": ("fail", "status with a TxDefaultProfile is 'Accepted'"),
    "PF_16_10_CS": ("fail", "a malformed Reset is answered with a result"),
}
"""What docs/findings/ocpp-ws-cli-1.1.12.md says of npm's ocpp-ws-cli 1.1.12."""


@pytest.mark.skipif(not OCPP_CLI, reason="npm's ocpp-ws-cli is not installed; .ci/independent does that")
def test_a_station_that_is_not_ours_is_put_under_test_by_config_only(tmp_path):
    lab = ROOT / "lab-configs" / "independent-station.yaml"
    harness = subprocess.Popen([PLUGFEST, "run", "--lab", lab, "--out", tmp_path], cwd=ROOT)
    try:
        assert port_opens(9322, 60)
        identity = ["-e", "ws://127.0.0.1:9322/ocpp", "-i", "CS-WS", "-p", "ocpp1.6", "-t", "04A1B2C3"]
        station = subprocess.Popen(
            ["node", OCPP_CLI, "simulate", *identity, "--report", "json", "--report-dir", tmp_path],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            assert harness.wait(300) == 1
        finally:
            station.kill()
    finally:
        harness.kill()
    cells = reported(tmp_path)
    assert {one["verdict"] for case, one in cells.items() if case not in FOUND} == {"not_applicable"}
    for case, (verdict, reason) in FOUND.items():
        assert cells[case]["verdict"] == verdict, cells[case]
        assert reason in cells[case]["reason"], cells[case]
        assert cells[case]["side"] == ("" if verdict == "pass" else "station"), cells[case]


@pytest.mark.skipif(not node_has_ocpp_rpc(), reason="node with npm's ocpp-rpc is not here; .ci/independent installs it")
def test_a_csms_that_is_not_ours_is_put_under_test_by_config_only(tmp_path):
    csms = subprocess.Popen(["node", SCRIPT, "9321"], stdout=subprocess.DEVNULL)
    try:
        assert port_opens(9321, 20)
        lab = ROOT / "lab-configs" / "independent-csms.yaml"
        done = subprocess.run([PLUGFEST, "run", "--lab", lab, "--out", tmp_path], cwd=ROOT, check=False, timeout=300)
    finally:
        csms.kill()
    assert done.returncode == 1
    cells = reported(tmp_path)
    assert sum(one["verdict"] == "pass" for one in cells.values()) >= 19
    missed = {case: one["side"] for case, one in cells.items() if one["verdict"] not in ("pass", "not_applicable")}
    assert missed == {"PF_P4_03_CSMS": "csms", "PF_P4_04_CSMS": "csms"}, "as docs/findings/ocpp-rpc-2.2.1.md says"


THEIR_OWN = {
    "Server rejects oversized frames (>128KB)": set(Version),
    "Server enforces MessageId is a string": {Version.V201, Version.V21},
    "Server rejects missing payload in CALL": {Version.V16},
    "Server rejects non-object payload in CALL": {Version.V16},
}
"""What its checks want and OCPP does not: a limit of 128 KiB; an answer other than RpcFrameworkError to `-1` (2.x part 4); 2.x's
spelling of FormationViolation (1.6-J section 4.2.3) in 1.6."""


@pytest.mark.skipif(not OCPP_CLI, reason="npm's ocpp-ws-cli is not installed; .ci/independent does that")
@pytest.mark.parametrize("version", Version)
async def test_our_csms_stands_the_checks_of_another_project(tmp_path, version):
    csms = Csms(Clock(), Unobserved())
    url = await csms.listen()
    try:
        asked = ["-e", url, "-i", "CS-T", "-p", version.subprotocol, "--suite", "all"]
        done = await asyncio.create_subprocess_exec(
            "node", OCPP_CLI, "test", *asked, "--report", "json", "--report-dir", str(tmp_path),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        async with asyncio.timeout(120):
            await done.wait()
    finally:
        await csms.close()
    (report,) = tmp_path.glob("*.json")
    results = json.loads(report.read_text())["testResults"]
    assert len(results) == 21
    failed = {one["name"] for one in results if not one["passed"]}
    assert failed == {name for name, versions in THEIR_OWN.items() if version in versions}
