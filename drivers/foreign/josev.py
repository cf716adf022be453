"""The PyPI package `iso15118` (EcoG's Josev, SECC and EVCC) as a peer: its environment, certificates, and processes.

It needs root (each process lives in a network namespace of its own), Java (for its EXI codec), and the environment that
`make josev` prepares. `missing()` says what is not there.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from drivers.errors import BenchError, ConfigError
from drivers.foreign.place import Place
from harness.iso15118.credential import Credential
from harness.iso15118.pki import Pki, key_to_pem, to_pem
from harness.private_network import lay_cable

VERSION = "0.31.2"
HOME = Path(__file__).parents[2] / ".venv-josev"
"""Where `make josev` puts the package's environment."""
HOME_VARIABLE = "PLUGFEST_JOSEV"
"""Names another place."""
GUEST = Path(__file__).with_name("josev_guest.py")
JAVA_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""A codec that is called a few hundred times is faster without the optimising compiler."""
START_S = 40.0
"""How long Java, codec and package may take to come up on a busy machine (our default)."""
STOP_S = 3.0


def python_of_the_package() -> Path:
    return Path(os.environ.get(HOME_VARIABLE, HOME)) / "bin" / "python"


def missing() -> str:
    """Why the package cannot be run here; empty if it can."""
    if os.geteuid() != 0:
        return "needs root, for a network namespace of its own"
    if shutil.which("java") is None:
        return "needs Java on the path, for its EXI codec"
    python = python_of_the_package()
    if not python.exists():
        return f"the package iso15118 {VERSION} is not installed: run `make josev`"
    places = [str(one) for one in python.parents[1].glob("lib/python*/site-packages")]
    found = {one.metadata["Name"]: one.version for one in importlib.metadata.distributions(path=places)}
    if found.get("iso15118") != VERSION:
        return (
            f"{python.parents[1]} holds iso15118 {found.get('iso15118', 'not at all')}, not {VERSION}: run `make josev`"
        )
    return ""


class Program:
    """One SECC or EVCC of the package, from its start to its end."""

    def __init__(self, role: str, place: Place, settings: Mapping[str, str]) -> None:
        self._role = role
        self._place = place
        self.settings = dict(settings)
        self._folder = tempfile.TemporaryDirectory(prefix="plugfest-josev-")
        self.folder = Path(self._folder.name)
        """For its certificates and settings; it goes with the program."""
        self._process: asyncio.subprocess.Process | None = None
        self._readers: list[asyncio.Task[None]] = []
        self._log = bytearray()
        self._ready = asyncio.Event()
        self.heard: Callable[[str], None] = lambda _: None
        """Called with each thing that the program says about itself."""

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def log(self) -> str:
        """The end of what the package logged."""
        return self._log.decode(errors="replace")

    def take_log(self) -> str:
        """What it logged since the last look."""
        text = self.log
        self._log.clear()
        return text

    async def start(self) -> None:
        """Start it at the end of a new cable and wait until it is up; raises ConfigError, BenchError."""
        if reason := missing():
            raise ConfigError(f"iso15118 {VERSION}: {reason}")
        environment = {
            **os.environ,
            "JAVA_TOOL_OPTIONS": JAVA_OPTIONS,
            "NETWORK_INTERFACE": self._place.far,
            "MESSAGE_LOG_JSON": "False",
            "PKI_PATH": f"{self.folder}/",
            "ENABLE_TLS_1_3": str(self._place.pki is not None),
            **self.settings,
        }
        if self._place.pki:
            write_certificates(self._place.pki, self.folder)
        command = [str(python_of_the_package()), str(GUEST), self._role]
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "drivers.foreign.caged", self._place.far, *command),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
        assert self._process.stdout
        assert self._process.stderr
        self._readers = [
            asyncio.create_task(self._listen(self._process.stdout)),
            asyncio.create_task(self._collect(self._process.stderr)),
        ]
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait((ready, self._readers[0]), timeout=START_S, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            await self.stop()
            last = self.log.strip().splitlines()
            raise BenchError(f"iso15118 {self._role} did not come up: {last[-1] if last else 'no word'}")

    def tell(self, line: str) -> None:
        """A line on its standard input."""
        if self.running and self._process and self._process.stdin:
            self._process.stdin.write(f"{line}\n".encode())

    async def stop(self) -> None:
        """End it and its Java, and forget its keys; idempotent."""
        self._folder.cleanup()
        if self._process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), STOP_S)
                break
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        self._process = None

    async def _listen(self, stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            try:
                told = json.loads(line)
            except json.JSONDecodeError:
                self._log += line
                continue
            if told.get("ready") == "caged":
                await asyncio.to_thread(lay_cable, self._place.near, self._place.far, int(told["pid"]))
            elif told.get("said") == "ready":
                self._ready.set()
            elif late := told.get("late"):
                self._place.on_late(f"iso15118 {self._role}", float(late["due_s"]), float(late["late_s"]))
            else:
                self.heard(str(told.get("said", "")))

    async def _collect(self, stream: asyncio.StreamReader) -> None:
        while octets := await stream.read(4096):
            self._log += octets
            del self._log[:-65536]


CERTIFICATES = {
    "contractLeafCert": "contract",
    "moSubCA2Cert": "mo_sub2",
    "moSubCA1Cert": "mo_sub1",
    "moRootCACert": "mo_root",
    "seccLeafCert": "secc",
    "cpoSubCA2Cert": "cpo_sub2",
    "cpoSubCA1Cert": "cpo_sub1",
    "v2gRootCACert": "v2g_root",
    "cpsLeafCert": "provisioning_service",
    "cpsSubCA2Cert": "cps_sub2",
    "cpsSubCA1Cert": "cps_sub1",
    "oemLeafCert": "vehicle",
    "oemSubCA2Cert": "oem_sub2",
    "oemSubCA1Cert": "oem_sub1",
    "oemRootCACert": "oem_root",
}
"""The package's name of each certificate, and ours. Its vehicle shows the OEM leaf in TLS."""
CHAINS = {"cpoCertChain": "secc", "oemCertChain": "vehicle"}
KEYS = {"seccLeaf": "secc", "oemLeaf": "vehicle", "contractLeaf": "contract", "cpsLeaf": "provisioning_service"}
PASSWORDS = ("seccLeaf", "oemLeaf", "contractLeaf", "cpsLeaf", "moSubCA2Leaf")


