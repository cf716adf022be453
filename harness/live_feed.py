"""Steps and power of parallel workers on their way to the live view: datagrams over a local socket beside the run.

A lost datagram costs a line on the screen and nothing else: evidence goes into the store and the transcripts.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from harness.transcript.event import Event, from_line, to_line

NAME = ".live"
_SHOWN = frozenset({"case", "step", "reading"})
_LONGEST = 60_000


def _address(run_folder: Path) -> str:
    """The socket's path by an open folder: a socket's path may have 107 characters at most, a run's folder more."""
    return f"/proc/self/fd/{os.open(run_folder, os.O_PATH | os.O_DIRECTORY)}/{NAME}"


class FeedSender:
    """A worker's end: a listener for its recorders."""

    def __init__(self, run_folder: Path) -> None:
        self._address = _address(run_folder)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def __call__(self, event: Event) -> None:
        if event.kind in _SHOWN:
            with contextlib.suppress(OSError):  # nobody looks, or the screen is slow
                self._socket.sendto(to_line(event)[:_LONGEST], self._address)


class FeedReceiver:
    """The controller's end: calls `show` for every event, from a thread of its own."""

    def __init__(self, run_folder: Path, show: Callable[[Event], None]) -> None:
        self._path = run_folder / NAME
        self._path.unlink(missing_ok=True)  # of a run that was killed
        self._address = _address(run_folder)
        self._show = show
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self._address)
        threading.Thread(target=self._read, name="plugfest-live-feed", daemon=True).start()

    def _read(self) -> None:
        while octets := self._socket.recv(65536):
            with contextlib.suppress(msgspec.DecodeError):
                self._show(from_line(octets))

    def close(self) -> None:
        """Stop, and leave nothing in the run folder."""
        with contextlib.suppress(OSError):
            self._socket.sendto(b"", self._address)
        self._path.unlink(missing_ok=True)
