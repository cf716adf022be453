"""The published schema of report.json, made from the document's classes: `python -m reports.schema` writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from reports.document import Document

PATH = Path(__file__).with_name("report.schema.json")


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a report."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Plugfest report",
        **msgspec.json.schema(Document),
    }


def text() -> str:
    return msgspec.json.format(msgspec.json.encode(schema(), order="deterministic"), indent=1).decode() + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
