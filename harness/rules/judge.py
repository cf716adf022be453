"""All rules of some protocols over one transcript."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import harness.rules
from harness.rules.rule import RULES, Rule, judge
from harness.transcript.decoding import sessions as v2g_sessions
from harness.transcript.event import Event
from harness.transcript.ocpp import sessions as ocpp_sessions
from harness.verdict import Finding

VIEWS: dict[str, Callable[[Sequence[Event]], Iterable[Any]]] = {
    "iso15118-20": v2g_sessions,
    "iso15118-2": v2g_sessions,
    "cross-protocol": v2g_sessions,
    "ocpp2.1": ocpp_sessions,
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
    return [
        finding
        for protocol in protocols
        if protocol in VIEWS
        for session in VIEWS[protocol](events)
        for finding in judge(session, protocol)
    ]
