"""What a level must not show is in none of its files: not in texts, packed parts, metadata or names."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace

import pytest
import synthetic

from harness.campaign.evidence import write_manifest
from harness.campaign.records import Pair, Planned, Step, Unit
from harness.campaign.store import Store
from harness.transcript.event import Event, to_line
from harness.verdict import Finding, Severity, Side, Verdict
from reports import ReportError, make_report
from reports.anonymise import Level, names_for
from reports.check import readable

PLANTED = {
    "vin": "WVWZZZE1ZMP012345",
    "mac": "02:AB:44:9C:10:FE",
    "mac without separators": "02AB449C10FE",
    "evse id": "DE*PFE*E0042",
    "contract id": "DE-8AA-C1234567-9",
    "serial": "LK-0099-4711",
    "subject": "CN=car-17.fleet.weltwagen.example",
    "host": "bench3-nuc.lab.weltwagen.example",
    "owner": "Erika Mustermann",
    "file": "IMG_WVWZZZE1ZMP012345.jpg",
    "model": "Ion 5",
    "maker": "Weltwagen",
    "unit": "car-17",
    "undeclared mac": "7c:9e:bd:00:11:22",
    "undeclared vin": "1HGCM82633A004352",
}


def events(said: str) -> list[Event]:
    """Every channel speaks of identities: devices, the operator, the bench."""
    frame = json.dumps([2, "1", "BootNotification", {"chargingStation": {"vendorName": said}}])
    told = [
        ("case", "step", {"text": said}),
        ("operator", "operator", {"prompt": f"Plug in {said}", "answer": said, "by": said, "photo": PLANTED["file"]}),
        ("ocpp", "ocpp.frame", {"text": frame, "station": said}),
        ("v2g", "v2g.link", {"what": f"connected by {said}"}),
        ("bench", "bench", {"what": "note", "text": said, "note": said}),
        ("bench", "bench", {"what": "x" * 150 + PLANTED["vin"]}),  # clipping must not leave half of it
        ("can.a", "can.frame", {"name": said, "id": 7}),
        (said[:30], "reading", {"active_w": 1.0}),
    ]
    at = synthetic.START_UTC_US
    return [
        Event(place, float(place), at, channel, kind, said, said, data)
        for place, (channel, kind, data) in enumerate(told, start=1)
    ]


@pytest.fixture(scope="module")
def talkative(tmp_path_factory):
    """A run whose every text speaks of identities."""
    run = tmp_path_factory.mktemp("lab") / "runs" / "run-1"
    synthetic.build(run, finish=False, cases=synthetic.CASES[:3])
    said = " ".join(PLANTED.values())
    with Store.open(run / "store.sqlite") as store:
        car = synthetic.VEHICLES[0]
        identity = {
            "contract": PLANTED["contract id"],
            "certificate_subject": PLANTED["subject"],
            "host": PLANTED["host"],
            "owner": PLANTED["owner"],
        }
        store.describe(units=[replace(car, identity={**car.identity, **identity})])
        attempt = store.begin("PF_V2G_01", Pair("car-17", "cs-42"), {"note": said}, at_utc_us=synthetic.START_UTC_US)
        (run / "evidence" / attempt).mkdir()
        (run / "evidence" / attempt / PLANTED["file"]).write_bytes(b"jpeg")
        (run / "evidence" / attempt / "transcript.jsonl").write_bytes(b"".join(to_line(one) for one in events(said)))
        from harness.campaign.evidence import collect

        store.finish(
            attempt,
            Verdict.FAIL,
            at_utc_us=synthetic.START_UTC_US + 1,
            side=Side.VEHICLE,
            reason=f"it said {said}",
            steps=[Step(1.0, f"Plug the connector into {said}", f"done by {said}")],
            findings=[Finding("rule/x", "V2G20-1", Severity.FAIL, Side.VEHICLE, f"it said {said}")],
            evidence=collect(run, attempt),
        )
        store.deviation(f"the car of {said}", [attempt])
        store.seal()
    write_manifest(run)
    return run


def texts(out) -> str:
    found = "\n".join(path.name + "\n" + readable(path) for path in out.iterdir())
    if shutil.which("pdftotext"):
        for command in (["pdftotext", out / "report.pdf", "-"], ["pdfinfo", "-meta", out / "report.pdf"]):
            found += subprocess.run(command, capture_output=True, text=True).stdout
    return found.replace("\u200b", "").lower()


@pytest.mark.parametrize("level", ["group", "public"])
def test_no_planted_identity_is_in_any_file(talkative, tmp_path, level):
    make_report([talkative], tmp_path / "out", anonymise=level, key=tmp_path / "keys" / "k.json")
    told = texts(tmp_path / "out")
    assert [where for where, secret in PLANTED.items() if secret.lower() in told] == []
    assert PLANTED["vin"][:8].lower() not in told
    assert "v-00" in told


def test_internally_identities_are_shown(talkative, tmp_path):
    make_report([talkative], tmp_path / "out")
    told = texts(tmp_path / "out")
    assert PLANTED["vin"].lower() in told


def test_a_client_reads_products_but_not_specimens(talkative, tmp_path):
    make_report([talkative], tmp_path / "out", anonymise="client")
    told = texts(tmp_path / "out")
    assert "weltwagen; model: ion 5" in told.replace("</bdi>", "").replace("<bdi>", "") or "ion 5" in told
    assert PLANTED["vin"].lower() not in told
    assert PLANTED["serial"].lower() not in told


def test_a_public_report_shows_no_messages_and_a_group_report_only_their_names(run, tmp_path):
    make_report([run], tmp_path / "public", anonymise="public", key=tmp_path / "k.json")
    assert "bootnotification" not in texts(tmp_path / "public")
    make_report([run], tmp_path / "group", anonymise="group", key=tmp_path / "k.json")
    told = texts(tmp_path / "group")
    assert "call bootnotification" in told
    assert "ladekraft" not in told
    assert "01fe8004" not in told


def test_the_same_campaign_keeps_its_pseudonyms_and_its_octets(run, tmp_path):
    key = tmp_path / "keys" / "k.json"
    first = make_report([run], tmp_path / "one", anonymise="public", key=key)
    second = make_report([run], tmp_path / "two", anonymise="public", key=key)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert (key.stat().st_mode & 0o777) == 0o600
    assert sorted(json.loads(key.read_text()).values()) == ["S-01", "S-02", "V-001", "V-002", "V-003"]


def test_a_unit_that_joins_later_gets_a_new_pseudonym_and_the_others_keep_theirs(tmp_path):
    key = tmp_path / "k.json"
    before = names_for([Unit("a", "vehicle"), Unit("b", "vehicle")], Level.GROUP, key)
    after = names_for([Unit("a", "vehicle"), Unit("b", "vehicle"), Unit("c", "vehicle")], Level.GROUP, key)
    assert (after.unit("a"), after.unit("b"), after.unit("c")) == (before.unit("a"), before.unit("b"), "V-003")


def test_the_key_may_not_lie_in_the_reports_folder(run, tmp_path):
    with pytest.raises(ReportError, match="pseudonym key"):
        make_report([run], tmp_path, anonymise="public", key=tmp_path / "key.json")


def test_a_rare_attribute_is_not_told_because_it_would_identify(run, tmp_path):
    make_report([run], tmp_path / "out", anonymise="public", key=tmp_path / "k.json")
    units = json.loads((tmp_path / "out" / "report.json").read_text())["units"]
    assert all(not unit["details"] for unit in units)


def test_the_order_of_rows_does_not_give_the_keys_away(run, tmp_path):
    make_report([run], tmp_path / "out", anonymise="public", key=tmp_path / "k.json")
    cells = json.loads((tmp_path / "out" / "report.json").read_text())["cells"]
    first_case = [(cell["vehicle"], cell["charger"]) for cell in cells if cell["case"] == "PF_V2G_01"]
    assert first_case == sorted(first_case)


def test_a_unit_that_nobody_described_is_not_called_by_its_key(tmp_path):
    assert names_for([], Level.PUBLIC, tmp_path / "k.json").unit("car-99") == "[unit]"
    assert names_for([], Level.INTERNAL, tmp_path / "k.json").unit("car-99") == "car-99"


def test_planned_names_stay_where_a_role_is_called_by_its_own_word(tmp_path):
    names = names_for([Unit("charger", "charger"), Unit("vehicle", "vehicle")], Level.PUBLIC, tmp_path / "k.json")
    assert names.text("the charger did not answer") == "the charger did not answer"
    assert names.unit(Planned("A", Pair("vehicle", "charger")).pair.charger) == "S-01"
