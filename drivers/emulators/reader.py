"""How an emulated station learns that somebody wants to charge: its option `starts`."""

from __future__ import annotations

from harness.lab import Start
from harness.plant.port import PlantPort


class Reader:
    """Asked again and again while a vehicle is plugged in; names a token once for each time."""

    def __init__(self, plant: PlantPort, starts: str = Start.ITSELF) -> None:
        """`starts`: by `itself` with whoever plugs in, by a `card` at its reader, or `remote` by its CSMS."""
        self.starts = Start(starts)
        self._plant = plant
        self._waits = False

    def plugged(self) -> None:
        self._waits = True

    def unplugged(self) -> None:
        self._waits = False

    def token(self, own: str) -> str | None:
        """The token to ask the CSMS about now, if any; `own` is the station's, where it needs nobody else's."""
        shown = {Start.ITSELF: own, Start.CARD: self._plant.state.card, Start.REMOTE: ""}[self.starts]
        if not self._waits or not shown:
            return None
        self._waits = False
        return shown
