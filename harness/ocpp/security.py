"""Security profiles 0 to 3 of OCPP (part 2 block A): what each side has, and what a CSMS asks of whoever knocks.

| profile | transport | station proves itself by | CSMS proves itself by |
|---------|-----------|--------------------------|-----------------------|
| 0       | ws        | nothing                  | nothing               |
| 1       | ws        | HTTP Basic password      | nothing               |
| 2       | wss       | HTTP Basic password      | server certificate    |
| 3       | wss       | client certificate       | server certificate    |
"""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from harness.ocpp.version import Version

Pem = Path | str
"""A PEM file, or PEM text."""
OURS = "127.0.0.1"
"""The name by which a station in memory looks for its CSMS."""


class ConnectionRefused(ConnectionError):
    """The far end did not let us in; the text says why, `status` is the HTTP status if there was one."""

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class StrangeSubprotocol(ConnectionRefused):
    """It was we who did not come in: the CSMS chose a subprotocol that is no version of OCPP."""


class Fault(StrEnum):
    """Deliberate faults of one side."""

    TRUSTS_EVERYBODY = "takes any certificate of the far end, or none"
    IGNORES_EXPIRY = "does not look at a certificate's dates"
    ASKS_LOOSELY = "CSMS: takes a station without a certificate too"
    ASSUMES_VERSION = "station: takes no subprotocol for its own first version"


NO_CHECK_TIME = ssl.VerifyFlags(0x200000)
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which the ssl module has no name for."""


@dataclass(frozen=True, slots=True)
class Security:
    """One side's half of a security profile; see the table above."""

    profile: int = 0
    password: str = ""
    """Station: the password it gives. CSMS: the password it wants from every station."""
    own_certificate: Pem | None = None
    own_key: Pem | None = None
    trusted: Pem | None = None
    """The root that the far end's certificate must lead to."""
    faults: frozenset[Fault] = frozenset()

    def __post_init__(self) -> None:
        if self.profile not in (0, 1, 2, 3):
            raise ValueError(f"security profile {self.profile}: OCPP has 0 to 3")
        if self.by_password and not self.password:
            raise ValueError(f"security profile {self.profile} needs a password")

    @property
    def encrypted(self) -> bool:
        return self.profile >= 2

    @property
    def by_password(self) -> bool:
        return self.profile in (1, 2)

    def client_context(self) -> ssl.SSLContext | None:
        """TLS of a charging station."""
        if not self.encrypted:
            return None
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, **_trust(self.trusted))
        if Fault.TRUSTS_EVERYBODY in self.faults:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        self._overlook_dates(context)
        self._load_own(context, needed=self.profile == 3)
        return context

    def server_context(self) -> ssl.SSLContext | None:
        """TLS of a CSMS."""
        if not self.encrypted:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, **_trust(self.trusted))
        wanted = self.profile == 3 and Fault.TRUSTS_EVERYBODY not in self.faults
        asked = ssl.CERT_OPTIONAL if Fault.ASKS_LOOSELY in self.faults else ssl.CERT_REQUIRED
        context.verify_mode = asked if wanted else ssl.CERT_NONE
        self._overlook_dates(context)
        self._load_own(context, needed=True)
        return context

    def _overlook_dates(self, context: ssl.SSLContext) -> None:
        if Fault.IGNORES_EXPIRY in self.faults:
            context.verify_flags |= NO_CHECK_TIME

    def _load_own(self, context: ssl.SSLContext, *, needed: bool) -> None:
        if self.own_certificate:
            with tempfile.TemporaryDirectory() as folder:  # the ssl module takes own certificates from files only
                context.load_cert_chain(
                    _file(self.own_certificate, Path(folder) / "chain.pem"),
                    self.own_key and _file(self.own_key, Path(folder) / "key.pem"),
                )
        elif needed:
            raise ValueError(f"security profile {self.profile} needs an own certificate and key on this side")


@dataclass(slots=True)
class Door:
    """One way into a CSMS, and what it asks of whoever knocks. A test may change it while it is open."""

    versions: tuple[Version, ...] = (Version.V21, Version.V201, Version.V16)
    security: Security = Security()
    url: str = ""
    names_no_version: bool = False
    """Open the websocket and choose no subprotocol: a deliberate fault, after which a station has to leave."""
    echoes: bool = False
    """Choose whatever is offered first: a deliberate fault."""
    certificates: list[bytes] = field(default_factory=list)
    """Client certificates (DER) by which stations have proved themselves, in order."""
    turned_away: list[tuple[str, str]] = field(default_factory=list)
    """(identity, why) of stations that were refused after TLS."""

    def knows(self, identity: str, user: str, password: str) -> bool:
        """HTTP Basic: the user is the station's identity (profiles 1 and 2)."""
        if not self.security.by_password or (user == identity and password == self.security.password):
            return True
        self.turned_away.append((identity, "wrong user or password"))
        return False

    def note_certificate(self, tls: ssl.SSLObject | None) -> None:
        """Keep what the far end of a TLS connection has proved itself by, if it had to."""
        if self.security.profile == 3 and tls and (shown := tls.getpeercert(binary_form=True)):
            self.certificates.append(shown)

    def choose(self, identity: str, offered: Sequence[str]) -> Version | None:
        """The first of our versions that the station offers too; None where there is none."""
        for version in self.versions:
            if version.subprotocol in offered:
                return version
        self.turned_away.append((identity, f"no common subprotocol in {list(offered)}"))
        return None


def shake_hands(station: Security, door: Door) -> None:
    """The TLS handshake of the two sides in memory, octet for octet; raises ConnectionRefused as a wire would."""
    client, server = station.client_context(), door.security.server_context()
    if client is None and server is None:
        return
    if client is None or server is None:
        raise ConnectionRefused("one side speaks TLS and the other does not")
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    pending = sides = [
        client.wrap_bio(to_client, to_server, server_side=False, server_hostname=OURS),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    try:
        while pending:
            pending = [side for side in pending if not _done(side)]
    except ssl.SSLError as problem:
        raise ConnectionRefused(f"no TLS: {problem}") from problem
    door.note_certificate(sides[1])


def _done(side: ssl.SSLObject) -> bool:
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def _trust(root: Pem | None) -> dict[str, str]:
    if root is None:
        return {}
    return {"cafile": str(root)} if isinstance(root, Path) else {"cadata": root}


def _file(pem: Pem, place: Path) -> Path:
    if isinstance(pem, Path):
        return pem
    place.touch(mode=0o600)
    place.write_text(pem)
    return place
