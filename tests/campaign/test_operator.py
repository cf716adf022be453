"""A person at the bench: asked to plug, heard when something is not possible, waited for without charging a device."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import signal
import time
import urllib.request
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from drivers.emulators.person import NAME, EmulatedPerson, attend, picture
from drivers.emulators.process import Request
from drivers.errors import BenchError, ConfigError
from drivers.operator.person import Person
from drivers.roles import Answer, Operator, Prompt
from drivers.wire import Connection
from fixtures.operator import OperatorAtBench
from harness.bench import Bench
from harness.campaign.evidence import STORE, verify
from harness.campaign.store import Store
from harness.case import Subject
from harness.clock import Clock, TimeMode, new_loop
from harness.lab import load_lab
from harness.live_terminal import Terminal, answer_of
from harness.transcript.event import Event
from harness.transcript.recorder import Recorder, read_events

ROOT = Path(__file__).parents[2]
LAB = (ROOT / "lab-configs/emulated-operator.yaml").read_text() + "pairings: [[V-01, S-01]]\n"


def person(**options) -> Person:
    return Person(Connection("operator", Clock(0, 0.0), "127.0.0.1:0", options))


def test_without_a_pilot_box_an_emulated_person_plugs_and_every_answer_is_evidence(lab):
    lab.file.write_text(LAB)
    code, output = lab.run("--time", "virtual", "--case", "PF_PRG_05")
    assert code == 0, output
    (run,) = lab.runs
    with Store.open(run / STORE, readonly=True) as store:
        (attempt,) = (attempt for result in store.results() for attempt in result.attempts)
    assert [(step.text, step.answer) for step in attempt.steps if step.answer] == [
        ("Plug the connector of S-01 into V-01.", "done")
    ]
    said = [
        event.data
        for event in read_events(run / "evidence" / attempt.id / "transcript.jsonl")
        if event.kind == "operator"
    ]
    assert said[-1]["prompt"] == "The sources are off. Pull the connector of S-01 out of V-01."
    assert (said[-1]["answer"], said[-1]["by"]) == ("done", "emulated person")


@pytest.mark.parametrize(
    ("defect", "said"),
    [
        ("person-cannot", "the cable does not reach"),
        ("person-silent", "did not answer within 60 s"),
        ("person-no-picture", "no JPEG or PNG picture"),
    ],
)
def test_what_the_person_cannot_or_does_not_do_is_an_error_of_the_bench(lab, tmp_path, defect, said):
    lab.file.write_text(
        LAB.replace("driver: operator.person", "driver: operator.person\n    options: {patience_s: 60}")
    )

    async def photograph() -> None:
        bench = Bench(load_lab(lab.file), TimeMode.VIRTUAL, [defect])
        bench.enter_network()
        await bench.begin()
        try:
            await bench.prepare(Subject(*bench.lab.pairs()[0]), Recorder(bench.clock, tmp_path / "transcript.jsonl"))
            with pytest.raises(BenchError, match=said):
                await OperatorAtBench(bench).photograph("The plate of the charger, please.")
            await bench.settle()
        finally:
            await bench.down()

    with asyncio.Runner(loop_factory=lambda: new_loop(TimeMode.VIRTUAL)) as runner:
        runner.run(photograph())


def test_a_photo_lies_beside_the_transcript_and_the_answer_in_it(lab, tmp_path):
    lab.file.write_text(LAB)

    async def photograph() -> None:
        bench = Bench(load_lab(lab.file), TimeMode.VIRTUAL)
        bench.enter_network()
        await bench.begin()
        try:
            await bench.prepare(Subject(*bench.lab.pairs()[0]), Recorder(bench.clock, tmp_path / "transcript.jsonl"))
            await OperatorAtBench(bench).photograph("The plate of the charger, please.")
            assert await OperatorAtBench(bench).choose("Which lamp?", ["green", "red"]) == "green"
            await bench.settle()
        finally:
            await bench.down()

    with asyncio.Runner(loop_factory=lambda: new_loop(TimeMode.VIRTUAL)) as runner:
        runner.run(photograph())
    assert (tmp_path / "photo-1.png").read_bytes() == picture()
    said = [event.data for event in read_events(tmp_path / "transcript.jsonl") if event.kind == "operator"]
    assert [data.get("photo") for data in said if data.get("photo")] == ["photo-1.png"]
    assert said[-1]["answer"] == "green"


def test_a_real_person_is_refused_in_virtual_time_and_by_two_workers(lab):
    lab.file.write_text(LAB.replace("emulator: {kind: person}", "resource: 127.0.0.1:0"))
    with pytest.raises(ConfigError, match="nobody can answer in virtual time"):
        Bench(load_lab(lab.file), TimeMode.VIRTUAL).enter_network()
    code, output = lab.run("-n", "2")
    assert code == 4
    assert "one person takes one worker" in output


async def test_real_devices_are_put_in_place_by_hand_and_an_emulated_person_cannot_do_it(lab):
    real = LAB.replace("emulator: {kind: vehicle_unit}", "interface: eth3")
    lab.file.write_text(real)
    with pytest.raises(ConfigError, match="cannot plug a real device"):
        Bench(load_lab(lab.file), TimeMode.WIRE).operator.bind()
    lab.file.write_text(real.replace("emulator: {kind: person}", "resource: 127.0.0.1:0"))
    bench = Bench(load_lab(lab.file), TimeMode.WIRE)
    bench.operator.bind()
    somebody = EmulatedPerson(Request(None))
    bench.operator.person.desk.views.append(somebody)
    somebody.answer = bench.operator.person.desk.answer
    bench.recorder = Recorder(bench.clock)
    await bench.operator.exchange(Subject(*bench.lab.pairs()[0]))
    assert bench.recorder.events[-1].data["prompt"] == "Put V-01 in place, unplugged and ready. Are they there?"
    await bench.operator.stop()


async def test_a_bench_without_box_and_person_says_what_to_add(lab):
    lab.file.write_text(LAB.replace("  operator:\n    driver: operator.person\n    emulator: {kind: person}\n", ""))
    bench = Bench(load_lab(lab.file), TimeMode.VIRTUAL)
    with pytest.raises(ConfigError, match=r"control_pilot.*\(or an operator, to plug by hand\)"):
        await bench.plug_in()
    with pytest.raises(ConfigError, match="add an operator under roles"):
        await OperatorAtBench(bench).confirm("Look at the lamp.")


async def open_page(one: Person, token: str | None = None):
    """A browser that has said its token, and the state that it got."""
    address, _, right = one.url.partition("#")
    socket = await connect(address.replace("http", "ws") + "live")
    await socket.send(json.dumps({"token": right if token is None else token}))
    return socket, json.loads(await socket.recv())


async def soon(asking: asyncio.Task) -> Answer:
    return await asyncio.wait_for(asking, 10)


async def until(socket, key: str):
    while key not in (message := json.loads(await asyncio.wait_for(socket.recv(), 5))):
        pass
    return message[key]


@pytest.fixture
async def at_the_page():
    one = person()
    await one.open()
    yield one
    await one.close()


async def test_a_question_is_answered_from_the_page_and_a_late_answer_is_refused(at_the_page):
    assert isinstance(at_the_page, Operator)
    socket, told = await open_page(at_the_page)
    assert told["state"]["prompt"] is None
    asking = asyncio.create_task(at_the_page.ask(Prompt("Which lamp is on?", "choice", ("green", "red"))))
    prompt = await until(socket, "prompt")
    assert (prompt["text"], prompt["choices"]) == ("Which lamp is on?", ["green", "red"])
    answer = {"answer": prompt["number"], "done": True, "text": "red", "by": "Ada"}
    await socket.send(json.dumps(answer))
    assert await asking == Answer(True, "red", "Ada")
    await socket.send(json.dumps(answer))
    assert await until(socket, "refused") == "this question is not open any more"
    await socket.close()


async def test_a_photo_must_be_a_picture(at_the_page):
    socket, _ = await open_page(at_the_page)
    asking = asyncio.create_task(at_the_page.ask(Prompt("The plate, please", "photo")))
    number = (await until(socket, "prompt"))["number"].to_bytes(4, "big")
    await socket.send(number + b"<svg onload=alert(1)>")
    assert "no JPEG or PNG" in await until(socket, "refused")
    await socket.send(number + picture())
    assert (await asking).photo == picture()
    await socket.close()


async def test_a_page_that_comes_late_sees_case_steps_messages_and_the_open_question(at_the_page):
    for number, (kind, channel, data) in enumerate(
        [
            ("case", "case", {"what": "begin", "id": "PF_PRG_05", "subject": "V+S"}),
            ("step", "case", {"text": "plug in"}),
            ("ocpp.frame", "ocpp", {"text": '[2,"1","BootNotification",{}]'}),
            ("reading", "power_analyser", {"active_w": 5000.0, "voltage_v": 230.0, "current_a": 7.2}),
            ("bench", "bench", {"what": "\u202e<script>alert(1)</script>"}),
        ],
        start=1,
    ):
        at_the_page.desk.happened(Event(number, 1.0, 0, channel, kind, "", "", data))
    asking = asyncio.create_task(at_the_page.ask(Prompt("Ready?")))
    await asyncio.sleep(0.1)
    socket, told = await open_page(at_the_page)
    state = told["state"]
    assert (state["case"]["id"], state["steps"], state["prompt"]["text"]) == ("PF_PRG_05", ["plug in"], "Ready?")
    assert state["points"] == [[1.0, None, None, None], [1.0, 230.0, 7.2, 5000.0]]
    assert [entry[3] for entry in state["entries"]] == [
        "call BootNotification",
        "⟨U+202E⟩<script>alert(1)</script>",
    ]
    asking.cancel()
    await socket.close()


async def test_the_emulated_person_answers_through_the_page_as_a_browser_does(at_the_page):
    somebody = EmulatedPerson(Request(None, frozenset(), {"says": {"Lamp": "red"}}))
    attending = asyncio.create_task(attend(somebody, at_the_page.url))
    lamp, plate = Prompt("Lamp?", "choice", ("green", "red")), Prompt("Plate?", "photo")
    assert await soon(asyncio.create_task(at_the_page.ask(lamp))) == Answer(True, "red", NAME)
    assert (await soon(asyncio.create_task(at_the_page.ask(plate)))).photo == picture()
    await at_the_page.close()
    await asyncio.wait_for(attending, 5)


async def test_without_the_token_from_another_site_or_elsewhere_nothing_is_told(at_the_page):
    address = at_the_page.url.partition("#")[0]
    with pytest.raises(ConnectionClosed) as closed:
        await open_page(at_the_page, "guessed-guessed-guessed")
    assert closed.value.rcvd.code == 4401
    with pytest.raises(InvalidStatus):
        await connect(address.replace("http", "ws") + "live", origin="http://evil.example")
    page = await asyncio.to_thread(lambda: urllib.request.urlopen(address).read().decode())
    assert at_the_page.url.partition("#")[2] not in page


async def test_nobody_there_is_told_and_a_taken_port_and_a_short_token_are_refused(at_the_page):
    nobody = Person(Connection("operator", Clock(0, 0.0)))
    with pytest.raises(BenchError, match="nobody can be asked"):
        await nobody.ask(Prompt("Hello?"))
    taken = at_the_page.url.split("/")[2]
    with pytest.raises(ConfigError, match="cannot be served"):
        Person(Connection("operator", Clock(0, 0.0), taken))
    with pytest.raises(ConfigError, match="token"):
        person(token="short")


@pytest.mark.parametrize(
    ("prompt", "line", "answer"),
    [
        (Prompt("Done?"), "", Answer(True, "", "terminal")),
        (Prompt("Done?"), "no the cable is short", Answer(False, "the cable is short", "terminal")),
        (Prompt("Done?"), "what?", None),
        (Prompt("Lamp?", "choice", ("green", "red")), "2", Answer(True, "red", "terminal")),
        (Prompt("Lamp?", "choice", ("green", "red")), "blue", None),
        (Prompt("Meter?", "text"), "12.4", Answer(True, "12.4", "terminal")),
        (Prompt("Plate", "photo"), "done", None),
    ],
)
def test_a_line_at_the_terminal_is_an_answer_or_none(prompt, line, answer):
    assert answer_of(prompt, line) == answer


async def test_the_terminal_answers_the_open_question():
    nobody = Person(Connection("operator", Clock(0, 0.0)))
    Terminal(io.StringIO("")).answer_to(nobody.desk)

    class Slowly(io.StringIO):
        def __iter__(self):
            while not nobody.desk._open:
                time.sleep(0.01)
            yield "done\n"

    Terminal(Slowly()).answer_to(nobody.desk)
    assert (await asyncio.wait_for(nobody.ask(Prompt("Plugged?")), 5)).done


# In a real browser

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)


@pytest.fixture
async def tablet():
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    async with playwright.async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = await browser.new_page(viewport={"width": 820, "height": 1180})
        page.problems = []
        page.on("pageerror", lambda problem: page.problems.append(str(problem)))
        page.on("console", lambda line: page.problems.append(line.text) if line.type == "error" else None)
        yield page
        assert page.problems == []
        await browser.close()


async def test_on_a_tablet_every_kind_of_question_is_answered(at_the_page, tablet, tmp_path):
    await tablet.goto(at_the_page.url)
    await tablet.locator("#link", has_text="connected").wait_for()
    at_the_page.desk.happened(Event(1, 1.0, 0, "case", "case", "", "", {"what": "begin", "id": "A", "subject": "V+S"}))
    for place in range(8):
        reading = {"active_w": 900.0 * place, "dc_voltage_v": 400.0, "dc_current_a": 2.0 * place}
        at_the_page.desk.happened(Event(place + 2, 1.0 + place, 0, "power_analyser", "reading", "", "", reading))
    at_the_page.desk.happened(Event(99, 9.0, 0, "bench", "bench", "", "", {"what": "<img src=x onerror=alert(1)>"}))
    asking = asyncio.create_task(at_the_page.ask(Prompt("Plug <b>V-01</b> in.")))
    await tablet.locator("#question", has_text="Plug <b>V-01</b> in.").wait_for()
    await tablet.locator("#p", has_text="6.30 kW").wait_for()
    assert await tablet.locator("#plot path").count() == 3
    assert "<img src=x" in await tablet.locator("#said").text_content()
    await tablet.keyboard.press("Enter")  # the button has the focus
    assert (await soon(asking)).done
    await tablet.locator("#prompt").wait_for(state="hidden")

    asking = asyncio.create_task(at_the_page.ask(Prompt("Lamp?", "choice", ("green", "red"))))
    await tablet.get_by_role("button", name="red").click()
    assert (await soon(asking)).text == "red"

    asking = asyncio.create_task(at_the_page.ask(Prompt("Meter?", "text")))
    await tablet.locator("#line").fill("12.4 kWh")
    await tablet.keyboard.press("Enter")
    assert (await soon(asking)).text == "12.4 kWh"

    (tmp_path / "plate.png").write_bytes(picture())
    asking = asyncio.create_task(at_the_page.ask(Prompt("Photograph the plate.", "photo")))
    await tablet.locator("#photo").set_input_files(tmp_path / "plate.png")
    assert (await soon(asking)).photo == picture()

    asking = asyncio.create_task(at_the_page.ask(Prompt("Touch it.")))
    await tablet.locator("#question", has_text="Touch it.").wait_for()
    await tablet.locator("#cannot").click()
    await tablet.locator("#why").fill("too hot")
    await tablet.keyboard.press("Enter")
    answer = await soon(asking)
    assert (answer.done, answer.text) == (False, "too hot")


async def test_abort_on_the_tablet_is_an_interrupt_of_the_run(at_the_page, tablet, monkeypatch):
    sent = []
    monkeypatch.setattr("os.kill", lambda pid, number: sent.append(number))
    await tablet.goto(at_the_page.url)
    await tablet.locator("#link", has_text="connected").wait_for()
    await tablet.locator("#name").fill("Ada")
    tablet.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
    await tablet.locator("#abort").click()
    for _ in range(50):
        if sent:
            break
        await asyncio.sleep(0.05)
    assert (sent, at_the_page.aborted_by) == ([signal.SIGINT], "Ada")


def test_an_abort_from_the_page_leaves_a_safe_bench_and_a_run_that_is_resumed(lab):
    """A person aborts at the first question; then an emulated one goes on."""
    lab.file.write_text(LAB.replace("emulator: {kind: person}", "resource: 127.0.0.1:0"))
    process = lab.start("--case", "PF_PRG_01")
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "operator's page: " in line:
            url = line.split("operator's page: ")[1].strip()
        if "☛ Plug" in line:
            break

    async def abort() -> None:
        address, _, token = url.partition("#")
        async with connect(address.replace("http", "ws") + "live") as socket:
            await socket.send(json.dumps({"token": token}))
            await socket.send(json.dumps({"abort": True, "by": "Ada"}))
            async for _ in socket:
                pass

    asyncio.run(abort())
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2, "".join(lines) + output
    assert lab.verdicts()["PF_PRG_01"] == ("aborted", "bench")
    (run,) = lab.runs
    with Store.open(run / STORE, readonly=True) as store:
        (reason,) = {one.attempts[0].reason for one in store.results() if one.attempts}
    assert reason == "stopped by the operator (Ada)"
    assert verify(run) == []
    lab.file.write_text(LAB)
    code, output = lab.run("--time", "virtual", "--case", "PF_PRG_01", "--resume", str(run))
    assert code == 0, output
    assert lab.verdicts()["PF_PRG_01"] == ("pass", "")


SMART = (ROOT / "lab-configs/emulated-smart-charging.yaml").read_text()
BY_HAND = """  operator:
    driver: operator.person
    {reached}
    options: {plugs: true}
