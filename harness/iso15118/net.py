"""The agents' sockets: discovery over UDP, connections over TCP or TLS. IPv6 only, as the standard has it.

An interface is given by name for multicast discovery and link-local addresses. Where a lab has no network namespace
of its own, discovery goes unicast over ::1 with a configured port (`interface=None`).
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from harness.clock import Clock
from harness.iso15118 import sdp
from harness.iso15118.errors import NoAnswer, NoSecurity
from harness.iso15118.observer import Deaf, Observer
from harness.iso15118.secure import reason_of, secure
from harness.iso15118.timing import SDP_ATTEMPTS
from harness.link import ByteStream, LinkClosed, TcpStream

LOOPBACK = "::1"
HANDSHAKE_S = 20.0
"""Longest time for a TLS handshake (communication set-up by the general table)."""
DYNAMIC_PORTS = range(49152, 65536)
"""Where a charger listens (RFC 6335, dynamic ports). Vehicles in the field refuse an answer that names another port."""
PORT_ATTEMPTS = 20
"""How many of them are tried (our default)."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a charger listens. `interface` is the scope of a link-local address."""

    address: str
    port: int
    tls: bool = False
    interface: str | None = None

    @property
    def host(self) -> str:
        """The address as sockets take it, scope included."""
        return f"{self.address}%{self.interface}" if self.interface else self.address


def link_local(interface: str) -> str:
    """The interface's link-local address; raises OSError if it has none."""
    index = socket.if_nametoindex(interface)
    with open("/proc/net/if_inet6", encoding="ascii") as table:
        for line in table:
            packed, number, _, scope, *_ = line.split()
            if int(number, 16) == index and scope == "20":
                return socket.inet_ntop(socket.AF_INET6, bytes.fromhex(packed))
    raise OSError(f"interface {interface} has no IPv6 link-local address: bring it up, or enable IPv6 on it")


def _only_on(opened: socket.socket, interface: str) -> None:
    """Take part on this interface alone: others on the machine have conversations of their own."""
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())


class _Datagrams(asyncio.DatagramProtocol):
    """Hands every datagram on, with the address it came from."""

    def __init__(self, arrived: Callable[[bytes, tuple[str, int]], None]) -> None:
        self.arrived = arrived

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.arrived(data, addr)

    def error_received(self, exc: Exception) -> None:
        """An ICMP error: nobody listens there yet. Discovery goes on asking."""


async def ask(
    datagram: bytes, clock: Clock, *, within_s: float, interface: str | None = None, port: int = sdp.PORT
) -> bytes | None:
    """Send one datagram as discovery does, sound or not; the first one that comes back in time, or None."""
    came: asyncio.Queue[bytes] = asyncio.Queue()
    transport, target = await _asking(interface, port, lambda data, _: came.put_nowait(data))
    try:
        transport.sendto(datagram, target)
        return await clock.wait(came.get(), within_s)
    except TimeoutError:
        return None
    finally:
        transport.close()


async def _asking(
    interface: str | None, port: int, arrived: Callable[[bytes, tuple[str, int]], None]
) -> tuple[asyncio.DatagramTransport, tuple[str, int, int, int]]:
    """A socket that sends to whoever answers discovery, and where it sends to."""
    scope = socket.if_nametoindex(interface) if interface else 0
    opened = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    if interface:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, scope)
        _only_on(opened, interface)
    opened.bind((LOOPBACK if interface is None else "::", 0))
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: _Datagrams(arrived), sock=opened)
    return transport, (sdp.MULTICAST if interface else LOOPBACK, port, 0, scope)


async def discover(
    clock: Clock,
    observer: Observer | None = None,
    *,
    interface: str | None = None,
    port: int = sdp.PORT,
    security: sdp.Security = sdp.Security.NONE,
    attempts: int = SDP_ATTEMPTS,
) -> Endpoint:
    """Find a charger: multicast on `interface`, or unicast to ::1 without one.

    Raises NoAnswer after all attempts, and NoSecurity where only the security was wrong; the text says how many answers
    were unusable and why.
    """
    watching = observer or Deaf()
    run = sdp.Discovery(sdp.SdpRequest(security), loopback=interface is None, attempts=attempts)
    found = asyncio.Event()

    def arrived(data: bytes, _: tuple[str, int]) -> None:
        watching.datagram("charger", "vehicle", data)
        if run.receive(data):
            found.set()

    transport, target = await _asking(interface, port, arrived)
    try:
        while not found.is_set():
            datagram = run.due(clock.now_s())
            if datagram is None and run.exhausted:
                raise _not_found(run, clock, interface)
            if datagram is not None:
                watching.datagram("vehicle", "charger", datagram)
                transport.sendto(datagram, target)
            with contextlib.suppress(TimeoutError):
                await clock.wait(found.wait(), max(run.next_at_s - clock.now_s(), 0.001))
    finally:
        transport.close()
    assert run.answer is not None
    tls = run.answer.security == sdp.Security.TLS
    return Endpoint(run.answer.address, run.answer.port, tls, interface)


