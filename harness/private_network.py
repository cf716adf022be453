"""A network of the run's own, so that multicast and link-local traffic never leaves the machine.

The process moves into a fresh network namespace with loopback and two cables (veth pairs), one from the harness to the
station and one from the harness to the vehicle, as a lab has two PLC modems. That needs root, or a user namespace; where
neither is allowed the caller goes without, runs SDP as unicast over loopback, and says so in the evidence.
"""

from __future__ import annotations

import ctypes
import os
import socket
import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000


class NoPrivateNetwork(OSError):
    """The machine does not allow a network namespace; the text says which step was refused."""


@dataclass(frozen=True, slots=True)
class PrivateNetwork:
    """The names of the four cable ends in the namespace."""

    station: str = "evse0"
    """The station's own interface."""
    to_station: str = "evse1"
    """The harness's interface towards the station."""
    vehicle: str = "ev0"
    to_vehicle: str = "ev1"
    cut: bool = False
    """Each cable is cut in two: nothing passes until somebody hands packets on between the inner ends."""

    @property
    def cables(self) -> tuple[tuple[str, str, str, str], ...]:
        """Of cut cables the four ends: outer, inner, inner, outer. Empty if they are whole."""
        pairs = ((self.station, self.to_station), (self.vehicle, self.to_vehicle)) if self.cut else ()
        return tuple((left, f"{left}in", f"{right}in", right) for left, right in pairs)


def enter_private_network(*, cut: bool = False) -> PrivateNetwork:
    """Move this process (all later threads and children with it) into a network of its own; `cut` as in PrivateNetwork.

    Sockets that are already open stay where they are. Raises NoPrivateNetwork, and then nothing has changed.
    """
    try:
        if os.geteuid() == 0:
            _unshare(_CLONE_NEWNET)
        else:
            _unshare_as_user()
        network = PrivateNetwork(cut=cut)
        halves = [(left, near) for left, near, _, _ in network.cables]
        halves += [(far, right) for _, _, far, right in network.cables]
        inner = {name for _, near, far, _ in network.cables for name in (near, far)}
        whole = ((network.station, network.to_station), (network.vehicle, network.to_vehicle))
        _lay_cables(halves or whole, inner)
    except (OSError, ImportError) as refused:
        raise NoPrivateNetwork(f"no network namespace of our own: {refused}") from refused
    return network


def leave_for_a_network_of_its_own() -> None:
    """Move this process into an empty network namespace; raises OSError without the right to do so."""
    _unshare(_CLONE_NEWNET)


def lay_cable(near: str, far: str, process_id: int) -> None:
    """Lay a new cable from `near` in this network to `far` in the network of another process.

    A cable that was there under the name `near` is taken away. It goes by itself when the other network ends.
    """
    from pyroute2 import IPRoute

    with IPRoute() as netlink:
        for index in netlink.link_lookup(ifname=near):
            netlink.link("del", index=index)
        netlink.link("add", ifname=near, kind="veth", peer={"ifname": far, "net_ns_pid": process_id})
    take_cable(near)


def take_cable(interface: str) -> None:
    """Bring this network's end of a cable up, and its loopback."""
    from pyroute2 import IPRoute

    _trust(interface)
    with IPRoute() as netlink:
        for name in ("lo", interface):
            netlink.link("set", index=netlink.link_lookup(ifname=name)[0], state="up")


def link_local_address(interface: str) -> str:
    """The fe80:: address of an interface, without scope; raises OSError if it has none."""
    for line in Path("/proc/net/if_inet6").read_text().splitlines():
        address, _index, _prefix, scope, _flags, name = line.split()
        if name == interface and scope == "20":
            return socket.inet_ntop(socket.AF_INET6, bytes.fromhex(address))
    raise OSError(f"interface {interface} has no link-local IPv6 address; is it up, and is IPv6 enabled on it?")


def _unshare(flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _unshare_as_user() -> None:
    if threading.active_count() > 1:
        raise OSError("a user namespace needs a process with one thread")
    user, group = os.geteuid(), os.getegid()
    _unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _lay_cables(cables: Iterable[tuple[str, str]], silent: Collection[str] = ()) -> None:
    """Pairs of virtual cards, all up; those that are `silent` have no address and say nothing by themselves."""
    from pyroute2 import IPRoute  # takes 0.2 s to import, and only emulated labs need it

    with IPRoute() as netlink:
        netlink.link("set", index=netlink.link_lookup(ifname="lo")[0], state="up")
        for ends in cables:
            netlink.link("add", ifname=ends[0], kind="veth", peer=ends[1])
            for name in ends:
                _trust(name)
                if name in silent:
                    Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6").write_text("1")
                netlink.link("set", index=netlink.link_lookup(ifname=name)[0], state="up")


def _trust(interface: str) -> None:
    """Nobody else is on this cable: no need to wait a second for duplicate addresses."""
    Path(f"/proc/sys/net/ipv6/conf/{interface}/accept_dad").write_text("0")
