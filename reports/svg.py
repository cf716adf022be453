"""A small writer of SVG: the same numbers give the same octets, on any machine and on any day."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

FONT = "DejaVu Sans, Verdana, Arial, sans-serif"


def _text(value: float | str) -> str:
    """Two decimals are a fiftieth of a pixel; trailing zeros are noise."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


class Drawing:
    """A drawing of a given size in pixels. `title` and `description` are read out to those who cannot see it."""

    def __init__(self, width: float, height: float, title: str, description: str = "") -> None:
        self.width, self.height, self.title, self.description = width, height, title, description
        self._parts: list[str] = []

    def add(self, name: str, content: str | None = None, /, **attributes: float | str) -> None:
        """One element; attribute names with `_` for `-`, `class_` for class."""
        written = " ".join(
            f"{key.rstrip('_').replace('_', '-')}={quoteattr(_text(value))}" for key, value in attributes.items()
        )
        self._parts.append(f"<{name} {written}/>" if content is None else f"<{name} {written}>{content}</{name}>")

    def line(self, x1: float, y1: float, x2: float, y2: float, stroke: str = "#8a939c", **more: float | str) -> None:
        self.add("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=stroke, **more)

    def rect(
        self, x: float, y: float, width: float, height: float, fill: str, tip: str = "", **more: float | str
    ) -> None:
        content = f"<title>{escape(tip)}</title>" if tip else None
        self.add("rect", content, x=x, y=y, width=width, height=height, fill=fill, **more)

    def text(self, x: float, y: float, text: str, size: float = 11, **more: float | str) -> None:
        more.setdefault("fill", "#1d2730")
        self.add("text", escape(text), x=x, y=y, font_size=size, **more)

    def path(self, points: Iterable[tuple[float, float]], stroke: str, **more: float | str) -> None:
        """A line through points."""
        data = " ".join(f"{'L' if place else 'M'}{_text(x)} {_text(y)}" for place, (x, y) in enumerate(points))
        more.setdefault("stroke_width", 1.6)
        more.setdefault("fill", "none")
        if data:
            self.add("path", d=data, stroke=stroke, **more)

    def pattern(self, name: str, marks: str) -> None:
        """White marks to lay over a colour, to be told apart without it; an SVG path in a tile of 8 by 8."""
        body = f'<path d="{marks}" stroke="#ffffff" stroke-width="1.3" fill="none"/>'
        self._parts.append(f'<pattern id="{name}" width="8" height="8" patternUnits="userSpaceOnUse">{body}</pattern>')

    def render(self) -> str:
        width, height = _text(float(self.width)), _text(float(self.height))
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" role="img" font-family={quoteattr(FONT)}>'
        )
        told = f"<title>{escape(self.title)}</title>"
        if self.description:
            told += f"<desc>{escape(self.description)}</desc>"
        return head + told + "".join(self._parts) + "</svg>"


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers that cover low to high."""
    if high <= low:
        return [low]
    raw = (high - low) / wanted
    magnitude = 10.0 ** len(str(int(raw))) / 10 if raw >= 1 else 1.0
    while magnitude > raw:
        magnitude /= 10
    step = next(magnitude * factor for factor in (1, 2, 2.5, 5, 10) if magnitude * factor >= raw)
    first = int(low / step) - 1
    marks = [round((first + place) * step, 9) for place in range(wanted * 3 + 4)]
    return [mark for mark in marks if low - 1e-9 <= mark <= high + 1e-9]
