"""An emulated person at the operator's page, so that a lab with an operator runs without one.

On wires a process that opens the page's websocket as a browser does; in virtual time an object that answers at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
import zlib
from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from drivers.emulators.defects import Defect
from drivers.emulators.process import Request, arguments, catch_end, connect_plant, die_with_parent, options_of, ready
from drivers.roles import Answer, Prompt
from harness.clock import Clock
from harness.transcript.event import Event

OWNER = "observer"
_ROLE = "operator"
_TEST = "tests/campaign/test_operator.py"
NAME = "emulated person"

DEFECTS = (
    Defect("person-cannot", _ROLE, "page", "our default", "says of every request that it is not possible", _TEST),
    Defect("person-silent", _ROLE, "page", "our default", "never answers", _TEST),
    Defect("person-no-picture", _ROLE, "page", "our default", "sends a text in place of every photo", _TEST),
)


def picture(width: int = 8, height: int = 8) -> bytes:
    """A grey PNG (ISO/IEC 15948), the same octets every time."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = (b"\0" + b"\x80" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class EmulatedPerson:
    """Does what is asked. Option `says`: part of a question to the text or choice that is answered."""

    def __init__(self, request: Request) -> None:
        self._defects = request.defects
        self._says: dict[str, str] = dict(request.option("says", {}))
        self.answer: Callable[[int, Answer], object] | None = None
        """Where answers go in virtual time: to the desk."""

    def reply(self, prompt: Prompt) -> Answer | None:
        """What the person answers; None for nothing at all."""
        if "person-silent" in self._defects:
            return None
        if "person-cannot" in self._defects:
            return Answer(False, "the cable does not reach", NAME)
        if prompt.kind == "photo":
            return Answer(True, "photo", NAME, b"no picture" if "person-no-picture" in self._defects else picture())
        said = next((text for part, text in self._says.items() if part in prompt.text), "")
        return Answer(True, said or next(iter(prompt.choices), ""), NAME)

    # As a view of the desk, in virtual time

    def asked(self, number: int, prompt: Prompt) -> None:
        answer = self.reply(prompt)
        if answer and self.answer:
            self.answer(number, answer)

    def settled(self, number: int) -> None:
        """Nothing to take off a screen."""

    def noticed(self, text: str) -> None:
        """Nothing to do about it."""

    def happened(self, event: Event) -> None:
        """Does not look."""


def build(request: Request) -> EmulatedPerson:
    return EmulatedPerson(request)


async def attend(person: EmulatedPerson, url: str) -> None:
    """Open the page and answer what it shows, until it ends."""
    parts = urlsplit(url)
    with contextlib.suppress(ConnectionClosed):
        async with connect(f"ws://{parts.netloc}/live", max_size=None) as socket:
            await socket.send(json.dumps({"token": parts.fragment, "by": NAME}))
            async for message in socket:
                told: dict[str, Any] = json.loads(message)
                prompt = told.get("prompt") or told.get("state", {}).get("prompt")
                if not prompt:
                    continue
                answer = person.reply(Prompt(prompt["text"], prompt["kind"], tuple(prompt["choices"])))
                if answer and answer.photo:
                    await socket.send(prompt["number"].to_bytes(4, "big") + answer.photo)
                elif answer:
                    said = {key: value for key, value in asdict(answer).items() if key != "photo"}
                    await socket.send(json.dumps({"answer": prompt["number"], **said}))


def main() -> None:
    chosen = arguments("person")
    die_with_parent()

    async def run() -> None:
        options = options_of(chosen)
        plant = connect_plant(chosen.plant, OWNER, Clock())
        person = EmulatedPerson(Request(plant, frozenset(chosen.defect), options))
        ended = catch_end()
        ready("person", resource=options["page"])
        task = asyncio.create_task(attend(person, options["page"]))
        await ended.wait()
        task.cancel()

    asyncio.run(run())


if __name__ == "__main__":
    main()
