"""Lines of Python source, indented, and the running of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Uncommon(Exception):
    """Raised by compiled code for a stream or a message that the event-wise reader or writer must look at."""


class Source:
    """Collects a function's lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._indent = 0

    def line(self, text: str) -> None:
        """One line at the current depth."""
        self.lines.append("    " * self._indent + text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """A line and what is indented under it."""
        self.line(head)
        self._indent += 1
        yield
        self._indent -= 1

    def function(self, name: str, names: dict[str, Any]) -> Any:
        """Define the function within these global names and return it."""
        text = "\n".join(self.lines) + "\n"
        exec(compile(text, f"<compiled {name}>", "exec"), names)
        return names[name]
