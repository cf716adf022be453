"""YAML whose keys know their line and column, so that a complaint can say where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Where = tuple[str | int, ...]
"""Keys and list positions from the top."""


class YamlProblem(ValueError):
    """The file cannot be read, is not YAML, or has a key twice; `problems` holds one line of text each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass
class MarkedYaml:
    """A file's content, and the place of every key."""

    path: Path
    content: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    _places: dict[Where, str] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path, option: str, expected: str) -> MarkedYaml:
        """Read a file whose top is a mapping; raises YamlProblem. `option` and `expected` go into the refusal."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as problem:
            why = getattr(problem, "strerror", None) or problem
            raise YamlProblem([f"{path}: cannot be read: {why}; give an existing file to {option}"]) from None
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
            found = cls(path, text=text)
            problems = list(found._walk(root, ())) if isinstance(root, yaml.MappingNode) else []
            content = yaml.safe_load(text)
        except yaml.YAMLError as problem:
            raise YamlProblem([_not_yaml(path, problem)]) from None
        if not isinstance(content, dict):
            raise YamlProblem([f"{path}:1:1: expected a mapping with the keys {expected}"])
        if problems:
            raise YamlProblem(problems)
        found.content = content
        return found

    def knows(self, where: Where) -> bool:
        """Whether the file has this place."""
        return where in self._places

    def complaint(self, where: Where, why: str) -> str:
        """One line: file, line and column of the nearest known place, key, and why."""
        places = (self._places.get(where[:length]) for length in range(len(where), 0, -1))
        at = next((place for place in places if place), "1:1")
        return f"{self.path}:{at}: {'.'.join(map(str, where))}: {why}"

    def _walk(self, node: yaml.Node, where: Where) -> Iterator[str]:
        """Note the place of every key; yield keys that stand twice."""
        self._places.setdefault(where, _place(node))
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                name = str(key.value)
                self._places[(*where, name)] = _place(key)
                if name in seen:
                    yield self.complaint((*where, name), "stands twice; keep one")
                seen.add(name)
                yield from self._walk(value, (*where, name))
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                yield from self._walk(value, (*where, index))


_YAML_HINTS = {
    "'\\t'": "indent with blanks, YAML takes no tabs",
    "expected ':'": "after a key comes a colon and a blank",
    "<block end>": "keys of one level begin in one column",
    "mapping values": "quote a text that has a colon followed by a blank",
    "expected ',' or": "a bracket or brace is not closed",
}


def _not_yaml(path: Path, problem: yaml.YAMLError) -> str:
    """What is wrong with a file that is no YAML, at the line where it begins."""
    if not isinstance(problem, yaml.MarkedYAMLError) or not problem.problem_mark:
        return f"{path}: not YAML: {problem}"
    text = problem.problem or "cannot be read"
    unclosed = problem.context_mark and "expected ':'" in text  # found on the line after the one that lacks it
    mark = problem.context_mark if unclosed else problem.problem_mark
    assert mark
    hint = next((f"; {hint}" for part, hint in _YAML_HINTS.items() if part in text), "")
    return f"{path}:{mark.line + 1}:{mark.column + 1}: not YAML: {text}{hint}"


def _place(node: yaml.Node) -> str:
    return f"{node.start_mark.line + 1}:{node.start_mark.column + 1}"
