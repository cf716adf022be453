"""All rules of some protocols over one transcript."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import harness.rules
from harness.rules.rule import RULES, Rule, judge
from harness.transcript import ocpp
from harness.transcript.decoding import sessions as v2g_sessions
from harness.transcript.event import Event
from harness.verdict import Finding


def _sessions_of(protocol: str, events: Sequence[Event]) -> Iterable[Any]:
    return [one for one in v2g_sessions(events) if one.protocol == protocol]


VIEWS: dict[str, Callable[[Sequence[Event]], Iterable[Any]]] = {
    "iso15118-20": partial(_sessions_of, "iso15118-20"),
    "iso15118-2": partial(_sessions_of, "iso15118-2"),
    "din70121": partial(_sessions_of, "din70121"),
    "cross-protocol": v2g_sessions,
    "ocpp2.1": ocpp.sessions,
}
"""How a protocol's rules want to see a transcript: as a list of sessions."""


def load_rules() -> dict[str, Rule]:
    """Import every rule module under harness/rules/ and return the registry."""
    for module in pkgutil.walk_packages(harness.rules.__path__, f"{harness.rules.__name__}."):
        importlib.import_module(module.name)
    return RULES


def judge_transcript(events: Sequence[Event], protocols: Collection[str]) -> list[Finding]:
    """Findings of the rules of these protocols, session by session."""
    load_rules()
    conduct = list(own_conduct(events))
    return [
        finding
        for protocol in protocols
        for session in VIEWS[protocol](conduct)
        for finding in judge(session, protocol)
    ]


def own_conduct(events: Iterable[Event]) -> Iterator[Event]:
    """Without what the V2G link did after we pulled the plug: a session torn apart by the bench is nobody's conduct."""
    pulled = False
    for event in events:
        if event.kind == "bench" and event.data.get("what") in ("unplug", "plug"):
            pulled = event.data["what"] == "unplug"
        if not (pulled and event.kind.startswith("v2g.")):
            yield event