def _not_found(run: sdp.Discovery, clock: Clock, interface: str | None) -> NoAnswer:
    if run.downgrade is None:
        return NoAnswer(run.failure())
    end = Endpoint(run.downgrade.address, run.downgrade.port, interface=interface)
    return NoSecurity(run.failure(), lambda: connect(end, clock))


class DiscoveryServer:
    """Answers SDP requests on an interface (multicast), or on ::1 with a port of one's own."""

    def __init__(self, transport: asyncio.DatagramTransport, port: int) -> None:
        self._transport = transport
        self.port = port

    @classmethod
    async def start(
        cls,
        answer: Callable[[bytes], bytes | tuple[bytes, ...] | None],
        observer: Observer | None = None,
        *,
        interface: str | None = None,
        port: int = sdp.PORT,
    ) -> DiscoveryServer:
        """`answer` maps a datagram to what to send back: one datagram, several, or None. Port 0: any free one."""
        watching = observer or Deaf()
        holder: list[asyncio.DatagramTransport] = []

        def arrived(data: bytes, source: tuple[str, int]) -> None:
            watching.datagram("vehicle", "charger", data)
            reply = answer(data)
            for one in (reply,) if isinstance(reply, bytes) else reply or ():
                watching.datagram("charger", "vehicle", one)
                holder[0].sendto(one, source)

        opened = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        if interface:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            index = socket.if_nametoindex(interface)
            group = socket.inet_pton(socket.AF_INET6, sdp.MULTICAST) + struct.pack("@I", index)
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
            _only_on(opened, interface)
        opened.bind(("::" if interface else LOOPBACK, port))
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Datagrams(arrived), sock=opened
        )
        holder.append(transport)
        return cls(transport, opened.getsockname()[1])

    def close(self) -> None:
        self._transport.close()


async def connect(
    endpoint: Endpoint, clock: Clock, *, tls: ssl.SSLContext | None = None, within_s: float = 20.0
) -> ByteStream:
    """Open a connection to a charger, with TLS if a context is given. Raises OSError, ssl.SSLError, TimeoutError."""
    stream = TcpStream(*await clock.wait(asyncio.open_connection(endpoint.host, endpoint.port), within_s))
    return await clock.wait(secure(stream, tls), within_s) if tls else stream


async def serve(
    handle: Callable[[ByteStream], Awaitable[None]],
    *,
    interface: str | None = None,
    port: int = 0,
    tls: ssl.SSLContext | None = None,
    observer: Observer | None = None,
) -> tuple[asyncio.Server, Endpoint]:
    """Listen on the interface's link-local address, or on ::1 without one. Port 0: any free one of DYNAMIC_PORTS.

    With a TLS context only connections whose handshake succeeds are handled; the observer is told of the others.
    """

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await received(TcpStream(reader, writer), handle, tls, observer)

    address = link_local(interface) if interface else LOOPBACK
    host = f"{address}%{interface}" if interface else address
    server = await _listen(lambda number: asyncio.start_server(connected, host, number), port)
    return server, Endpoint(address, server.sockets[0].getsockname()[1], tls is not None, interface)


async def received(
    stream: ByteStream,
    handle: Callable[[ByteStream], Awaitable[None]],
    tls: ssl.SSLContext | None,
    observer: Observer | None = None,
) -> None:
    """Handle a connection that a listener has accepted, inside TLS if a context is given."""
    try:
        if tls is not None:
            async with asyncio.timeout(HANDSHAKE_S):
                stream = await secure(stream, tls, server_side=True)
    except (ssl.SSLError, LinkClosed, TimeoutError) as problem:
        await stream.close()
        why = reason_of(problem) if isinstance(problem, ssl.SSLError) else str(problem) or "no end of the handshake"
        (observer or Deaf()).link("refused", by="charger", reason=f"TLS: {why}")
    else:
        await handle(stream)


async def _listen(start: Callable[[int], Awaitable[asyncio.Server]], port: int) -> asyncio.Server:
    if port:
        return await start(port)
    for number in random.sample(DYNAMIC_PORTS, PORT_ATTEMPTS - 1):
        with contextlib.suppress(OSError):
            return await start(number)
    return await start(random.choice(DYNAMIC_PORTS))
