"""The store keeps every attempt, whole or not at all."""

from __future__ import annotations

import multiprocessing
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from harness.campaign.evidence import STORE, attempt_folder, collect
from harness.campaign.records import Campaign, CaseInfo, Instrument, Pair, Planned, Step, Unit
from harness.campaign.store import Store, StoreError
from harness.verdict import DecisionRule, Finding, Kind, Limit, Measurement, Severity, Side, Source, Verdict

PAIR = Pair("car-17", "cs-42")
CELLS = [Planned("A", PAIR), Planned("B", PAIR), Planned("A", Pair("", "cs-42"))]
FINDING = Finding("rule/x", "V2G20-1", Severity.FAIL, Side.STATION, "it went wrong", message=3, events=(4, 5))
MEASUREMENT = Measurement(
    "power", -9_900.0, "W", Limit(-10_100, -9_900, Source.STANDARD, "IEC 61851-1"), 25.0, Side.STATION, 12.5
)


@pytest.fixture
def store(tmp_path: Path):
    with Store.create(tmp_path / "run" / "store.sqlite", Campaign(id="c1", title="One", origin="b3")) as store:
        store.describe(
            units=[Unit("car-17", "vehicle", identity={"vin": "WVWZZZ"}), Unit("cs-42", "charger")],
            instruments=[Instrument("power_analyser", serial="91K")],
            cases=[CaseInfo("A", "first"), CaseInfo("B", "second")],
        )
        store.plan(CELLS)
        yield store


def finish(store: Store, cell: Planned, verdict: Verdict = Verdict.PASS, **result) -> str:
    attempt = store.begin(cell.case, cell.pair, {"pause_s": 20}, at_utc_us=1_000)
    store.finish(attempt, verdict, at_utc_us=2_000, **result)
    return attempt


def test_what_is_finished_is_read_back_as_it_was_written(store):
    run = store.path.parent
    attempt = store.begin("A", PAIR, {"pause_s": 20}, at_utc_us=1_000, time_mode="virtual")
    (attempt_folder(run, attempt) / "series.csv").write_text("at_s,active_w\n0,1\n")
    store.finish(
        attempt,
        Verdict.FAIL,
        at_utc_us=2_000,
        side=Side.STATION,
        kind=Kind.CONFORMANCE,
        reason="late",
        findings=[FINDING],
        measurements=[MEASUREMENT],
        steps=[Step(0.5, "plug in", "done")],
        evidence=collect(run, attempt),
    )
    (read,) = store.results()[1].attempts
    assert store.results()[1].planned == CELLS[0]
    assert (read.id, read.number, read.time_mode, read.parameters) == ("b3-00001", 1, "virtual", {"pause_s": 20})
    assert (read.verdict, read.side, read.kind, read.reason) == (
        Verdict.FAIL,
        Side.STATION,
        Kind.CONFORMANCE,
        "late",
    )
    assert read.findings == (FINDING,)
    assert read.measurements == (MEASUREMENT,)
    assert read.steps == (Step(0.5, "plug in", "done"),)
    assert [file.path for file in read.evidence] == ["evidence/b3-00001/series.csv"]


def test_a_planned_cell_without_result_is_not_run_and_never_a_pass(store):
    assert [result.verdict("last") for result in store.results()] == [Verdict.NOT_RUN] * 3


def test_a_retest_keeps_the_first_attempt_and_the_rule_says_which_counts(store):
    finish(store, CELLS[0], Verdict.FAIL)
    finish(store, CELLS[0], Verdict.PASS)
    result = store.results()[1]
    assert [one.number for one in result.attempts] == [1, 2]
    assert {rule: result.verdict(rule) for rule in ("first", "last", "best", "worst")} == {
        "first": Verdict.FAIL,
        "last": Verdict.PASS,
        "best": Verdict.PASS,
        "worst": Verdict.FAIL,
    }
    with pytest.raises(ValueError, match="attempt rule"):
        result.verdict("nicest")


@pytest.mark.parametrize("rule", DecisionRule)
def test_measurements_are_read_back_with_the_campaigns_decision_rule(tmp_path, rule):
    near = replace(MEASUREMENT, value=-9_910.0, rule=rule)
    with Store.create(tmp_path / STORE, Campaign("c", "One", decision_rule=rule)) as store:
        store.plan(CELLS[:1])
        finish(store, CELLS[0], near.verdict, measurements=[near])
        assert store.results()[0].attempts[0].measurements == (near,)


def test_a_record_that_tells_its_rule_in_words_was_decided_by_the_guard_band(tmp_path):
    with Store.create(tmp_path / STORE, Campaign("c", "One", decision_rule="guard band = U")) as store:
        store.plan(CELLS[:1])
        finish(store, CELLS[0], measurements=[MEASUREMENT])
        assert store.results()[0].attempts[0].measurements[0].rule is DecisionRule.GUARD_BAND


