"""What the documents hold: code blocks by language, links, and the anchors that links may point to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCUMENTS = (README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")))

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block of a document."""

    document: Path
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document.name}: {self.text.strip().splitlines()[0][:40]}"


def blocks(language: str, *documents: Path) -> list[Block]:
    """All fenced blocks of one language."""
    return [
        Block(document, found[1], found[2])
        for document in documents or DOCUMENTS
        for found in _FENCE.finditer(document.read_text(encoding="utf-8"))
        if found[1] == language
    ]


def commands(*documents: Path) -> list[str]:
    """Every shell command line, without its comment."""
    lines = (line for block in blocks("sh", *documents) for line in block.text.splitlines())
    return [line.partition("  #")[0].strip() for line in lines if line.strip() and not line.startswith("#")]


def links() -> Iterator[tuple[Path, str]]:
    """(document, target) of every link that stays inside the project."""
    for document in DOCUMENTS:
        for target in _LINK.findall(_FENCE.sub("", document.read_text(encoding="utf-8"))):
            if "://" not in target:
                yield document, target


def anchors(document: Path) -> set[str]:
    """The anchors that a document's headings make."""
    headings = _HEADING.findall(_FENCE.sub("", document.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
