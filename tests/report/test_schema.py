"""The JSON report keeps to its published schema."""

from __future__ import annotations

import json

import jsonschema_rs
import pytest

from reports import schema


def test_the_published_schema_is_the_one_of_the_code():
    assert schema.PATH.read_text() == schema.text(), "run `python -m reports.schema`"


def test_a_report_is_valid_and_one_with_a_missing_key_is_not(made):
    published = json.loads(schema.PATH.read_text())
    told = json.loads((made / "report.json").read_text())
    jsonschema_rs.validate(published, told)
    del told["total"]["planned"]
    with pytest.raises(jsonschema_rs.ValidationError, match="planned"):
        jsonschema_rs.validate(published, told)
