"""A person with a tablet beside the car, or at the terminal of the bench computer.

    operator:
      driver: operator.person
      resource: 192.0.2.10:8420        # where the page is served; leave it out for the terminal alone
      options: {patience_s: 3600}

The page's address holds a token, new for each run unless the lab file gives one (`options: {token: ...}`, at least 16
characters). The page travels as plain HTTP: serve it on loopback or in the lab's own network.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from typing import Annotated

import pydantic

from drivers.errors import BenchError, ConfigError
from drivers.operator.desk import Desk
from drivers.operator.page import Page
from drivers.roles import Answer, Identity, Prompt
from drivers.wire import Connection, Options


class PersonOptions(Options):
    token: Annotated[str, pydantic.Field(min_length=16)] = ""
    patience_s: Annotated[float, pydantic.Field(gt=0)] = 3600.0
    """How long a question waits for an answer (our default)."""
    plugs: bool = False
    """The connector is moved by hand also where a box is in the control pilot line; the box then opens and closes the line."""


class Person:
    """Questions and answers; the socket of the page is bound at once, served from `open` on."""

    def __init__(self, connection: Connection) -> None:
        self.options = connection.options_as(PersonOptions)
        self.desk = Desk()
        self.aborted_by = ""
        """Who pressed abort; empty if nobody did."""
        self.page: Page | None = None
        if connection.resource:
            host, _, port = connection.resource.rpartition(":")
            if not (host and port.isdigit()):
                raise ConfigError(f"operator.resource: expected HOST:PORT, found {connection.resource!r}")
            token = self.options.token or secrets.token_urlsafe(16)
            try:
                self.page = Page(host, int(port), token, self.desk, self.abort)
            except OSError as refused:
                raise ConfigError(
                    f"operator.resource: {connection.resource} cannot be served: {refused.strerror or refused}; "
                    "is another run going on? choose another port"
                ) from None
            self.desk.views.append(self.page)

    @property
    def url(self) -> str:
        """Where the page is, token included; empty without one."""
        return self.page.url if self.page else ""

    async def open(self) -> None:
        if self.page:
            self.page.start()

    async def close(self) -> None:
        if self.page:
            await asyncio.to_thread(self.page.stop)

    async def identity(self) -> Identity:
        return Identity("", "person", "", "")

    async def make_safe(self) -> None:
        """Nothing flows through a person."""

    async def ask(self, prompt: Prompt) -> Answer:
        """Raises BenchError if nobody can be reached, or nobody answers within the patience of the lab file."""
        if not self.desk.views:
            raise BenchError(
                f"nobody can be asked ({prompt.text}): give roles.operator a resource (HOST:PORT for its page), "
                "or run in a terminal"
            )
        try:
            async with asyncio.timeout(self.options.patience_s):
                return await self.desk.ask(prompt)
        except TimeoutError:
            raise BenchError(
                f"the operator did not answer within {self.options.patience_s:g} s: {prompt.text}"
            ) from None

    def notice(self, text: str) -> None:
        self.desk.notice(text)

    def abort(self, by: str) -> None:
        """End the run as Ctrl-C does: the attempt is aborted, the bench made safe, and the run can be resumed."""
        if not self.aborted_by:
            self.aborted_by = by or "somebody at the page"
            os.kill(os.getpid(), signal.SIGINT)


Driver = Person
