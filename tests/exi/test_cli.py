"""`plugfest exi`: one answer a line, in order; a bad line is answered and the next goes on."""

import json

import pytest
from typer.testing import CliRunner

from harness.exi_cli import exi_app
from harness.iso15118 import messages
from harness.iso15118.messages.common import SessionSetupReq
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


def test_decode_takes_a_frame_as_capture_tools_copy_it():
    octets = bytes.fromhex(HEX)
    frame = bytes.fromhex("01fe8002") + len(octets).to_bytes(4, "big") + octets
    whole, cut, none = answers(
        ["decode"],
        {"schema": SET, "exi": frame.hex(":")},
        {"schema": SET, "exi": frame.hex()[:-2]},
        {"schema": SET, "exi": ""},
    )
    assert whole["message"] == NAME
    assert cut["error"] == f"the V2GTP header announces {len(octets)} octets, {len(octets) - 1} follow"
    assert none["error"] == "no octets"


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
        {"schema": ["nap"], "exi": HEX},
        {"schema": SET, "exi": 7},
        {"schema": SET, "kind": "nap", "exi": HEX},
        {"schema": SET, "exi": "80zz"},
        {"schema": SET, "exi": HEX[:-6], "id": 9},
        {"schema": SET, "exi": HEX},
    )
    assert ["error" in answer for answer in found] == [True] * 9 + [False]
    assert all({"error", "bit", "path"} <= answer.keys() for answer in found[:9])
    assert "there are sap, common" in found[3]["error"]
    assert (found[8]["id"], found[8]["path"]) == (9, "SessionSetupReq/EVCCID")


def test_octets_that_are_no_utf_8_do_not_end_the_stream_of_answers():
    line = json.dumps({"schema": SET, "exi": HEX}).encode()
    result = RUN.invoke(exi_app, ["decode"], input=b'\xff\xfe{"a": 1}\n' + line + b"\n")
    assert ["error" in json.loads(answer) for answer in result.stdout.splitlines()] == [True, False]


def test_encode_answers_what_the_schema_refuses():
    (answer,) = answers(["encode"], {"schema": SET, "json": {NAME: {"EVCCID": "x"}}})
    assert (answer["error"], answer["path"]) == ("is required", f"{NAME}/Header")


def test_tolerant_decoding_lists_deviations():
    (answer,) = answers(["decode", "--tolerant"], {"schema": SET, "exi": HEX + "00"})
    assert [deviation["kind"] for deviation in answer["deviations"]] == ["trailing"]


def test_the_message_of_a_v2g_message_is_what_its_body_holds():
    content = {"V2G_Message": {"Header": {"SessionID": "00"}, "Body": {"ChargingStatusReq": {}}}}
    (encoded,) = answers(["encode"], {"schema": "iso2", "json": content})
    (decoded,) = answers(["decode"], {"schema": "iso2", "exi": encoded["exi"]})
    assert (decoded["message"], decoded["json"]) == ("ChargingStatusReq", content)


def explained(*arguments, text=None):
    result = RUN.invoke(exi_app, ["explain", *arguments], input=text)
    return result.exit_code, result.stdout.splitlines()


def test_explain_finds_the_message_set_and_prints_bits_codes_and_values():
    code, lines = explained(HEX)
    assert code == 0
    assert lines[0] == f"# common document, V2GTP 8002, {len(HEX) // 2} octets: as the schema says"
    assert [line.split() for line in lines[2:5]] == [
        ["0", "0.0", "80", "header:", "EXI", "1,", "no", "options"],
        ["8", "1.0", "100011", "SE(SessionSetupReq)"],
        ["14", "1.6", "0", "SE(Header)"],
    ]
    assert '"WMIV1234567890ABCDEX"' in "".join(lines)
    assert "= 2026-02-02 02:40:00+00:00" in "".join(lines)


def test_explain_says_what_a_scaled_number_is():
    lines = explained(messages.encode(all_samples()["DC_ChargeLoopReq"][1], "dc").hex())[1]
    assert sum(line.endswith("EE  = 398.7") for line in lines) == 1


def test_explain_takes_a_frame_as_capture_tools_copy_it():
    frame = "01fe8002" + f"{len(HEX) // 2:08x}" + HEX
    spaced = ":".join(frame[at : at + 2] for at in range(0, len(frame), 2))
    assert explained(spaced)[1] == explained(HEX)[1] == explained("-", text=f"0x{HEX}\n")[1]


def test_explain_puts_a_deviation_where_it_is():
    long = SessionSetupReq.unchecked(header=MESSAGE.header, evcc_id="x" * 300)
    code, lines = explained(messages.encode(long, SET).hex() + "00")
    assert code == 0
    assert lines[0].endswith("2 deviations")
    marked = [index for index, line in enumerate(lines) if line.startswith("!")]
    assert '"xxx' in lines[marked[0] - 1]
    assert "300 characters, at most 255" in lines[marked[0]]
    assert lines[marked[1] - 1].endswith("ED")
    assert "trailing" in lines[marked[1]]


def test_explain_shows_how_far_a_broken_stream_can_be_read():
    code, lines = explained("--schema", SET, HEX[:-6])
    assert code == 1
    assert lines[0].endswith("cannot be read to its end")
    assert "SessionSetupReq/EVCCID" in lines[-2]
    assert lines[-1].startswith("  octets from ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["xyz"], "non-hexadecimal"),
        ([""], "no octets"),
        (["--schema", "nap", HEX], "there are sap, common"),
        (["--kind", "nap", HEX], "document or fragment"),
        (["01fe800200000099" + HEX], "announces 153 octets"),
    ],
)
def test_explain_refuses_what_is_no_stream(arguments, told):
    result = RUN.invoke(exi_app, ["explain", *arguments], env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert told in result.output


def test_bench_prints_a_list_of_medians():
    result = RUN.invoke(exi_app, ["bench", "--json", "--rounds", "5"])
    medians = json.loads(result.stdout)
    assert {entry["direction"] for entry in medians} == {"decode", "encode"}
    assert all(entry["median_us"] > 0 for entry in medians)
    assert {"DC_ChargeLoopReq", "SessionSetupRes"} <= {entry["message"] for entry in medians}
