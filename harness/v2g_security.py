"""TLS on a bench's V2G links: the lab's certificates, our side of each handshake, and its record in the transcript.

The key log is evidence (`keys.log` in the attempt's folder, beside the capture that it opens); private keys never are:
certificates made for a run lie in a folder of their own, which goes with the bench.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drivers.errors import BenchError, ConfigError
from harness.clock import Clock
from harness.iso15118 import pki
from harness.iso15118.credential import Credential
from harness.iso15118.environment import FOREIGN, NOWHERE, Environment
from harness.iso15118.errors import LinkLost
from harness.iso15118.net import HANDSHAKE_S
from harness.iso15118.secure import SecureStream, reason_of, secure
from harness.iso15118.tls import Tls, TlsProfile
from harness.lab import Lab
from harness.link import ByteStream, LinkClosed
from harness.private_folder import PrivateFolder
from harness.transcript.capture.keylog import KeyLog
from harness.transcript.capture.tcp import Chunk
from harness.transcript.capture.tls import open_tls

KEYLOG = "keys.log"
_OF_THE_CLIENT = ("client_", "trusted_ca_keys", "status_request", "max_fragment_length")

Record = Callable[[str, str, bytes], None]
"""Keeps octets of a TLS connection: source, target, octets."""


class V2gSecurity:
    """What the lab file's `security` says, made ready at first need."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._made: PrivateFolder | None = None
        self._environment: Environment | None = None

    @property
    def on(self) -> bool:
        return self._lab.security.environment != "none"

    @property
    def environment(self) -> Environment:
        """Certificates and profile; raises ConfigError where the lab's own folder is wrong."""
        if self._environment is None:
            asked = self._lab.security
            made = Environment(self._folder(), TlsProfile(asked.tls_profile), asked.environment == "production")
            try:
                made.charger(), made.vehicle()
            except ValueError as problem:
                raise ConfigError(f"{self._lab.path}: security.pki: {problem}") from None
            self._environment = made
        return self._environment

    def options(self) -> dict[str, Any]:
        """For an emulated device."""
        return {"security": self.environment.options()} if self.on else {}

    def own(self, we: str, keylog: Path, **changes: Any) -> Tls:
        """Our side's TLS; raises BenchError where what is wanted can't be issued."""
        make = self.environment.vehicle if we == "vehicle" else self.environment.charger
        try:
            return make(keylog, **changes)
        except ValueError as problem:
            raise BenchError(f"{self._lab.path}: security.pki: {problem}") from None

    def hierarchy(self, faults: pki.Faults | None = None) -> pki.Pki:
        """The lab's certificates, with some issued wrong; raises BenchError where they can't be."""
        try:
            found = self.environment.hierarchy
            return found.reissued(faults, datetime.now(UTC)) if faults else found
        except ValueError as problem:
            raise BenchError(f"{self._lab.path}: security.pki: {problem}") from None

    def another_vehicle(self, evcc_id: str) -> Credential:
        """A certificate for another vehicle of the same maker; raises BenchError where it can't be issued."""
        try:
            return self.environment.hierarchy.another("vehicle", evcc_id, datetime.now(UTC))
        except ValueError as problem:
            raise BenchError(f"{self._lab.path}: security.pki: {problem}") from None

    def ocsp(self, at: datetime) -> bytes:
        """An OCSP response for our charger's certificate; raises BenchError where it can't be signed."""
        try:
            return self.environment.hierarchy.ocsp("secc", at)
        except ValueError as problem:
            raise BenchError(f"{self._lab.path}: security.pki: {problem}") from None

    def close(self) -> None:
        """Forget the keys that were made for this run."""
        if self._made:
            self._made.close()
        self._made = self._environment = None

    def _folder(self) -> Path:
        asked = self._lab.security
        if asked.pki:
            return self._lab.path.parent / asked.pki
        kind = pki.KeyKind.SECP521R1 if asked.tls_profile == TlsProfile.STRICT else pki.KeyKind.P256
        self._made = PrivateFolder("plugfest-pki-")
        pki.create(kind, now=datetime.now(UTC)).write(self._made.path)
        pki.create(kind, now=datetime.now(UTC), organisation="Somebody else").write(self._made.path / FOREIGN)
        return self._made.path


class Handshake:
    """Our side of one TLS connection."""

    def __init__(self, clock: Clock, keylog: Path, keep: Record, *, we: str) -> None:
        self._clock = clock
        self._keylog = keylog
        self._keep = keep
        self._we = we
        self._they = "charger" if we == "vehicle" else "vehicle"
        self._said: dict[str, list[Chunk]] = {"vehicle": [], "charger": []}
        self._open = True

    async def run(self, stream: ByteStream, tls: Tls) -> SecureStream:
        """Raises LinkLost, whoever refused: the text says what and why."""
        context = tls.client() if self._we == "vehicle" else tls.server()
        try:
            inside = await self._clock.wait(
                secure(stream, context, server_side=self._we == "charger", tap=self._heard), HANDSHAKE_S
            )
        except ssl.SSLError as problem:
            raise LinkLost(f"TLS: {reason_of(problem)}") from problem
        except LinkClosed as gone:
            raise LinkLost(f"the {self._they} closed the connection during the TLS handshake") from gone
        except TimeoutError:
            await stream.close()
            raise LinkLost(f"no end of the TLS handshake within {HANDSHAKE_S:g} s") from None
        finally:
            self._open = False
        return inside

    def details(self) -> dict[str, Any]:
        """What the handshake told, in the words of a capture's reader."""
        text = self._keylog.read_text("ascii", "replace") if self._keylog.is_file() else ""
        return dict(open_tls(self._said["vehicle"], self._said["charger"], KeyLog.parse(text)).handshake.details)

    def _heard(self, sent: bool, octets: bytes) -> None:
        source, target = (self._we, self._they) if sent else (self._they, self._we)
        self._keep(source, target, octets)
        if self._open:
            number = sum(map(len, self._said.values())) + 1
            self._said[source].append(Chunk(number, number, octets))


def both(of_vehicle: Mapping[str, Any], of_charger: Mapping[str, Any]) -> dict[str, Any]:
    """A relayed session's TLS: from each of our two connections what the device at its end has done."""
    asked = {key: value for key, value in of_vehicle.items() if key.startswith(_OF_THE_CLIENT)}
    answered = {key: value for key, value in of_charger.items() if not key.startswith(_OF_THE_CLIENT)}
    return asked | answered


def keylog_beside(transcript: Path | None) -> Path:
    """Where an attempt's TLS secrets go."""
    return transcript.parent / KEYLOG if transcript else NOWHERE