def write_certificates(pki: Pki, folder: Path) -> None:
    """One folder for every protocol, as the package reads it; keys in the clear, readable by their owner.

    What the hierarchy does not have is left out: the package complains when it needs it.
    """
    certificates, keys = folder / "iso15118_2" / "certs", folder / "iso15118_2" / "private_keys"
    certificates.mkdir(parents=True, exist_ok=True)
    keys.mkdir(mode=0o700, exist_ok=True)
    owned: dict[str, Credential] = {**pki.authorities, **pki.leaves}
    known = {**pki.others, **{name: one.leaf for name, one in owned.items()}}
    for name, own in CERTIFICATES.items():
        if own in known:
            (certificates / f"{name}.der").write_bytes(known[own].public_bytes(serialization.Encoding.DER))
            (certificates / f"{name}.pem").write_bytes(to_pem((known[own],)))
    for name, own in CHAINS.items():
        if own in owned:
            (certificates / f"{name}.pem").write_bytes(to_pem((owned[own].leaf, *owned[own].subs)))
    for name, own in KEYS.items():
        if own in owned:
            key = keys / f"{name}.key"
            key.touch(mode=0o600)
            key.write_bytes(key_to_pem(owned[own].key))
    for name in PASSWORDS:
        (keys / f"{name}Password.txt").write_text("")