@pytest.mark.parametrize("rule", ["first", "last", "best", "worst"])
def test_an_interrupted_attempt_counts_only_where_there_is_no_other(store, rule):
    for number, rest in ((0, [Verdict.PASS]), (1, [])):
        finish(store, CELLS[number], Verdict.ABORTED, exit_reason="interrupted")
        for verdict in rest:
            finish(store, CELLS[number], verdict)
    found = {result.planned: result.verdict(rule) for result in store.results()}
    assert (found[CELLS[0]], found[CELLS[1]]) == (Verdict.PASS, Verdict.ABORTED)


def test_a_second_result_for_the_same_attempt_is_refused(store):
    attempt = finish(store, CELLS[0])
    with pytest.raises(StoreError, match="begin\\(\\) one"):
        store.finish(attempt, Verdict.FAIL, at_utc_us=3_000)
    assert store.results()[1].verdict("last") is Verdict.PASS


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM attempt",
        "UPDATE attempt SET verdict = 'pass'",
        "UPDATE attempt SET reason = ''",
        "UPDATE attempt SET started_utc_us = 0",
        "DELETE FROM finding",
        "UPDATE finding SET record_json = '{}'",
        "DELETE FROM measurement",
        "UPDATE measurement SET value = 0",
        "DELETE FROM step",
        "UPDATE step SET text = ''",
        "DELETE FROM evidence",
        "UPDATE evidence SET sha256 = ''",
        "INSERT INTO finding VALUES ('b3-00001', 9, '{}')",
        "INSERT INTO measurement VALUES ('b3-00001', 9, 'x', 1, 'W', 0, 1, 'field', '', 0, 'pass', 'pair', 0)",
        "INSERT INTO step VALUES ('b3-00001', 9, 0, 'x', '')",
        "INSERT INTO evidence VALUES ('b3-00001', 'x', '', '', 0)",
    ],
)
def test_the_file_itself_refuses_to_change_a_finished_attempt(store, statement):
    run = store.path.parent
    attempt = store.begin("A", PAIR, {}, at_utc_us=1_000)
    (attempt_folder(run, attempt) / "x.txt").write_text("x")
    store.finish(
        attempt,
        Verdict.FAIL,
        at_utc_us=2_000,
        findings=[FINDING],
        measurements=[MEASUREMENT],
        steps=[Step(0, "x")],
        evidence=collect(run, attempt),
    )
    other = sqlite3.connect(store.path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute(statement)
    other.close()


def test_an_attempt_of_an_unplanned_cell_is_refused(store):
    with pytest.raises(StoreError, match="plan\\(\\) it first"):
        store.begin("Z", PAIR, {}, at_utc_us=0)
    with pytest.raises(StoreError, match="plan\\(\\) it first"):
        store.rule_out(Planned("Z", PAIR), "no")


@pytest.mark.parametrize("verdict", [Verdict.NOT_RUN, Verdict.NOT_APPLICABLE])
def test_an_attempt_cannot_end_as_if_it_had_not_been_made(store, verdict):
    attempt = store.begin("A", PAIR, {}, at_utc_us=0)
    with pytest.raises(StoreError, match="no result"):
        store.finish(attempt, verdict, at_utc_us=1)


def test_an_unknown_attempt_cannot_be_finished(store):
    with pytest.raises(StoreError, match="never begun"):
        store.finish("b3-99999", Verdict.PASS, at_utc_us=1)


def test_what_is_ruled_out_by_the_declaration_is_not_applicable_and_finished(store):
    store.rule_out(CELLS[1], "declares no discharging")
    result = next(result for result in store.results() if result.planned == CELLS[1])
    assert result.verdict("last") is Verdict.NOT_APPLICABLE
    assert CELLS[1] in store.finished()


def test_resume_keeps_what_is_finished_and_runs_what_was_interrupted_again(store):
    finish(store, CELLS[0], Verdict.FAIL)
    running = store.begin("B", PAIR, {}, at_utc_us=5_000)
    (attempt_folder(store.path.parent, running) / "transcript.jsonl").write_text('{"number":1}\n{"num')
    store.close()
    with Store.open(store.path) as again:
        assert again.close_interrupted(at_utc_us=9_000) == [running]
        assert again.finished() == {CELLS[0]}
        interrupted = next(result for result in again.results() if result.planned == CELLS[1]).attempts[0]
        assert (interrupted.verdict, interrupted.side) == (Verdict.ABORTED, Side.BENCH)
        assert [file.bytes for file in interrupted.evidence] == [18]
        finish(again, CELLS[1])
        assert again.finished() == {CELLS[0], CELLS[1]}


def test_creating_over_an_existing_store_is_refused(store):
    with pytest.raises(StoreError, match="there already"):
        Store.create(store.path, Campaign("c2", "Two"))


def test_opening_what_is_no_store_says_so(tmp_path):
    with pytest.raises(StoreError, match="is not there"):
        Store.open(tmp_path / "none.sqlite")
    (tmp_path / "text.sqlite").write_text("no database at all, just a longer text than the header of one" * 20)
    with pytest.raises(StoreError, match="is not a store"):
        Store.open(tmp_path / "text.sqlite")


def test_a_store_of_a_newer_version_is_refused(store):
    store._db.execute("PRAGMA user_version = 99")
    store.close()
    with pytest.raises(StoreError, match="layout 99"):
        Store.open(store.path)


def test_sealing_leaves_one_plain_file_that_can_be_read_and_written_again(store):
    finish(store, CELLS[0])
    store.seal()
    store.close()
    assert [path.name for path in store.path.parent.iterdir()] == ["store.sqlite"]
    with Store.open(store.path, readonly=True) as sealed:
        assert len(sealed.finished()) == 1
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            sealed.begin("A", PAIR, {}, at_utc_us=0)
    assert [path.name for path in store.path.parent.iterdir()] == ["store.sqlite"]
    with Store.open(store.path) as again:
        finish(again, CELLS[1])
        assert len(again.finished()) == 2


def _write_many(path: Path, count: int) -> None:
    with Store.open(path) as store:
        for _ in range(count):
            finish(store, CELLS[0], findings=[FINDING])


def test_two_workers_write_one_store_without_losing_or_mixing_anything(store):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_write_many, args=(store.path, 25)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    attempts = store.results()[1].attempts
    assert [one.number for one in attempts] == list(range(1, 51))
    assert all(one.findings == (FINDING,) for one in attempts)


def test_a_failing_finish_leaves_the_attempt_running_and_nothing_of_the_result(store):
    attempt = store.begin("A", PAIR, {}, at_utc_us=0)

    def broken_source():
        yield FINDING
        raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        store.finish(attempt, Verdict.FAIL, at_utc_us=1, findings=broken_source())
    (left,) = store.results()[1].attempts
    assert left.verdict is None
    assert left.findings == ()


def test_two_benches_of_one_campaign_are_merged_and_merging_twice_changes_nothing(store, tmp_path):
    finish(store, CELLS[0], Verdict.FAIL, findings=[FINDING])
    with Store.create(tmp_path / "other" / "store.sqlite", Campaign("c1", "One", origin="b4")) as other:
        other.describe(units=[Unit("car-18", "vehicle")], cases=[CaseInfo("A", "first"), CaseInfo("C", "third")])
        other.plan([CELLS[0], Planned("C", Pair("car-18", ""))])
        finish(other, CELLS[0], Verdict.PASS, measurements=[MEASUREMENT])
        other.rule_out(Planned("C", Pair("car-18", "")), "no pause declared")
        other.deviation("ambient temperature 31 degrees", ["b4-00001"])
        for _ in range(2):
            store.merge(other)
    first = next(result for result in store.results() if result.planned == CELLS[0])
    assert [(one.id, one.number, one.verdict) for one in first.attempts] == [
        ("b3-00001", 1, Verdict.FAIL),
        ("b4-00001", 2, Verdict.PASS),
    ]
    assert first.attempts[1].measurements == (MEASUREMENT,)
    assert store.results()[-1].not_applicable == "no pause declared"
    assert [unit.key for unit in store.units()] == ["car-17", "car-18", "cs-42"]
    assert [one.attempts for one in store.deviations()] == [("b4-00001",)]


def test_a_merge_that_breaks_off_leaves_the_store_as_it_was(store, tmp_path, monkeypatch):
    with Store.create(tmp_path / "other" / "store.sqlite", Campaign("c1", "One", origin="b4")) as other:
        other.plan([*CELLS, Planned("C", PAIR)])
        for planned in CELLS[:2]:
            finish(other, planned)
        before, whole = store.results(), store._adopt
        # midway the other bench's store cannot be read any more
        monkeypatch.setattr(store, "_adopt", lambda one: whole(one) if one.case == "A" else other.close())
        with pytest.raises(sqlite3.ProgrammingError):
            store.merge(other)
    assert store.results() == before


def test_stores_of_different_campaigns_or_of_the_same_bench_are_not_merged(store, tmp_path):
    stranger = Store.create(tmp_path / "x.sqlite", Campaign("c2", "Two", origin="b4"))
    namesake = Store.create(tmp_path / "y.sqlite", Campaign("c1", "One", origin="b3"))
    with stranger, pytest.raises(StoreError, match="its id is 'c2'"):
        store.merge(stranger)
    with namesake, pytest.raises(StoreError, match="origin of its own"):
        store.merge(namesake)


def test_an_instrument_is_overdue_the_day_after_its_certificate_ends():
    due = Instrument("power_analyser", calibration_due="2026-11-23")
    last_day, day_after = 1_795_435_200_000_000, 1_795_478_400_000_000 + 43_200_000_000
    assert not due.out_of_calibration(last_day)
    assert due.out_of_calibration(day_after)
    assert not Instrument("power_analyser", calibration_due="2020-01-01", emulated=True).out_of_calibration(day_after)
