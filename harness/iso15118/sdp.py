"""SDP: how a vehicle finds the charger's address. Datagrams in and out, attempts and waits; no socket here.

A request is two octets (security, transport), a response twenty (IPv6 address, port, security, transport), both in
V2GTP frames over UDP; requests go to ff02::1 port 15118 ([V2G2-139]).
"""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass
from enum import IntEnum

from harness.iso15118.timing import SDP_ATTEMPTS, SDP_WAIT_S
from harness.iso15118.v2gtp import Frame, FrameParser, Malformed, PayloadType, frame

PORT = 15118
MULTICAST = "ff02::1"

_REQUEST = struct.Struct(">BB")
_RESPONSE = struct.Struct(">16sHBB")


class Security(IntEnum):
    TLS = 0x00
    NONE = 0x10


class Transport(IntEnum):
    TCP = 0x00
    UDP = 0x10
    """Reserved; nobody may ask for it."""


@dataclass(frozen=True, slots=True)
class SdpRequest:
    security: int = Security.NONE
    transport: int = Transport.TCP

    def encode(self) -> bytes:
        return frame(PayloadType.SDP_REQUEST, _REQUEST.pack(self.security, self.transport))


@dataclass(frozen=True, slots=True)
class SdpResponse:
    """`address` is an IPv6 address without scope: the scope is the interface on which the answer arrived."""

    address: str
    port: int
    security: int = Security.NONE
    transport: int = Transport.TCP

    def encode(self) -> bytes:
        packed = ipaddress.IPv6Address(self.address).packed
        return frame(PayloadType.SDP_RESPONSE, _RESPONSE.pack(packed, self.port, self.security, self.transport))


@dataclass(frozen=True, slots=True)
class Unusable:
    """A datagram that discovery must ignore, and why."""

    reason: str
    octets: bytes


def parse(datagram: bytes) -> SdpRequest | SdpResponse | Unusable:
    """Read one datagram; never raises."""
    parser = FrameParser(frozenset({PayloadType.SDP_REQUEST, PayloadType.SDP_RESPONSE}))
    found = list(parser.feed(datagram))
    if len(found) != 1 or parser.pending:
        return Unusable("not exactly one frame in the datagram", datagram)
    one = found[0]
    if isinstance(one, Malformed):
        return Unusable(one.reason, datagram)
    return _read(one)


def _read(one: Frame) -> SdpRequest | SdpResponse | Unusable:
    layout = _REQUEST if one.payload_type == PayloadType.SDP_REQUEST else _RESPONSE
    if len(one.payload) != layout.size:
        return Unusable(f"{len(one.payload)} octets of payload instead of {layout.size}", one.octets)
    fields = layout.unpack(one.payload)
    if layout is _REQUEST:
        return SdpRequest(*fields)
    packed, port, security, transport = fields
    return SdpResponse(str(ipaddress.IPv6Address(packed)), port, security, transport)


DOWNGRADE = "TLS was asked for, no security offered"


def refusal(answer: SdpResponse, asked: SdpRequest, *, loopback: bool = False) -> str:
    """Why a vehicle can't use this answer, or an empty string. `loopback`: our lab's unicast discovery over ::1."""
    address = ipaddress.IPv6Address(answer.address)
    if answer.port == 0:
        return "port 0"
    if answer.transport != Transport.TCP:
        return f"transport 0x{answer.transport:02X} instead of TCP"
    if not (address.is_link_local or (loopback and address.is_loopback)):
        return f"{answer.address} is not a link-local address"
    if asked.security == Security.TLS and answer.security != Security.TLS:
        return DOWNGRADE  # a -20 vehicle must stop here ([V2G2-628], [V2G20-1805])
    return ""


class Discovery:
    """One discovery run of a vehicle: what to send next and when, and whether an answer ends it.

    At least 250 ms between requests ([V2G2-159]), at most 50 requests ([V2G2-161]).
    """

    def __init__(self, request: SdpRequest, *, loopback: bool = False, attempts: int = SDP_ATTEMPTS) -> None:
        self.request = request
        self.attempts = attempts
        self.attempts_left = attempts
        self.next_at_s = 0.0
        self.answer: SdpResponse | None = None
        self.downgrade: SdpResponse | None = None
        """What offered no security although TLS was asked for, and nothing else is wrong with."""
        self.ignored: list[Unusable] = []
        self._loopback = loopback

    @property
    def exhausted(self) -> bool:
        """All requests were sent and the last one's wait is over only when `due` says so."""
        return self.attempts_left == 0

    def due(self, now_s: float) -> bytes | None:
        """The datagram to send now, or None while the last one's wait runs (or nothing is left to try)."""
        if self.answer or self.exhausted or now_s < self.next_at_s:
            return None
        self.attempts_left -= 1
        self.next_at_s = now_s + SDP_WAIT_S
        return self.request.encode()

    def failure(self) -> str:
        """Why nothing was found, in words."""
        reasons = "; ".join(dict.fromkeys(each.reason for each in self.ignored))
        return f"no charger found in {self.attempts} attempts" + (f": {reasons}" if reasons else "")

    def receive(self, datagram: bytes) -> SdpResponse | None:
        """Take a datagram; the usable answer, if this is the first one. Everything else is kept in `ignored`."""
        read = parse(datagram)
        if isinstance(read, SdpRequest):
            return None  # another vehicle on the same wire, or our own multicast coming back
        if isinstance(read, Unusable):
            self.ignored.append(read)
            return None
        problem = refusal(read, self.request, loopback=self._loopback)
        if not problem and self.answer and self.answer != read:
            problem = f"a second, different answer: [{read.address}]:{read.port}"
        if problem == DOWNGRADE:
            self.downgrade = read
        if problem:
            self.ignored.append(Unusable(problem, datagram))
            return None
        self.answer = self.answer or read
        return self.answer


@dataclass(frozen=True, slots=True)
class Responder:
    """The charger's half: answers every request, statelessly ([V2G2-144], [V2G2-151])."""

    address: str
    port: int
    tls_port: int | None = None
    """Port of the TLS listener; None: the station has no TLS."""
    tls_required: bool = False

    def answer(self, datagram: bytes) -> SdpResponse | None:
        """The answer to a datagram, or None if it must be ignored.

        TLS asked and supported: TLS; TLS asked but unsupported: none; plain asked but TLS required: TLS ([V2G2-626],
        [V2G2-627]).
        """
        request = parse(datagram)
        if not isinstance(request, SdpRequest) or request.transport != Transport.TCP:
            return None
        if request.security not in (Security.TLS, Security.NONE):
            return None
        secure = self.tls_port is not None and (request.security == Security.TLS or self.tls_required)
        port = self.tls_port if secure and self.tls_port is not None else self.port
        return SdpResponse(self.address, port, Security.TLS if secure else Security.NONE)
