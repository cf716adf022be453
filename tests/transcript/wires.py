"""Small captures made by hand for the tests: packets of every link type, TLS sessions over memory BIOs."""

from __future__ import annotations

import datetime as dt
import ssl
import struct
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness.transcript.capture import blocks
from harness.transcript.capture.packets import ACK, FIN, SYN
from harness.transcript.capture.writer import checksum

EV, SE = IPv6Address("fe80::1"), IPv6Address("fe80::2")
SAP_REQUEST = bytes.fromhex(
    "01fe8001000000258000f3ab9371d34b9b79d39ba321d34b9b79d189a98989c1d1699181d20a18010000040040"
)
SAP_ANSWER = bytes.fromhex("01fe80010000000480400040")
START_NS = 1_700_000_000_000_000_000


def frame(payload: bytes, kind: int = 0x8002) -> bytes:
    return struct.pack(">BBHI", 1, 0xFE, kind, len(payload)) + payload


def tcp(source: int, target: int, number: int, flags: int, data: bytes = b"", acknowledged: int = 0) -> bytes:
    return struct.pack(">2H2I2B3H", source, target, number, acknowledged, 0x50, flags, 65535, 0, 0) + data


def ipv6(
    body: bytes, protocol: int = 6, source: IPv6Address = EV, target: IPv6Address = SE, before: bytes = b""
) -> bytes:
    return (
        struct.pack(">IHBB", 6 << 28, len(before + body), protocol, 64) + source.packed + target.packed + before + body
    )


def ipv4(body: bytes, protocol: int = 6, upward: bool = True, fragment: int = 0) -> bytes:
    ends = b"\x0a\0\0\x01\x0a\0\0\x02" if upward else b"\x0a\0\0\x02\x0a\0\0\x01"
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 7, fragment, 64, protocol, 0) + ends
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + body


def ethernet(network: bytes, kind: int = 0x86DD, tags: bytes = b"") -> bytes:
    return (
        bytes(12) + tags + struct.pack(">H", kind) + network + bytes(3)
    )  # three octets of padding, as short frames have


LINKS = {
    1: ethernet,
    101: lambda network: network,
    229: lambda network: network,
    0: lambda network: struct.pack("<I", 30) + network,
    108: lambda network: struct.pack(">I", 24) + network,
    113: lambda network: bytes(14) + struct.pack(">H", 0x86DD) + network,
    276: lambda network: struct.pack(">H", 0x86DD) + bytes(18) + network,
}


@dataclass
class Talk:
    """Both sides of one TCP connection, packet by packet, a millisecond apart; to be bent before it is written."""

    ports: tuple[int, int] = (50001, 55118)
    link: int = 1
    number: list[int] = field(default_factory=lambda: [4_294_967_290, 77])  # wraps soon
    packets: list[bytes] = field(default_factory=list)

    def _add(self, side: int, flags: int, data: bytes = b"") -> None:
        ports = self.ports[side], self.ports[1 - side]
        ends = (EV, SE) if side == 0 else (SE, EV)
        body = tcp(*ports, self.number[side] % 2**32, flags, data, self.number[1 - side] % 2**32)
        self.packets.append(LINKS[self.link](ipv6(body, source=ends[0], target=ends[1])))
        self.number[side] += len(data) + bool(flags & (SYN | FIN))

    def open(self) -> Talk:
        self._add(0, SYN)
        self._add(1, SYN | ACK)
        self._add(0, ACK)
        return self

    def say(self, data: bytes, split: int = 10_000) -> Talk:
        return self._send(0, data, split)

    def reply(self, data: bytes, split: int = 10_000) -> Talk:
        return self._send(1, data, split)

    def _send(self, side: int, data: bytes, split: int) -> Talk:
        for at in range(0, len(data), split):
            self._add(side, ACK, data[at : at + split])
        return self

    def close(self) -> Talk:
        self._add(0, FIN | ACK)
        self._add(1, FIN | ACK)
        return self


def pcapng(path: Path, packets: list[bytes], link: int = 1, key_log: str = "") -> Path:
    raw = blocks.section("test") + blocks.interface("wire", link) + (blocks.secrets(key_log) if key_log else b"")
    stamped = enumerate(packets)
    path.write_bytes(raw + b"".join(blocks.packet(START_NS + i * 1_000_000, data) for i, data in stamped))
    return path


def pcap(path: Path, packets: list[bytes], magic: bytes = b"\xd4\xc3\xb2\xa1", link: int = 1) -> Path:
    order = "<" if magic in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    tick = 1000 if b"\xc3\xb2" in magic or b"\xb2\xc3" in magic else 1
    raw = magic + struct.pack(order + "2HiIII", 2, 4, 0, 0, 65535, link)
    for index, data in enumerate(packets):
        seconds, rest = divmod(START_NS + index * 1_000_000, 10**9)
        raw += struct.pack(order + "4I", seconds, rest // tick, len(data), len(data)) + data
    path.write_bytes(raw)
    return path


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed P-256 certificate and its key as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.DOMAIN_COMPONENT, "CPO")]
    )
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(5)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    none = serialization.NoEncryption()
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, none))
    return paths


class TlsTalk:
    """A real TLS session over memory BIOs; every flight goes into `talk` as TCP data."""

    def __init__(self, folder: Path, suite: str = "", version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> None:
        self.log = folder / "keys.log"
        self.talk = Talk().open()
        client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client_context.check_hostname = False
        client_context.verify_mode = ssl.CERT_NONE
        client_context.keylog_filename = str(self.log)
        server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server_context.load_cert_chain(*certificate(folder, "secc"))
        client_context.load_cert_chain(*certificate(folder, "vehicle"))
        server_context.verify_mode = ssl.CERT_OPTIONAL
        server_context.load_verify_locations(folder / "vehicle.pem")
        for context in (client_context, server_context):
            context.minimum_version = context.maximum_version = version
            if suite:
                context.set_ciphers(suite)
        self._in = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = client_context.wrap_bio(self._in[0], self._out[0])
        self.server = server_context.wrap_bio(self._in[1], self._out[1], server_side=True)
        for _ in range(4):
            for end in (self.client, self.server):
                try:
                    end.do_handshake()
                except ssl.SSLWantReadError:
                    pass
                self._carry()

    def _carry(self) -> None:
        for side in (0, 1):
            data = self._out[side].read()
            if data:
                self._in[1 - side].write(data)
                (self.talk.say if side == 0 else self.talk.reply)(data, 700)

    def say(self, data: bytes) -> TlsTalk:
        return self._send(self.client, self.server, data)

    def reply(self, data: bytes) -> TlsTalk:
        return self._send(self.server, self.client, data)

    def _send(self, sender: ssl.SSLObject, receiver: ssl.SSLObject, data: bytes) -> TlsTalk:
        sender.write(data)
        self._carry()
        assert receiver.read() == data
        return self
