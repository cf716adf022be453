"""`plugfest judge`: a capture file or a run's transcript, judged by the rules, as a table or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

import harness.rules.cross_protocol
import harness.rules.iso15118_2
import harness.rules.iso15118_20  # noqa: F401 - importing a rule folder registers its rules
from harness.rules.judge import own_conduct
from harness.rules.rule import judge
from harness.transcript.capture.files import CaptureError
from harness.transcript.capture.reader import read_capture
from harness.transcript.decoding import sessions
from harness.transcript.event import Event
from harness.transcript.recorder import read_events
from harness.transcript.v2g import V2GSession
from harness.verdict import Finding, Severity, Side, Verdict

NO_SIDE = "unknown"
SIDES = {Side.VEHICLE: "vehicle", Side.STATION: "charger"}
TRANSCRIPT = "transcript.jsonl"
BAD_USAGE = 4
CROSS = "cross-protocol"


def judge_capture(path: Path, keylog: Path | None = None) -> dict[str, Any]:
    """Judge a capture (pcap, pcapng), a transcript file, or a run's folder of them: `plugfest judge --json` as a dict.

    Raises CaptureError if the file can't be understood, OSError if it can't be read.
    """
    return judge_evidence(path, keylog)[0]


def judge_evidence(path: Path, keylog: Path | None = None) -> tuple[dict[str, Any], list[str]]:
    """The same, and what could not be read of the evidence."""
    told: list[dict[str, Any]] = []
    notes: list[str] = []
    for events, remarks in _records(path, keylog):
        notes += remarks
        for one in sessions(own_conduct(events)):
            told.append(_session(one))
            if one.tls.get("problem"):
                notes.append(f"session {len(told)}: {one.tls['problem']}")
    return {"sessions": told}, notes


def _records(path: Path, keylog: Path | None) -> Iterator[tuple[list[Event], tuple[str, ...]]]:
    """Each record on its own: a capture, a transcript, or every transcript of a run's folder."""
    if path.is_dir():
        files = sorted(path.rglob(TRANSCRIPT))
        if not files:
            raise CaptureError(f"{path}: no {TRANSCRIPT} in this folder; give a run's folder or a capture file")
        yield from ((list(read_events(file)), ()) for file in files)
        return
    with path.open("rb") as file:
        begins = file.read(1)
    if begins == b"{":
        try:
            yield list(read_events(path)), ()
        except msgspec.DecodeError as problem:
            raise CaptureError(f"{path}: not a transcript: {problem}") from problem
    else:
        capture = read_capture(path, keylog)
        yield list(capture.events), capture.notes


def verdict_of(session: V2GSession, findings: list[Finding]) -> Verdict:
    """Fail if any rule failed; inconclusive if there is nothing that could be judged."""
    if any(one.severity is Severity.FAIL for one in findings):
        return Verdict.FAIL
    readable = any(one.content is not None for one in session.messages)
    return Verdict.PASS if readable else Verdict.INCONCLUSIVE


def judge_session(session: V2GSession) -> list[Finding]:
    """All findings of the session's protocol, and of what must agree across protocols."""
    found = judge(session, session.protocol) + (judge(session, CROSS) if session.events else [])
    return sorted(found, key=lambda one: (one.message or 0, one.rule))


def _session(session: V2GSession) -> dict[str, Any]:
    findings = judge_session(session)
    return {
        "protocol": session.protocol,
        "verdict": str(verdict_of(session, findings)),
        "messages": len(session.messages),
        "findings": [_finding(one, session) for one in findings],
    }


def _finding(one: Finding, session: V2GSession) -> dict[str, Any]:
    """A finding that rests on no message (discovery, say) is told with the session's first."""
    return {
        "rule": one.rule,
        "requirement": one.requirement,
        "severity": str(one.severity),
        "side": SIDES.get(one.side, NO_SIDE),
        "message": one.message or (1 if session.messages else None),
        "reason": one.reason,
    }


def as_text(judged: dict[str, Any]) -> str:
    """The same for a reader."""
    lines = []
    for number, session in enumerate(judged["sessions"], 1):
        head = f"session {number}: {session['protocol']}, {session['messages']} messages"
        lines.append(f"{head}: {session['verdict']}")
        for one in session["findings"]:
            where = f"message {one['message']}"
            lines.append(f"  {one['severity']:4}  {one['side']:8} {where:12} {one['reason']}  [{one['requirement']}]")
    return "\n".join(lines or ["no V2G session found"])


def command(
    evidence: Annotated[Path, typer.Argument(help="a run's folder, a transcript, or a pcap or pcapng capture")],
    keylog: Annotated[Path | None, typer.Option(help="NSS key log file of the TLS sessions in a capture")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object instead of text")] = False,
) -> None:
    """Judge recorded V2G sessions by every rule. Exits 0 when every session passes, 1 when one does not."""
    try:
        judged, notes = judge_evidence(evidence, keylog)
    except (CaptureError, OSError) as problem:
        print(problem, file=sys.stderr)
        raise typer.Exit(BAD_USAGE) from None
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    print(json.dumps(judged, indent=2, ensure_ascii=False) if as_json else as_text(judged))
    passed = all(one["verdict"] == Verdict.PASS for one in judged["sessions"])
    raise typer.Exit(0 if passed and judged["sessions"] else 1)
