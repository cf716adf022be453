"""`plugfest exi`: one answer a line, in order; a bad line is answered and the next goes on."""

import json

from typer.testing import CliRunner

from harness.exi_cli import exi_app
from harness.iso15118 import messages
from harness.iso15118.messages.samples import all_samples

RUN = CliRunner()
NAME, (SET, MESSAGE) = next(iter(all_samples().items()))
HEX = messages.encode(MESSAGE, SET).hex()


def answers(command, *lines):
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + "\n"
    result = RUN.invoke(exi_app, command, input=text)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_decode_passes_other_keys_through_and_adds_content():
    (answer,) = answers(["decode"], {"schema": SET, "kind": "document", "exi": HEX, "id": 7})
    assert answer == {
        "schema": SET,
        "kind": "document",
        "exi": HEX,
        "id": 7,
        "message": NAME,
        "json": messages.to_json(MESSAGE),
    }


def test_encode_is_the_way_back():
    (answer,) = answers(["encode"], {"schema": SET, "kind": "document", "json": messages.to_json(MESSAGE)})
    assert answer["exi"] == HEX


def test_bad_lines_are_answered_in_order_and_the_next_goes_on():
    found = answers(
        ["decode"],
        "no json",
        "[1]",
        {"schema": SET},
        {"schema": "nap", "exi": HEX},
        {"schema": SET, "kind": "nap", "exi": HEX},
        {"schema": SET, "exi": "80zz"},
        {"schema": SET, "exi": HEX[:-6], "id": 9},
        {"schema": SET, "exi": HEX},
    )
    assert ["error" in answer for answer in found] == [True] * 7 + [False]
    assert all({"error", "bit", "path"} <= answer.keys() for answer in found[:7])
    assert (found[6]["id"], found[6]["path"]) == (9, "SessionSetupReq/EVCCID")


def test_encode_answers_what_the_schema_refuses():
    (answer,) = answers(["encode"], {"schema": SET, "json": {NAME: {"EVCCID": "x"}}})
    assert "header: is required" in answer["error"]


def test_tolerant_decoding_lists_deviations():
    (answer,) = answers(["decode", "--tolerant"], {"schema": SET, "exi": HEX + "00"})
    assert [deviation["kind"] for deviation in answer["deviations"]] == ["trailing"]


def test_the_message_of_a_v2g_message_is_what_its_body_holds():
    content = {"V2G_Message": {"Header": {"SessionID": "00"}, "Body": {"ChargingStatusReq": {}}}}
    (encoded,) = answers(["encode"], {"schema": "iso2", "json": content})
    (decoded,) = answers(["decode"], {"schema": "iso2", "exi": encoded["exi"]})
    assert (decoded["message"], decoded["json"]) == ("ChargingStatusReq", content)


def test_explain_prints_bits_codes_and_values_and_finds_the_message_set():
    result = RUN.invoke(exi_app, ["explain", HEX])
    assert result.exit_code == 0
    assert "# common document" in result.stdout
    assert "SE(EVCCID)" in result.stdout
    assert "WMIV1234567890ABCDEX" in result.stdout


def test_explain_refuses_what_is_no_hex():
    assert RUN.invoke(exi_app, ["explain", "xyz"]).exit_code != 0


def test_bench_prints_a_list_of_medians():
    result = RUN.invoke(exi_app, ["bench", "--json", "--rounds", "5"])
    medians = json.loads(result.stdout)
    assert {entry["direction"] for entry in medians} == {"decode", "encode"}
    assert all(entry["median_us"] > 0 for entry in medians)
    assert {"DC_ChargeLoopReq", "SessionSetupRes"} <= {entry["message"] for entry in medians}