pairings: [[V-AC3, S-AC3]]
parameters: {hold_s: 2}
"""


def by_hand(reached: str) -> str:
    return SMART.partition("pairings:")[0] + BY_HAND.replace("{reached}", reached)


def test_a_sleeping_vehicle_is_woken_by_hand_before_it_is_plugged_in_anew(lab):
    """An emulated person's word wakes nobody, so it is plugged in anew; the box in the pilot line follows the hand."""
    lab.file.write_text(by_hand("emulator: {kind: person}"))
    arguments = [part for case in ("AC-12", "AC-16", "AC-17") for part in ("--case", case)]
    _, output = lab.run("--time", "virtual", *arguments, "--defect", "ac-never-wakes")
    assert lab.verdicts()["AC-17"] == ("conditional_pass", "vehicle"), output
    (run,) = lab.runs
    with Store.open(run / STORE, readonly=True) as store:
        (attempt,) = (one for result in store.results() if result.planned.case == "AC-17" for one in result.attempts)
    assert [step.text for step in attempt.steps if step.answer] == [
        "Plug the connector of S-AC3 into V-AC3.",
        "Wake V-AC3 as its driver would: unlock it, open its app. Leave the connector as it is.",
        "Pull the connector of S-AC3 out of V-AC3.",
        "Plug the connector of S-AC3 into V-AC3.",
    ]


async def test_a_shipped_case_asks_on_the_tablet_and_goes_on_when_it_is_answered(lab, tablet):
    lab.file.write_text(by_hand("resource: 127.0.0.1:0"))
    process = lab.start("--case", "AC-01")
    url = ""
    try:
        while not url:
            line = await asyncio.to_thread(process.stdout.readline)
            assert line, "the run ended before it told the page"
            url = line.partition("operator's page: ")[2].strip()
        await tablet.goto(url)
        for question in ("Plug the connector of S-AC3 into V-AC3.", "Pull the connector of S-AC3 out of V-AC3."):
            await tablet.locator("#question", has_text=question).wait_for(timeout=60_000)
            await tablet.get_by_role("button", name="Done").click()
            await tablet.locator("#prompt").wait_for(state="hidden")
        output, _ = await asyncio.to_thread(process.communicate, timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, output
    assert lab.verdicts()["AC-01"] == ("pass", "")
