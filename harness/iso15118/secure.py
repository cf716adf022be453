"""TLS over any stream of octets: a socket, or a link in memory under virtual time.

What goes over the stream below can be heard octet for octet (`tap`): that is what a capture of a TLS session is made of.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable

from harness.link import ByteStream, LinkClosed

Tap = Callable[[bool, bytes], None]
"""Told whether octets were sent (or received), and the octets, as they are on the wire."""


class SecureStream:
    """A ByteStream inside TLS. Made by `secure`, which has finished the handshake."""

    def __init__(
        self, under: ByteStream, context: ssl.SSLContext, *, server_side: bool, tap: Tap | None = None
    ) -> None:
        self._under = under
        self._tap = tap or (lambda _sent, _octets: None)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_side=server_side)
        """The connection as Python's ssl module sees it."""

    async def handshake(self) -> None:
        """Raises ssl.SSLError where either side refuses (ours has told the peer by its alert), LinkClosed."""
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._fill()
            except ssl.SSLError:
                with contextlib.suppress(LinkClosed):
                    await self._flush()
                raise
            else:
                await self._flush()
                return

    async def read(self) -> bytes:
        """Some octets; raises LinkClosed at the end, also where the peer broke off by an alert."""
        while True:
            try:
                octets = self.tls.read(65536)
            except ssl.SSLWantReadError:
                await self._flush()
                await self._fill()
            except ssl.SSLError as problem:
                with contextlib.suppress(LinkClosed):
                    await self._flush()
                raise LinkClosed(f"TLS: {reason_of(problem)}") from problem
            else:
                if octets:
                    return octets
                raise LinkClosed("the far end has closed the TLS connection")

    async def write(self, data: bytes) -> None:
        try:
            self.tls.write(data)
        except ssl.SSLError as problem:
            raise LinkClosed(f"TLS: {reason_of(problem)}") from problem
        await self._flush()

    async def close(self) -> None:
        """Tell the peer (close_notify) and close the stream below."""
        with contextlib.suppress(ssl.SSLError, ValueError, LinkClosed):
            try:
                self.tls.unwrap()
            finally:
                await self._flush()
        await self._under.close()

    async def _fill(self) -> None:
        try:
            octets = await self._under.read()
        except LinkClosed:
            self._incoming.write_eof()
            raise
        self._tap(False, octets)
        self._incoming.write(octets)

    async def _flush(self) -> None:
        if octets := self._outgoing.read():
            self._tap(True, octets)
            await self._under.write(octets)


async def secure(
    stream: ByteStream, context: ssl.SSLContext, *, server_side: bool = False, tap: Tap | None = None
) -> SecureStream:
    """Go through the handshake over `stream`; where it fails the stream is closed and ssl.SSLError or LinkClosed raised."""
    inside = SecureStream(stream, context, server_side=server_side, tap=tap)
    try:
        await inside.handshake()
    except (ssl.SSLError, LinkClosed):
        await stream.close()
        raise
    return inside


def reason_of(problem: ssl.SSLError) -> str:
    """OpenSSL's own words in plain ones: `tlsv1 alert unknown ca`, `certificate verify failed: ...`."""
    said = getattr(problem, "verify_message", "")
    reason = (problem.reason or str(problem)).replace("_", " ").lower()
    return f"{reason}: {said}" if said else reason
