"""OCPP-J over real websockets: subprotocols, and security profiles 0 to 3 of OCPP 2.1 part 2 block A.

| profile | transport | station proves itself by | CSMS proves itself by |
|---------|-----------|--------------------------|-----------------------|
| 0       | ws        | nothing                  | nothing               |
| 1       | ws        | HTTP Basic password      | nothing               |
| 2       | wss       | HTTP Basic password      | server certificate    |
| 3       | wss       | client certificate       | server certificate    |
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, unquote

from websockets.asyncio.client import connect as ws_connect
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import Server, ServerConnection
from websockets.asyncio.server import basic_auth as ws_basic_auth
from websockets.asyncio.server import serve as ws_serve
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, NegotiationError
from websockets.headers import build_authorization_basic
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from harness.link import LinkClosed, TextChannel
from harness.ocpp.version import Version

PING_INTERVAL_S = 20.0
"""Websocket ping interval; a lost link is noticed within two of them. Our default."""
LARGEST_FRAME = 1 << 20
"""Octets of one message that are accepted. Our default: far above any schema's limits."""


class ConnectionRefused(ConnectionError):
    """The far end did not let us in; the text says why, `status` is the HTTP status if there was one."""

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Security:
    """One side's half of a security profile; see the table above. Files are PEM."""

    profile: int = 0
    password: str = ""
    """Station: the password it gives. CSMS: the password it wants from every station."""
    own_certificate: Path | None = None
    own_key: Path | None = None
    trusted: Path | None = None
    """The root that the far end's certificate must lead to."""

    def __post_init__(self) -> None:
        if self.profile not in (0, 1, 2, 3):
            raise ValueError(f"security profile {self.profile}: OCPP has 0 to 3")
        if self.profile in (1, 2) and not self.password:
            raise ValueError(f"security profile {self.profile} needs a password")

    @property
    def encrypted(self) -> bool:
        return self.profile >= 2

    def client_context(self) -> ssl.SSLContext | None:
        """TLS of a charging station."""
        if not self.encrypted:
            return None
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=self.trusted)
        self._load_own(context, needed=self.profile == 3)
        return context

    def server_context(self) -> ssl.SSLContext | None:
        """TLS of a CSMS."""
        if not self.encrypted:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.trusted)
        context.verify_mode = ssl.CERT_REQUIRED if self.profile == 3 else ssl.CERT_NONE
        self._load_own(context, needed=True)
        return context

    def _load_own(self, context: ssl.SSLContext, *, needed: bool) -> None:
        if self.own_certificate:
            context.load_cert_chain(self.own_certificate, self.own_key)
        elif needed:
            raise ValueError(f"security profile {self.profile} needs an own certificate and key on this side")


class WebSocketChannel(TextChannel):
    """A TextChannel over one websocket."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def receive(self) -> str:
        try:
            message = await self.connection.recv()
        except ConnectionClosed as end:
            raise LinkClosed(str(end)) from end
        # A binary message is nothing that OCPP-J knows: hand it on as text so that the session can say so.
        return message if isinstance(message, str) else message.decode("utf-8", "replace")

    async def send(self, text: str) -> None:
        try:
            await self.connection.send(text)
        except ConnectionClosed as end:
            raise LinkClosed(str(end)) from end

    async def close(self) -> None:
        await self.connection.close()

    def abort(self) -> None:
        """Cut the TCP connection without a closing handshake, as a lost network does."""
        self.connection.transport.abort()


async def connect(
    url: str, identity: str, versions: Sequence[Version], security: Security | None = None
) -> tuple[WebSocketChannel, Version]:
    """Connect a station: `url` is the CSMS's address without the identity. Raises ConnectionRefused."""
    security = security or Security()
    headers = {}
    if security.profile in (1, 2):
        headers["Authorization"] = build_authorization_basic(identity, security.password)
    try:
        connection = await ws_connect(
            f"{url.rstrip('/')}/{quote(identity, safe='')}",
            subprotocols=[Subprotocol(version.subprotocol) for version in versions],
            additional_headers=headers,
            ssl=security.client_context(),
            compression=None,
            ping_interval=PING_INTERVAL_S,
            max_size=LARGEST_FRAME,
            proxy=None,
        )
    except InvalidStatus as refusal:
        status = refusal.response.status_code
        raise ConnectionRefused(f"the CSMS answered HTTP {status}", status) from refusal
    except (InvalidHandshake, ssl.SSLError, OSError, TimeoutError) as problem:
        raise ConnectionRefused(f"no websocket: {problem}") from problem
    if connection.subprotocol is None:
        await connection.close()
        raise ConnectionRefused("the CSMS chose no subprotocol")
    return WebSocketChannel(connection), Version.of_subprotocol(connection.subprotocol)


OnStation = Callable[[str, WebSocketChannel, Version], Awaitable[None]]


async def serve(
    on_station: OnStation,
    host: str,
    port: int,
    versions: Sequence[Version],
    security: Security | None = None,
    on_refused: Callable[[str, str], None] | None = None,
    admits: Callable[[str], bool] = lambda _: True,
) -> Server:
    """Let stations in, those that `admits` wants; others get HTTP 503.

    `on_station(identity, channel, version)` lives as long as the connection. Port 0 takes a free one. The version is
    the first of `versions` that the station speaks too.
    """
    security = security or Security()

    async def handle(connection: ServerConnection) -> None:
        assert connection.request is not None
        assert connection.subprotocol is not None
        await on_station(
            _identity(connection.request.path),
            WebSocketChannel(connection),
            Version.of_subprotocol(connection.subprotocol),
        )

    def select(connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        for version in versions:
            if version.subprotocol in offered:
                return Subprotocol(version.subprotocol)
        if on_refused and connection.request:
            on_refused(_identity(connection.request.path), f"no common subprotocol in {list(offered)}")
        raise NegotiationError(f"none of {[str(version) for version in versions]} is offered")

    async def check(user: str, password: str) -> bool:
        if password == security.password:
            return True
        if on_refused:
            on_refused(user, "wrong password")
        return False

    guard = ws_basic_auth(realm="OCPP", check_credentials=check) if security.profile in (1, 2) else None

    async def at_the_door(connection: ServerConnection, request: Request) -> Response | None:
        if not admits(_identity(request.path)):
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "not now\n")
        return await guard(connection, request) if guard else None

    return await ws_serve(
        handle,
        host,
        port,
        select_subprotocol=select,
        process_request=at_the_door,
        ssl=security.server_context(),
        compression=None,
        ping_interval=PING_INTERVAL_S,
        max_size=LARGEST_FRAME,
    )


def _identity(path: str) -> str:
    """The station's identity: the last part of the URL's path."""
    return unquote(path.rstrip("/").rsplit("/", 1)[-1])
