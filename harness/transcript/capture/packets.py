"""From a captured packet to what IP carried: a TCP segment or a UDP datagram.

Link types by their public numbers (https://www.tcpdump.org/linktypes.html); IPv6 with extension headers (RFC 8200),
IPv4 (RFC 791), TCP (RFC 9293), UDP (RFC 768), VLAN tags (IEEE 802.1Q).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from harness.transcript.capture.files import Packet

IPV4, IPV6 = 0x0800, 0x86DD
VLAN_TAGS = {0x8100, 0x88A8, 0x9100}
ETHERNET, NULL, LOOP, LINUX_COOKED, LINUX_COOKED_2 = 1, 0, 108, 113, 276
RAW_IP = {12, 14, 101, 228, 229}
TCP, UDP = 6, 17
FRAGMENT, AUTHENTICATION = 44, 51
EXTENSIONS = {0, 43, FRAGMENT, AUTHENTICATION, 60, 135}

FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10

Address = IPv6Address | IPv4Address


@dataclass(frozen=True, slots=True)
class Endpoint:
    address: Address
    port: int

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if self.address.version == 6 else f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class Segment:
    """One TCP segment."""

    packet: int
    time_ns: int
    source: Endpoint
    target: Endpoint
    sequence: int
    acknowledged: int
    flags: int
    data: bytes
    missing: int = 0
    """Octets of data that were on the wire and were cut by the capture."""


@dataclass(frozen=True, slots=True)
class Datagram:
    """One UDP datagram."""

    packet: int
    time_ns: int
    source: Endpoint
    target: Endpoint
    data: bytes


class Unreadable(ValueError):
    """The packet can't be taken apart; the text says why."""


def dissect(packet: Packet) -> Segment | Datagram | None:
    """What the packet carried, None if neither TCP nor UDP; raises Unreadable for fragments and broken headers."""
    try:
        found = _network(packet)
        if found is None:
            return None
        version, raw = found
        return _ipv6(packet, raw) if version == 6 else _ipv4(packet, raw)
    except (struct.error, IndexError) as problem:
        raise Unreadable("a header is cut off") from problem


def _network(packet: Packet) -> tuple[int, bytes] | None:
    """IP version and the IP packet, None if it is something else (ARP, HomePlug, ...)."""
    data = packet.data
    if packet.link_type in RAW_IP or packet.link_type in (NULL, LOOP):
        inner = data[4:] if packet.link_type in (NULL, LOOP) else data
        version = inner[0] >> 4
        return (version, inner) if version in (4, 6) else None
    if packet.link_type == ETHERNET:
        at = 12
    elif packet.link_type == LINUX_COOKED:
        at = 14
    elif packet.link_type == LINUX_COOKED_2:
        at = 0
    else:
        raise Unreadable(f"link type {packet.link_type} is not supported")
    (ether_type,) = struct.unpack_from(">H", data, at)
    rest = 20 if packet.link_type == LINUX_COOKED_2 else at + 2
    while ether_type in VLAN_TAGS:
        (ether_type,) = struct.unpack_from(">H", data, rest + 2)
        rest += 4
    if ether_type not in (IPV4, IPV6):
        return None
    return (6 if ether_type == IPV6 else 4), data[rest:]


def _ipv6(packet: Packet, raw: bytes) -> Segment | Datagram | None:
    length, protocol = struct.unpack_from(">HB", raw, 4)
    source, target = IPv6Address(raw[8:24]), IPv6Address(raw[24:40])
    end = 40 + length if length else len(raw)  # 0: a capture before segmentation offload, or a jumbogram
    at = 40
    while protocol in EXTENSIONS:
        following, size = raw[at], raw[at + 1]
        if protocol == FRAGMENT:
            if struct.unpack_from(">H", raw, at + 2)[0] & 0xFFF9:
                raise Unreadable("an IPv6 fragment")
            at += 8
        else:
            at += (size + 2) * 4 if protocol == AUTHENTICATION else (size + 1) * 8
        protocol = following
    return _transport(packet, protocol, source, target, raw[at:end], max(0, end - len(raw)))


def _ipv4(packet: Packet, raw: bytes) -> Segment | Datagram | None:
    start = (raw[0] & 0x0F) * 4
    length, _identification, fragment = struct.unpack_from(">3H", raw, 2)
    if fragment & 0x3FFF:
        raise Unreadable("an IPv4 fragment")
    end = length or len(raw)
    source, target = IPv4Address(raw[12:16]), IPv4Address(raw[16:20])
    return _transport(packet, raw[9], source, target, raw[start:end], max(0, end - len(raw)))


def _transport(
    packet: Packet, protocol: int, source: Address, target: Address, raw: bytes, missing: int
) -> Segment | Datagram | None:
    if protocol not in (TCP, UDP):
        return None
    ports = struct.unpack_from(">2H", raw)
    ends = Endpoint(source, ports[0]), Endpoint(target, ports[1])
    if protocol == UDP:
        struct.unpack_from(">2H", raw, 4)
        return Datagram(packet.number, packet.time_ns, *ends, raw[8:])
    sequence, acknowledged, offset, flags = struct.unpack_from(">2I2B", raw, 4)
    data = raw[(offset >> 4) * 4 :]
    return Segment(packet.number, packet.time_ns, *ends, sequence, acknowledged, flags, data, missing)
