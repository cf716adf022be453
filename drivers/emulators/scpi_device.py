"""A SCPI instrument without I/O: header matching in long and short form, compound messages, an error queue.

Commands are methods marked with `@scpi(pattern)`. In a pattern capitals are the short form, brackets enclose what may
be left out and `<n>` a numeric suffix: `@scpi("[:SOURce]:VOLTage[:LEVel]")`. A pattern ending in `?` is a query.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from drivers.emulators.line import Answer, LineDevice

Function = TypeVar("Function", bound=Callable[..., Any])


class ScpiError(Exception):
    """Goes into the instrument's error queue."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__(text)
        self.number = number


@dataclass(frozen=True, slots=True)
class Dialect:
    """Numbers of the error queue's entries, as the maker chose them."""

    undefined: int = -113
    parameter: int = -104
    choice: int = -224
    range: int = -222
    execution: int = -200
    overflow: int = -350


def scpi(pattern: str) -> Callable[[Function], Function]:
    """Mark a method as the handler of a command; it gets suffixes as int, then parameters as text."""

    def mark(function: Function) -> Function:
        patterns = function.__dict__.setdefault("scpi_patterns", [])
        patterns.append(_compiled(pattern))
        return function

    return mark


def _compiled(pattern: str) -> re.Pattern[str]:
    expression = ""
    for part in re.findall(r"\[|\]|<n>|:|\*|\?|[A-Za-z0-9]+", pattern):
        if part == "[":
            expression += "(?:"
        elif part == "]":
            expression += ")?"
        elif part == "<n>":
            expression += r"(\d+)"
        elif part in ("*", "?"):
            expression += re.escape(part)
        elif part == ":":
            expression += ":"
        else:
            short = "".join(letter for letter in part if not letter.islower())
            rest = part[len(short) :]
            expression += f"{short}(?:{rest.upper()})?" if rest else short
    return re.compile(expression, re.IGNORECASE)


class ScpiDevice(LineDevice):
    """Answers SCPI messages. Subclasses bring marked methods and `identity`."""

    identity: tuple[str, str, str, str] = ("", "", "", "")
    dialect: ClassVar[Dialect] = Dialect()
    error_depth = 16
    separator = ";"
    _handlers: ClassVar[list[tuple[re.Pattern[str], str]]] = []
    _known: ClassVar[dict[str, tuple[str, tuple[int, ...]] | None]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._known = {}
        cls._handlers = [
            (pattern, name)
            for name in dir(cls)
            for pattern in getattr(getattr(cls, name), "__dict__", {}).get("scpi_patterns", ())
        ]

    def __init__(self, defects: Collection[str] = ()) -> None:
        super().__init__(defects)
        self.errors: deque[tuple[int, str]] = deque()
        self.now_s = 0.0

    def handle(self, line: str, now_s: float) -> list[Answer]:
        self.now_s = now_s
        answers: list[str] = []
        path = ""
        for unit in filter(None, (part.strip() for part in line.split(";"))):
            header, _, rest = unit.partition(" ")
            parameters = [part.strip() for part in rest.split(",")] if rest.strip() else []
            try:
                answer, path = self._dispatch(header, parameters, path)
            except ScpiError as problem:
                self.fault(problem.number, str(problem))
                continue
            if answer is not None:
                answers.append(answer)
        return [Answer(self.separator.join(answers))] if answers else []

    def _dispatch(self, header: str, parameters: Sequence[str], path: str) -> tuple[str | None, str]:
        """Call the handler. A header without a leading colon is first looked for beside the one before it."""
        absolute = header if header[0] in ":*" else ":" + header
        for candidate in (path + absolute, absolute) if path and header[0] not in ":*" else (absolute,):
            if found := self._handler(candidate):
                name, suffixes = found
                try:
                    answer = getattr(self, name)(*suffixes, *parameters)
                except TypeError:
                    raise ScpiError(self.dialect.parameter, "Parameter count or type") from None
                return answer, candidate.rpartition(":")[0] if candidate[0] == ":" else path
        raise ScpiError(self.dialect.undefined, "Undefined header")

    @classmethod
    def _handler(cls, header: str) -> tuple[str, tuple[int, ...]] | None:
        """The method that a header calls, and its numeric suffixes; looked for once."""
        if header not in cls._known:
            matches = ((name, pattern.fullmatch(header)) for pattern, name in cls._handlers)
            found = next(((name, match) for name, match in matches if match), None)
            suffixes = tuple(int(group) for group in found[1].groups() if group) if found else ()
            cls._known[header] = (found[0], suffixes) if found else None
        return cls._known[header]

    def fault(self, number: int, text: str) -> None:
        """Put an entry into the error queue."""
        if len(self.errors) < self.error_depth:
            self.errors.append((number, text))
        else:
            self.errors[-1] = (self.dialect.overflow, "Queue overflow")

    def next_error(self) -> str:
        number, text = self.errors.popleft() if self.errors else (0, "No error")
        return f'{number},"{text}"'

    def number(self, text: str, low: float, high: float) -> float:
        """A numeric parameter, its unit letters dropped; out of range is an error of the queue."""
        match = re.fullmatch(r"([-+]?[0-9.]+(?:[eE][-+]?\d+)?)\s*[A-Za-z]*", text)
        if not match:
            raise ScpiError(self.dialect.parameter, "Data type error")
        value = float(match.group(1))
        if not low <= value <= high:
            raise ScpiError(self.dialect.range, "Data out of range")
        return value

    def boolean(self, text: str) -> bool:
        words = {"ON": True, "1": True, "OFF": False, "0": False}
        if text.upper() not in words:
            raise ScpiError(self.dialect.choice, "Illegal parameter value")
        return words[text.upper()]

    @scpi("*IDN?")
    def idn(self) -> str:
        return ",".join(self.identity)

    @scpi("*CLS")
    def clear_status(self) -> None:
        self.errors.clear()

    @scpi("*OPC?")
    def complete(self) -> str:
        return "1"
