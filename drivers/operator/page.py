"""The operator's page: a small web server in a thread of its own, so that abort works while the bench is busy.

One page, one websocket. Out go JSON objects (`state` once, then `more`, `prompt`, `notice`, `bye`); in come `token` first,
then `answer` and `abort`, and pictures as octets behind four octets with the question's number.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from drivers.operator.desk import Desk
from drivers.operator.scene import Scene
from drivers.roles import Answer, Prompt
from harness.transcript.event import Event

TICK_S = 0.2
"""How often what happened goes out (our default: fast enough for the eye, slow enough for a tablet)."""
TOKEN_S = 5.0
MOST_OCTETS = 24 << 20
"""Longest message that is taken in: a photo of a tablet's camera (our default)."""
_LONGEST_ANSWER = 2000
_PICTURES = {b"\xff\xd8\xff": "jpg", b"\x89PNG": "png"}
_PAGE = Path(__file__).with_name("page.html")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src blob:"


class Page:
    """A view of a desk. `abort` is called with who pressed it, on the server's thread."""

    def __init__(self, host: str, port: int, token: str, desk: Desk, abort: Callable[[str], None]) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host.strip("[]"), port), family=family)
        shown = socket.gethostname() if host in ("0.0.0.0", "[::]") else host
        self.url = f"http://{shown}:{self._socket.getsockname()[1]}/#{token}"
        self._token, self._desk, self._abort = token, desk, abort
        self._scene = Scene()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._connections: set[ServerConnection] = set()
        self._ended = asyncio.Event()

    # On the bench's thread

    def start(self) -> None:
        """Serve; returns when the page can be loaded."""
        up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(up)), name="operator-page", daemon=True)
        self._thread.start()
        up.wait()

    def stop(self) -> None:
        """Tell every page that this was all, and end; idempotent."""
        self._do(self._ended.set)
        if self._thread:
            self._thread.join(timeout=2.0)
            self._thread = None
        self._socket.close()

    def asked(self, number: int, prompt: Prompt) -> None:
        self._do(self._scene.asked, number, prompt)

    def settled(self, number: int) -> None:
        self._do(self._scene.settled, number)

    def noticed(self, text: str) -> None:
        self._do(self._scene.noticed, text)

    def happened(self, event: Event) -> None:
        self._do(self._scene.happened, event)

    def _do(self, call: Callable[..., object], *values: Any) -> None:
        if self._loop:
            with contextlib.suppress(RuntimeError):  # the server has just ended
                self._loop.call_soon_threadsafe(call, *values)

    # On the server's thread

    async def _serve(self, up: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        async with serve(
            self._connected, sock=self._socket, process_request=self._requested, max_size=MOST_OCTETS, compression=None
        ):
            up.set()
            while not self._ended.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), TICK_S)
                self._tell(self._scene.news())
            self._tell([{"bye": True}])
            await asyncio.sleep(TICK_S)
        self._loop = None

    def _tell(self, messages: list[dict[str, Any]]) -> None:
        for message in messages:
            broadcast(self._connections, json.dumps(message))

    def _requested(self, _: ServerConnection, request: Request) -> Response | None:
        """Everything but the websocket: the page itself, and refusals."""
        path = urlsplit(request.path).path
        if path == "/":
            headers = {
                "Content-Type": "text/html; charset=utf-8",
                "Content-Security-Policy": _POLICY,
                "Referrer-Policy": "no-referrer",
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "no-store",
                "Connection": "close",
            }
            return Response(HTTPStatus.OK, "OK", Headers(headers), _PAGE.read_bytes())
        if path != "/live":
            return Response(HTTPStatus.NOT_FOUND, "Not Found", Headers({"Connection": "close"}), b"")
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.headers.get("Host"):
            return Response(HTTPStatus.FORBIDDEN, "Forbidden", Headers({"Connection": "close"}), b"")
        return None

    async def _connected(self, connection: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed, TimeoutError, ValueError, TypeError, AttributeError):
            first = json.loads(await asyncio.wait_for(connection.recv(), TOKEN_S))
            if not hmac.compare_digest(str(first.get("token", "")).encode(), self._token.encode()):
                await connection.close(4401, "wrong token")
                return
            await connection.send(json.dumps({"state": self._scene.whole()}))
            self._connections.add(connection)
            async for message in connection:
                problem = self._picture(message) if isinstance(message, bytes) else self._said(json.loads(message))
                if problem:
                    await connection.send(json.dumps({"refused": problem}))
        self._connections.discard(connection)

    def _said(self, message: dict[str, Any]) -> str:
        """What a person typed or pressed; returns why it cannot be taken, or nothing."""
        by = str(message.get("by", ""))[:60]
        self._scene.name = by or self._scene.name
        if "abort" in message:
            self._abort(by)
        if "answer" not in message:
            return ""
        answer = Answer(bool(message.get("done")), str(message.get("text", ""))[:_LONGEST_ANSWER], by or "page")
        return "" if self._desk.answer(int(message["answer"]), answer) else "this question is not open any more"

    def _picture(self, octets: bytes) -> str:
        picture = octets[4:]
        if not picture.startswith(tuple(_PICTURES)):
            return "this is no JPEG or PNG picture"
        answer = Answer(True, "photo", self._scene.name or "page", picture)
        number = int.from_bytes(octets[:4], "big")
        return "" if self._desk.answer(number, answer) else "this question is not open any more"


def picture_kind(octets: bytes) -> str:
    """The file extension of a picture."""
    return next((kind for magic, kind in _PICTURES.items() if octets.startswith(magic)), "bin")
