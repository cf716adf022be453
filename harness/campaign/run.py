"""One run: a folder with the store, the evidence of every attempt, and at the end a manifest over all of it."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from drivers.roles import Identity
from harness.campaign.evidence import STORE, attempt_folder, collect, write_manifest
from harness.campaign.programme import Programme, pair_of
from harness.campaign.records import Campaign, CaseInfo, Instrument, Planned, Step, Unit
from harness.campaign.store import Store, StoreError
from harness.case import Case, Subject
from harness.clock import Clock, TimeMode
from harness.lab import Device, Lab
from harness.transcript.recorder import Recorder
from harness.usecase import Parameter, UseCase
from harness.verdict import DecisionRule

_KINDS = {"vehicle": "vehicle", "charger": "charger", "csms": "csms", "can_gateway": "gateway", "pool": "csms"}
"""Kinds of units. A pool's controller is a backend: it stands beside the CSMS."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A running attempt: its id in the store and the folder for its evidence."""

    id: str
    folder: Path


class Run:
    """A run folder that is being written. Several workers of one run may each hold one."""

    def __init__(self, folder: Path, store: Store, mode: TimeMode) -> None:
        self.folder = folder
        self.store = store
        self.mode = mode
        self.rule = DecisionRule.recorded(store.campaign().decision_rule)

    @classmethod
    def create(
        cls, folder: Path, lab: Lab, cases: Iterable[UseCase], mode: TimeMode, programme: Programme | None = None
    ) -> Run:
        """A new run folder; raises StoreError if there is one already. A campaign's plan goes before the lab's own."""
        text = lab.path.read_text(encoding="utf-8")
        cases = list(cases)
        campaign = Campaign(
            id=folder.name,
            title=f"{lab.lab.name}: {', '.join(lab.suites)}",
            origin=lab.lab.bench,
            protocol_version=f"plugfest {importlib.metadata.version('plugfest')}",
            plan_hash=_plan_hash(lab, cases),
            software=f"plugfest {importlib.metadata.version('plugfest')}",
            lab_config=text,
            lab_config_hash=hashlib.sha256(text.encode()).hexdigest(),
            laboratory=lab.lab.name,
            place=lab.lab.place,
            bench=lab.lab.bench,
            clock_source="monotonic clock of the bench computer",
            time_mode=mode,
            retest_rule=str(lab.retest),
            started_utc_us=round(datetime.now(UTC).timestamp() * 1e6),
        )
        if (folder / STORE).exists():
            raise StoreError(f"{folder} holds a run already: go on with it (--resume), or choose another folder")
        draft = folder / f"{STORE}.draft"
        with Store.create(draft, programme.heads(campaign) if programme else campaign) as store:
            units = programme.plan.units() if programme else []
            known = {unit.key for unit in units}
            units += [unit for unit in _units(lab) if unit.key not in known]
            store.describe(units=units, cases=[_info(case) for case in cases])
            if programme:
                store.plan(programme.cells)
                store.rule_out_all(programme.ruled_out)
            store.seal()
        draft.rename(folder / STORE)  # whoever kills us finds a whole plan, or no run at all
        return cls.open(folder, mode)

    @classmethod
    def open(cls, folder: Path, mode: TimeMode) -> Run:
        """An existing run, to go on with; raises StoreError with the way out."""
        if folder.is_dir() and not (folder / STORE).exists():
            raise StoreError(
                f"{folder} has no {STORE}: if it is a run's folder, that run was ended before its plan was written; "
                "nothing was tested and nothing is lost, so start it anew without --resume"
            )
        return cls(folder, Store.open(folder / STORE), mode)

    def plan(self, cells: Iterable[tuple[UseCase, Subject]]) -> None:
        self.store.plan(cell(case, subject) for case, subject in cells)

    def describe_instruments(self, found: Iterable[tuple[Device, str, Identity]]) -> None:
        """Who the instruments say that they are, with the calibration that the lab file knows."""
        self.store.describe(instruments=[_instrument(*one) for one in found])

    def begin(self, case: UseCase, subject: Subject, parameters: dict[str, Parameter], at_utc_us: int) -> Attempt:
        identifier = self.store.begin(
            case.id, pair_of(subject), parameters, at_utc_us=at_utc_us, time_mode=str(self.mode)
        )
        return Attempt(identifier, attempt_folder(self.folder, identifier))

    def recorder(self, attempt: Attempt, clock: Clock) -> Recorder:
        return Recorder(clock, attempt.folder / "transcript.jsonl")

    def finish(self, attempt: Attempt, case: Case, exit_reason: str = "completed") -> None:
        """Close the transcript, hash the evidence, and add the result."""
        at_utc_us = case.recorder.clock.utc_us()
        case.recorder.close()
        self.store.finish(
            attempt.id,
            case.verdict,
            at_utc_us=at_utc_us,
            side=case.side,
            kind=None if case.verdict.good else case.kind,
            reason=case.reason,
            exit_reason=exit_reason,
            findings=case.findings,
            measurements=case.measurements,
            steps=[Step(at_s, text, case.answers.get(place, "")) for place, (at_s, text) in enumerate(case.steps)],
            evidence=collect(self.folder, attempt.id),
        )

    def seal(self) -> None:
        """The run is over: one store file, and the manifest with the hash of every file."""
        self.store.seal()
        self.store.close()
        write_manifest(self.folder)


def cell(case: UseCase, subject: Subject) -> Planned:
    """The plan's cell for a case on a subject."""
    return Planned(case.id, pair_of(subject))


def new_folder(root: Path, at: datetime) -> Path:
    """`root/<UTC time>`, with a number behind it if that is taken."""
    stem = at.strftime("%Y-%m-%dT%H%M%SZ")
    for number in range(1, 1000):
        folder = root / (stem if number == 1 else f"{stem}-{number}")
        try:
            os.makedirs(folder)
        except FileExistsError:
            continue
        return folder
    raise StoreError(f"{root} holds a thousand runs of {stem}; clear it or choose another --out")


def _instrument(device: Device, role: str, identity: Identity) -> Instrument:
    calibration = device.calibration
    return Instrument(
        role,
        identity.maker,
        identity.model,
        identity.serial,
        identity.firmware,
        certificate=calibration.certificate if calibration else "",
        calibrated=str(calibration.date or "") if calibration else "",
        calibration_due=str(calibration.due) if calibration else "",
        emulated=device.emulator is not None,
    )


def _info(case: UseCase) -> CaseInfo:
    return CaseInfo(case.id, case.title, case.sut, case.protocol, requirements=case.requirements)


def _units(lab: Lab) -> list[Unit]:
    return [
        Unit(device.id, kind, bool(device.emulator), dict(device.identity), {}, dict(device.pics))
        for role, kind in _KINDS.items()
        for device in lab.devices(role)
    ]


def _plan_hash(lab: Lab, cases: list[UseCase]) -> str:
    plan = {
        "cases": [[case.id, sorted(case.parameters.items())] for case in sorted(cases, key=lambda one: one.id)],
        "parameters": lab.parameters,
        "limits": lab.limits,
    }
    return hashlib.sha256(json.dumps(plan, sort_keys=True, default=str).encode()).hexdigest()
