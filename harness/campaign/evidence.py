"""Evidence: the files beside the store, and the manifest that notices any changed octet.

    runs/<run id>/store.sqlite
    runs/<run id>/evidence/<attempt id>/transcript.jsonl, v2g.pcapng, series.csv, ...
    runs/<run id>/manifest.json            SHA-256, size and media type of every other file of the run folder

`series.csv` holds what was measured: a header line, then `at_s` and one column per quantity with its unit in the name
(`active_w`, `setpoint_w`, `voltage_v`, `current_a`, `soc_percent`, ...).
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.campaign.records import EvidenceFile

STORE = "store.sqlite"
MANIFEST = "manifest.json"
SIGNATURE = "manifest.signature.json"
REPORT = "report"
_UNSIGNED = {MANIFEST, SIGNATURE, f"{STORE}-wal", f"{STORE}-shm"}

_MEDIA_TYPES = {
    ".jsonl": "application/jsonl",
    ".json": "application/json",
    ".pcapng": "application/x-pcapng",
    ".csv": "text/csv",
    ".txt": "text/plain",
    ".log": "text/plain",
    ".keylog": "text/plain",
    ".yaml": "application/yaml",
    ".sqlite": "application/vnd.sqlite3",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".blf": "application/x-can-log",
}
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Changed:
    """A file that is not as the manifest says: changed, missing, or never listed."""

    path: str
    what: str


def attempt_folder(run: Path, attempt: str) -> Path:
    """The folder for an attempt's evidence, made if needed."""
    folder = run / "evidence" / attempt
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def collect(run: Path, attempt: str) -> list[EvidenceFile]:
    """Everything in an attempt's folder, hashed. Call it when the files are closed."""
    return [describe(run, path) for path in _files(attempt_folder(run, attempt))]


def describe(run: Path, path: Path) -> EvidenceFile:
    """One file's place, hash, kind and size."""
    return EvidenceFile(
        path=path.relative_to(run).as_posix(),
        sha256=sha256(path),
        media_type=_MEDIA_TYPES.get(path.suffix, "application/octet-stream"),
        bytes=path.stat().st_size,
    )


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def write_manifest(run: Path) -> Path:
    """List every file of a finished (sealed) run; the file appears whole or not at all."""
    files = [describe(run, path) for path in _files(run) if path.relative_to(run).as_posix() not in _UNSIGNED]
    text = msgspec.json.format(msgspec.json.encode({"version": 1, "files": files}, order="deterministic"), indent=1)
    manifest = run / MANIFEST
    partial = run / f"{MANIFEST}.part"
    partial.write_bytes(text + b"\n")
    partial.replace(manifest)
    return manifest


def read_manifest(run: Path) -> list[EvidenceFile]:
    """What the manifest lists; raises FileNotFoundError if the run was never finished."""
    document = msgspec.json.decode((run / MANIFEST).read_bytes())
    return msgspec.convert(document["files"], list[EvidenceFile])


def verify(run: Path) -> list[Changed]:
    """Every file against the manifest; empty if not one octet differs."""
    listed = {file.path: file for file in read_manifest(run)}
    found = {path.relative_to(run).as_posix(): path for path in _files(run)}
    problems = [Changed(path, "missing") for path in listed if path not in found]
    problems += [Changed(path, "not in the manifest") for path in found if path not in listed and path not in _UNSIGNED]
    problems += [
        Changed(path, f"changed: SHA-256 is {digest}, the manifest says {file.sha256}")
        for path, file in listed.items()
        if path in found and (digest := sha256(found[path])) != file.sha256
    ]
    return sorted(problems, key=lambda problem: problem.path)


def adopt(run: Path, other: Path) -> None:
    """Copy another run's evidence folders beside ours (for `Store.merge`); attempt ids keep them apart."""
    for folder in sorted((other / "evidence").iterdir()):
        shutil.copytree(folder, run / "evidence" / folder.name, dirs_exist_ok=True)


def _files(folder: Path) -> Iterator[Path]:
    """Every file of a run but its reports: those can be made again, from what is listed here."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.endswith(".part"))
    return (path for path in found if path.relative_to(folder).parts[0] != REPORT)
