"""A bridge in the middle of cables, as a process: `python -m drivers.network.packet_bridge LEFT:INNER:INNER:RIGHT ...`.

A cable is two pairs of virtual network cards (veth); the bridge holds the two inner ends by raw sockets and hands packets on,
as a `PacketLink` says. Standard input takes lines of JSON `{"profile": {...}, "seed": ...}`; standard output tells
`{"lost": N, ...}`, what happened to packets since the line before, at most ten times a second.
"""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import json
import os
import select
import socket
import struct
import sys
import time
from array import array
from dataclasses import dataclass
from typing import Any

from drivers.emulators.process import die_with_parent
from drivers.impairment import Profile
from drivers.network.packets import PacketLink

_ETH_P_ALL = 0x0003
_OUTGOING = 4
"""Packet type of what we have sent ourselves."""
_SIOCETHTOOL = 0x8946
_OFFLOADS = (0x17, 0x1F, 0x24, 0x2C)
"""Set transmit checksum, TSO, GSO, GRO: with them on a veth leaves checksums to a card that is not there."""
_TELL_S = 0.1


@dataclass(eq=False)
class _Way:
    """Packets that come in at one inner end and leave at the other."""

    name: str
    source: socket.socket
    sink: socket.socket
    link: PacketLink


class Bridge:
    def __init__(self, cables: list[str]) -> None:
        self._ways: dict[int, _Way] = {}
        self._due: list[tuple[float, int, socket.socket, bytes]] = []
        self._number = 0
        self._told: dict[str, int] = {}
        self._tell_s = 0.0
        for cable in cables:
            left, near, far, right = cable.split(":")
            for name in (left, near, far, right):
                _no_offloads(name)
            one, other = _raw(near), _raw(far)
            self._ways[one.fileno()] = _Way(left, one, other, PacketLink(seed=left))
            self._ways[other.fileno()] = _Way(right, other, one, PacketLink(seed=right))

    def run(self, commands: int) -> None:
        """Until standard input ends."""
        lines = b""
        while True:
            now_s = time.monotonic()
            wait_s = max(self._due[0][0] - now_s, 0.0) if self._due else _TELL_S
            ready, _, _ = select.select([commands, *self._ways], [], [], min(wait_s, _TELL_S))
            if commands in ready:
                octets = os.read(commands, 65536)
                if not octets:
                    return
                lines += octets
                while b"\n" in lines:
                    line, _, lines = lines.partition(b"\n")
                    self._change(json.loads(line))
            for number in ready:
                if number != commands:
                    self._take(self._ways[number])
            self._hand_on(time.monotonic())
            self._tell(time.monotonic())

    def _change(self, command: dict[str, Any]) -> None:
        for way in self._ways.values():
            way.link.change(Profile(**command["profile"]), time.monotonic(), (command["seed"], way.name))

    def _take(self, way: _Way) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                packet, address = way.source.recvfrom(65535)
                if address[2] == _OUTGOING:
                    continue
                for at_s, octets in way.link.deliver(packet, time.monotonic()):
                    self._number += 1
                    heapq.heappush(self._due, (at_s, self._number, way.sink, octets))

    def _hand_on(self, now_s: float) -> None:
        while self._due and self._due[0][0] <= now_s:
            _, _, sink, octets = heapq.heappop(self._due)
            with contextlib.suppress(OSError):  # a cable whose far end is gone, or a full queue: lost, as on a real one
                sink.send(octets)

    def _tell(self, now_s: float) -> None:
        counts: dict[str, int] = {}
        for way in self._ways.values():
            for name, count in way.link.counts.items():
                counts[name] = counts.get(name, 0) + count
        if counts != self._told and now_s >= self._tell_s:
            print(json.dumps({name: count - self._told.get(name, 0) for name, count in counts.items()}), flush=True)
            self._told, self._tell_s = counts, now_s + _TELL_S


def _raw(interface: str) -> socket.socket:
    found = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
    found.bind((interface, 0))
    found.setblocking(False)
    return found


def _no_offloads(interface: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for command in _OFFLOADS:
            value = array("I", [command, 0])
            with contextlib.suppress(OSError):  # a kind that this card does not have is off
                fcntl.ioctl(control, _SIOCETHTOOL, struct.pack("16sP", interface.encode(), value.buffer_info()[0]))


def main() -> None:
    die_with_parent()
    bridge = Bridge(sys.argv[1:])
    print(json.dumps({"ready": "packet_bridge"}), flush=True)
    bridge.run(0)


if __name__ == "__main__":
    main()
