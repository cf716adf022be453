"""V2G messages as a reader wants them: by name, with their content."""

from __future__ import annotations

from typing import Any


def decode(_frame: bytes) -> tuple[str, Any] | None:
    return None
