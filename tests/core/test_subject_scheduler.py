"""Workers share a campaign by subject, and a long programme of one subject in shares."""

from __future__ import annotations

from harness.subject_scheduler import SHARE, SubjectScheduler


def test_a_subject_with_many_cases_is_shared_and_a_small_one_is_not():
    scheduler = SubjectScheduler.__new__(SubjectScheduler)
    scheduler._share = SHARE
    many = [f"test_many.py::test_{number}[V-01+S-01]" for number in range(SHARE + 1)]
    few = [f"test_few.py::test_{number}[C-01]" for number in range(3)]
    scheduler.collection = [*many, *few]
    scopes = [scheduler._split_scope(one) for one in scheduler.collection]
    assert scopes == ["V-01+S-01]#0"] * SHARE + ["V-01+S-01]#1"] + ["C-01]#0"] * 3
