"""`plugfest judge`: a capture file or a run's transcript, judged by the rules, as a table or as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

import harness.rules.cross_protocol
import harness.rules.iso15118_2
import harness.rules.iso15118_20  # noqa: F401 - importing a rule folder registers its rules
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
    events, notes = _evidence(path, keylog)
    return {"sessions": [_session(one) for one in sessions(events)], "notes": list(notes)}


def _evidence(path: Path, keylog: Path | None) -> tuple[list[Event], tuple[str, ...]]:
    if path.is_dir():
        files = sorted(path.rglob("*.jsonl"))
        if not files:
            raise CaptureError(f"{path}: no transcript in this folder; give a run's folder or a capture file")
        found = [event for file in files for event in read_events(file)]
        return found, ()
    with path.open("rb") as file:
        begins = file.read(1)
    if begins == b"{":
        return list(read_events(path)), ()
    capture = read_capture(path, keylog)
    return list(capture.events), capture.notes


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
    told: dict[str, Any] = {
        "protocol": session.protocol,
        "verdict": str(verdict_of(session, findings)),
        "messages": len(session.messages),
        "findings": [_finding(one) for one in findings],
    }
    problem = session.tls.get("problem")
    return told | ({"problem": problem} if problem else {})


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "requirement": one.requirement,
        "severity": str(one.severity),
        "side": SIDES.get(one.side, NO_SIDE),
        "message": one.message,
        "reason": one.reason,
    }


def as_text(judged: dict[str, Any]) -> str:
    """The same for a reader."""
    lines = [f"note: {one}" for one in judged["notes"]]
    for number, session in enumerate(judged["sessions"], 1):
        head = f"session {number}: {session['protocol']}, {session['messages']} messages: {session['verdict']}"
        lines.append(head + (f" ({session['problem']})" if "problem" in session else ""))
        for one in session["findings"]:
            where = f"message {one['message']}" if one["message"] else "session"
            lines.append(f"  {one['severity']:4}  {one['side']:8} {where:12} {one['reason']}  [{one['requirement']}]")
    return "\n".join(lines or ["no V2G session found"])


def command(
    evidence: Annotated[Path, typer.Argument(help="a run's folder, a transcript, or a pcap or pcapng capture")],
    keylog: Annotated[Path | None, typer.Option(help="NSS key log file of the TLS sessions in a capture")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object instead of text")] = False,
) -> None:
    """Judge recorded V2G sessions by every rule. Exits 0 when every session passes, 1 when one does not."""
    try:
        judged = judge_capture(evidence, keylog)
    except (CaptureError, OSError) as problem:
        print(problem, file=sys.stderr)
        raise typer.Exit(BAD_USAGE) from None
    print(json.dumps(judged, indent=2, ensure_ascii=False) if as_json else as_text(judged))
    passed = all(one["verdict"] == Verdict.PASS for one in judged["sessions"])
    raise typer.Exit(0 if passed and judged["sessions"] else 1)
