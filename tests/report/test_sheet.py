"""A private sheet tells a supplier everything of its own device and nothing of another's."""

from __future__ import annotations

import pytest
import synthetic

from reports import make_sheets
from reports.check import readable


@pytest.fixture(scope="module")
def sheets(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sheets")
    make_sheets([run], folder, key=folder.parent / "key" / "k.json")
    return {path: readable(path) for path in folder.iterdir()}


def test_there_is_a_sheet_for_each_device_named_by_its_pseudonym(sheets):
    assert sorted(path.stem for path in sheets) == ["S-01", "S-02", "V-001", "V-002", "V-003"]


@pytest.mark.parametrize("unit", [*synthetic.VEHICLES, *synthetic.CHARGERS], ids=lambda unit: unit.key)
def test_a_sheet_shows_its_own_device_and_hides_all_others(sheets, unit):
    (text,) = (text for text in sheets.values() if f"private sheet of {unit.key}" in text)
    assert "You are here" in text
    assert all(value in text for value in unit.identity.values())
    for other in (*synthetic.VEHICLES, *synthetic.CHARGERS):
        if other.key != unit.key:
            assert other.key not in text
            assert [value for value in other.identity.values() if len(value) > 4 and value in text] == []
