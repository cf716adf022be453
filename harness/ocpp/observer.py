"""Who looks on: every frame exactly as on the wire, and every change of a link.

The bench writes these into its transcript; the agents know only this.
"""

from __future__ import annotations

from typing import Any, Protocol

from harness.link import Control


class Observer(Protocol):
    """`station` is the charging station's identity; `source` and `target` are roles: charger or csms."""

    def frame(self, station: str, source: str, target: str, text: str) -> None: ...

    def control(self, station: str, source: str, target: str, control: Control) -> None:
        """A ping or pong of the websocket."""
        ...

    def link(self, station: str, what: str, **details: Any) -> None:
        """`what`: connected, closed, refused, lost."""
        ...


class Unobserved:
    """The observer of who needs none."""

    def frame(self, station: str, source: str, target: str, text: str) -> None:
        pass

    def control(self, station: str, source: str, target: str, control: Control) -> None:
        pass

    def link(self, station: str, what: str, **details: Any) -> None:
        pass
