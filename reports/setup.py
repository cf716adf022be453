"""The drawing of the set-up: who met whom over which wire, and what measured it."""

from __future__ import annotations

from reports.document import Document, InstrumentRow
from reports.svg import Drawing

_INK, _SOFT, _WASH = "#1d2730", "#56616b", "#f4f6f8"
_WIDTH, _BOX, _GAP = 720.0, 150.0, 40.0
_ROW = 4
"""Instruments side by side."""
_WORDS = {
    "power_analyser": "measures power",
    "energy_meter": "measures energy",
    "dc_source": "feeds or takes DC",
    "ac_source": "is the grid",
    "control_pilot": "plugs, reads the pilot",
    "can_gateway": "joins two buses",
    "relay": "opens contacts",
    "rfid": "presents cards",
}


def setup(document: Document) -> str:
    """The link in the upper row, instruments below; dashed frames are emulated."""
    instruments = document.instruments
    rows = -(-len(instruments) // _ROW)
    drawing = Drawing(_WIDTH, 116 + 74 * rows, "Set-up", "Devices, the links between them, and the instruments.")
    kinds = {unit.kind for unit in document.units}
    chain = [
        ("Vehicle", _under_test(document, "vehicle")),
        ("Plugfest", "relays and records"),
        ("Charger", _under_test(document, "charger")),
        ("CSMS", _under_test(document, "csms") if "csms" in kinds else "Plugfest"),
    ]
    wires = ("ISO 15118", "ISO 15118", "OCPP")
    for place, (title, told) in enumerate(chain):
        x = place * (_BOX + _GAP)
        _box(drawing, x, 24, title, told, _emulated(document, title.lower()))
        if place < len(wires):
            drawing.line(x + _BOX, 48, x + _BOX + _GAP, 48, _INK, stroke_width=1.6)
            drawing.text(x + _BOX + _GAP / 2, 16, wires[place], 9, text_anchor="middle", fill=_SOFT)
    if instruments:
        drawing.line(0, 92, _WIDTH, 92, _SOFT, stroke_dasharray="2 4")
        drawing.text(0, 106, "Instruments, commanded and read by Plugfest; dashed frames: emulated", 9, fill=_SOFT)
    for place, one in enumerate(instruments):
        x, y = (place % _ROW) * (_BOX + _GAP), 116.0 + 74 * (place // _ROW)
        _box(drawing, x, y, one.role.replace("_", " "), _told(one), one.emulated)
        drawing.text(x + _BOX / 2, y + 62, _WORDS.get(one.role, ""), 9, text_anchor="middle", fill=_SOFT)
    return drawing.render()


def _box(drawing: Drawing, x: float, y: float, title: str, told: str, emulated: bool) -> None:
    frame: dict[str, str] = {"stroke_dasharray": "4 3"} if emulated else {}
    drawing.rect(x + 1, y, _BOX - 2, 48, _WASH, told, stroke=_INK, rx=4, **frame)
    drawing.text(x + _BOX / 2, y + 20, title, 11.5, text_anchor="middle", font_weight="bold")
    drawing.text(x + _BOX / 2, y + 37, _short(told), 9, text_anchor="middle", fill=_SOFT)


def _under_test(document: Document, kind: str) -> str:
    names = [unit.name for unit in document.units if unit.kind == kind]
    return ", ".join(names) if 0 < len(names) < 3 else f"{len(names)} under test" if names else "Plugfest"


def _emulated(document: Document, kind: str) -> bool:
    mine = [unit.emulated for unit in document.units if unit.kind == kind]
    return bool(mine) and all(mine)


def _told(one: InstrumentRow) -> str:
    return one.product or "no name given"


def _short(text: str, longest: int = 26) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
