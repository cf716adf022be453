"""OCPP-J over real websockets: subprotocols, and the security profiles of security.py."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Literal
from urllib.parse import quote, unquote

from websockets.asyncio.client import connect as ws_connect
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import Server, ServerConnection
from websockets.asyncio.server import serve as ws_serve
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidHeader, InvalidStatus, NegotiationError
from websockets.frames import Frame, Opcode
from websockets.headers import build_authorization_basic, parse_authorization_basic
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from harness.link import Control, LinkClosed, TextChannel, echo
from harness.ocpp.security import ConnectionRefused, Door, Fault, Security, StrangeSubprotocol
from harness.ocpp.version import Version, subprotocol_of

PING_INTERVAL_S = 20.0
"""Between two pings of a listening side of ours, which gives a silent station up after another one (our default). A station
that connects pings by itself (pulse.py)."""
LARGEST_FRAME = 1 << 20
"""Octets of one message that are accepted. Our default: far above any schema's limits."""


_CONTROLS: dict[Opcode, Literal["ping", "pong"]] = {Opcode.PING: "ping", Opcode.PONG: "pong"}


class WebSocketChannel(TextChannel):
    """A TextChannel over one websocket."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.pong: Callable[[bytes], bytes | None] = echo
        self.on_control: Callable[[Control, bool], None] = lambda *_: None
        protocol = connection.protocol
        self._send_frame, self._take_frame = protocol.send_frame, protocol.recv_frame
        # The library answers pings by itself and tells nobody: its sans-I/O half is listened to at its two frame doors.
        protocol.send_frame = self._sends  # type: ignore[method-assign]
        protocol.recv_frame = self._receives  # type: ignore[method-assign]

    def _receives(self, frame: Frame) -> None:
        if frame.opcode in _CONTROLS:
            self.on_control(Control(_CONTROLS[frame.opcode], bytes(frame.data)), True)
        self._take_frame(frame)

    def _sends(self, frame: Frame) -> None:
        if frame.opcode is Opcode.PONG:
            payload = self.pong(bytes(frame.data))
            if payload is None:
                return
            frame.data = payload
        self._send_frame(frame)
        if frame.opcode in _CONTROLS:
            self.on_control(Control(_CONTROLS[frame.opcode], bytes(frame.data)), False)

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

    async def ping(self, payload: bytes) -> None:
        try:
            await self.connection.ping(payload)
        except ConnectionClosed as end:
            raise LinkClosed(str(end)) from end

    async def close(self) -> None:
        await self.connection.close()

    async def abort(self) -> None:
        self.connection.transport.abort()


async def connect(
    url: str, identity: str, versions: Sequence[Version | str], security: Security | None = None
) -> tuple[WebSocketChannel, Version]:
    """Connect a station: `url` is the CSMS's address without the identity. Raises ConnectionRefused.

    A text among the versions is offered as a subprotocol as it stands.
    """
    security = security or Security()
    headers = {}
    if security.by_password:
        headers["Authorization"] = build_authorization_basic(identity, security.password)
    try:
        connection = await ws_connect(
            f"{url.rstrip('/')}/{quote(identity, safe='')}",
            subprotocols=[Subprotocol(subprotocol_of(version)) for version in versions],
            additional_headers=headers,
            ssl=security.client_context(),
            compression=None,
            ping_interval=None,
            max_size=LARGEST_FRAME,
            proxy=None,
        )
    except InvalidStatus as refusal:
        status = refusal.response.status_code
        raise ConnectionRefused(f"the CSMS answered HTTP {status}", status) from refusal
    except (InvalidHandshake, ssl.SSLError, OSError, TimeoutError) as problem:
        raise ConnectionRefused(f"no websocket: {problem}") from problem
    if connection.subprotocol is None and Fault.ASSUMES_VERSION in security.faults:
        return WebSocketChannel(connection), Version.of_subprotocol(subprotocol_of(versions[0]))
    if connection.subprotocol is None:
        await connection.close()
        raise ConnectionRefused("the CSMS chose no subprotocol")
    try:
        return WebSocketChannel(connection), Version.of_subprotocol(connection.subprotocol)
    except ValueError:
        await connection.close()
        raise StrangeSubprotocol(f"the CSMS chose {connection.subprotocol!r}") from None


OnStation = Callable[[str, WebSocketChannel, Version], Awaitable[None]]


async def serve(
    on_station: OnStation,
    host: str,
    port: int,
    door: Door,
    on_refused: Callable[[str, str], None] = lambda *_: None,
    admits: Callable[[str], bool] = lambda _: True,
) -> Server:
    """Let stations in through a door, those that `admits` wants; others get HTTP 503. Sets the door's URL.

    `on_station(identity, channel, version)` lives as long as the connection. Port 0 takes a free one.
    """

    async def handle(connection: ServerConnection) -> None:
        assert connection.request is not None
        identity = _identity(connection.request.path)
        if connection.subprotocol not in [version.subprotocol for version in Version]:
            await connection.wait_closed()
            return
        door.note_certificate(connection.transport.get_extra_info("ssl_object"))
        await on_station(identity, WebSocketChannel(connection), Version.of_subprotocol(connection.subprotocol))

    def select(connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        identity = _identity(connection.request.path) if connection.request else ""
        if door.names_no_version:
            return None
        if door.echoes and offered:
            return offered[0]
        version = door.choose(identity, offered)
        if version is None:
            on_refused(identity, door.turned_away[-1][1])
            raise NegotiationError(f"none of {[str(version) for version in door.versions]} is offered")
        return Subprotocol(version.subprotocol)

    async def at_the_door(connection: ServerConnection, request: Request) -> Response | None:
        identity = _identity(request.path)
        if not admits(identity):
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "not now\n")
        if not door.knows(identity, *_credentials(request)):
            on_refused(identity, door.turned_away[-1][1])
            refusal = connection.respond(HTTPStatus.UNAUTHORIZED, "wrong user or password\n")
            refusal.headers["WWW-Authenticate"] = 'Basic realm="OCPP"'
            return refusal
        return None

    server = await ws_serve(
        handle,
        host,
        port,
        select_subprotocol=select,
        process_request=at_the_door,
        ssl=door.security.server_context(),
        compression=None,
        ping_interval=PING_INTERVAL_S,
        max_size=LARGEST_FRAME,
    )
    shown = f"[{host}]" if ":" in host else host
    scheme = "wss" if door.security.encrypted else "ws"
    door.url = f"{scheme}://{shown}:{server.sockets[0].getsockname()[1]}/ocpp"
    return server


def _credentials(request: Request) -> tuple[str, str]:
    """User and password of HTTP Basic authentication; two empty texts where there is none."""
    try:
        return parse_authorization_basic(request.headers.get("Authorization", ""))
    except InvalidHeader:
        return "", ""


def _identity(path: str) -> str:
    """The station's identity: the last part of the URL's path."""
    return unquote(path.rstrip("/").rsplit("/", 1)[-1])
