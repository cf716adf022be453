"""What the operator's page shows: kept here, so that a tablet that comes late or again sees the same."""

from __future__ import annotations

from collections import deque
from typing import Any

from drivers.roles import Prompt
from harness.transcript.event import Event
from harness.transcript.titles import RunningTitles
from harness.transcript.visible import visible

_ENTRIES, _POINTS, _RESULTS, _NOTICES = 200, 1200, 300, 20
_LEFT_OUT = frozenset({"scpi", "modbus", "reading", "step", "case"})
"""Kinds that are shown elsewhere, or that come several times a second and tell nothing new."""
_LONGEST = 200

Message = dict[str, Any]


class Scene:
    """All state of the page; belongs to the server's thread."""

    def __init__(self) -> None:
        self.name = ""
        """Who answered last."""
        self._titles = RunningTitles()
        self._case: Message = {}
        self._steps: list[str] = []
        self._prompt: Message | None = None
        self._entries: deque[list[Any]] = deque(maxlen=_ENTRIES)
        self._points: deque[list[float | None]] = deque(maxlen=_POINTS)
        self._results: deque[list[str]] = deque(maxlen=_RESULTS)
        self._notices: deque[str] = deque(maxlen=_NOTICES)
        self._fresh: dict[str, list[Any]] = {}
        self._waiting: list[Message] = []

    def whole(self) -> Message:
        """Everything, for a page that has just connected."""
        return {
            "case": self._case,
            "steps": self._steps,
            "prompt": self._prompt,
            "entries": list(self._entries),
            "points": list(self._points),
            "results": list(self._results),
            "notices": list(self._notices),
        }

    def news(self) -> list[Message]:
        """What is new since the last call."""
        self._flush()
        news, self._waiting = self._waiting, []
        return news

    def _flush(self) -> None:
        if self._fresh:
            self._waiting.append({"more": self._fresh})
            self._fresh = {}

    def asked(self, number: int, prompt: Prompt) -> None:
        self._prompt = {
            "number": number,
            "text": visible(prompt.text),
            "kind": prompt.kind,
            "choices": [visible(one, 100) for one in prompt.choices],
        }
        self._waiting.append({"prompt": self._prompt})

    def settled(self, number: int) -> None:
        if self._prompt and self._prompt["number"] == number:
            self._prompt = None
            self._waiting.append({"prompt": None})

    def noticed(self, text: str) -> None:
        self._notices.append(visible(text))
        self._waiting.append({"notice": visible(text)})

    def happened(self, event: Event) -> None:
        data = event.data
        if event.kind == "case":
            self._turn(event)
        elif event.kind == "step":
            self._steps.append(visible(data.get("text", ""), _LONGEST))
            self._add("steps", self._steps[-1])
        elif event.kind == "reading" and event.channel == "power_analyser":
            voltage, current = data.get("dc_voltage_v"), data.get("dc_current_a")
            if voltage is None:
                voltage, current = data.get("voltage_v"), data.get("current_a")
            point = [round(event.at_s, 2), voltage, current, data.get("active_w")]
            self._points.append(point)
            self._add("points", point)
        elif event.kind not in _LEFT_OUT:
            ends = " → ".join(visible(one, 40) for one in (event.source, event.target) if one)
            title = visible(self._titles.of(event), _LONGEST)
            entry = [round(event.at_s, 2), visible(event.channel, 40), ends, title]
            self._entries.append(entry)
            self._add("entries", entry)

    def _turn(self, event: Event) -> None:
        case = visible(event.data.get("id", ""), 80)
        if event.data.get("what") == "begin":
            self._case = {"id": case, "subject": visible(event.data.get("subject", ""), 80), "at_s": event.at_s}
            self._steps.clear()
            self._entries.clear()
            self._titles = RunningTitles()
            self._flush()
            self._waiting.append({"case": self._case})
            self._points.append([round(event.at_s, 2), None, None, None])  # nothing was measured in between
            self._add("points", self._points[-1])
        else:
            result = [
                case,
                self._case.get("subject", ""),
                str(event.data.get("verdict")),
                str(event.data.get("side") or ""),
            ]
            self._results.append(result)
            self._add("results", result)

    def _add(self, name: str, value: Any) -> None:
        self._fresh.setdefault(name, []).append(value)
