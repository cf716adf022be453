"""The manifest notices any changed octet and names the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.campaign.evidence import Changed, adopt, attempt_folder, collect, read_manifest, verify, write_manifest


@pytest.fixture
def run(tmp_path: Path) -> Path:
    for attempt in ("b3-00001", "b3-00002"):
        (attempt_folder(tmp_path, attempt) / "transcript.jsonl").write_text('{"number":1}\n')
    (tmp_path / "store.sqlite").write_bytes(b"store")
    write_manifest(tmp_path)
    return tmp_path


def test_an_untouched_run_verifies_and_the_manifest_is_made_again_byte_for_byte(run):
    first = (run / "manifest.json").read_bytes()
    write_manifest(run)
    assert (run / "manifest.json").read_bytes() == first
    assert verify(run) == []
    assert [file.media_type for file in read_manifest(run)] == [
        "application/jsonl",
        "application/jsonl",
        "application/vnd.sqlite3",
    ]


def test_one_changed_octet_is_found_and_the_file_named(run):
    path = run / "evidence" / "b3-00002" / "transcript.jsonl"
    path.write_text('{"number":2}\n')
    (problem,) = verify(run)
    assert problem.path == "evidence/b3-00002/transcript.jsonl"
    assert problem.what.startswith("changed")


def test_a_missing_and_an_added_file_are_found(run):
    (run / "evidence" / "b3-00001" / "transcript.jsonl").unlink()
    (run / "evidence" / "b3-00001" / "note.txt").write_text("slipped in")
    assert verify(run) == [
        Changed("evidence/b3-00001/note.txt", "not in the manifest"),
        Changed("evidence/b3-00001/transcript.jsonl", "missing"),
    ]


def test_a_run_without_manifest_cannot_be_verified(tmp_path):
    with pytest.raises(FileNotFoundError):
        verify(tmp_path)


def test_evidence_of_another_bench_is_taken_over_beside_ours(run, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (attempt_folder(other, "b4-00001") / "series.csv").write_text("at_s\n")
    adopt(run, other)
    assert [file.path for file in collect(run, "b4-00001")] == ["evidence/b4-00001/series.csv"]
    assert len(collect(run, "b3-00001")) == 1
