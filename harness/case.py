"""A test case while it runs: its steps, expectations and measurements, and the verdict that grows from them.

`step` and `expect` are what a test case's lines begin with; they find the running case by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NoReturn, TypeVar

from harness.iso15118.errors import RemoteProtocolError
from harness.lab import Device
from harness.limits import Tolerance
from harness.transcript.recorder import Recorder
from harness.usecase import Parameter, UseCase
from harness.verdict import DecisionRule, Finding, Kind, Limit, Measurement, Severity, Side, Verdict, worst

T = TypeVar("T")


class CaseStop(Exception):
    """Ends a case's body with what is already recorded; never an error of ours by itself."""


class ExpectationMissed(CaseStop, AssertionError):
    """The device under test did not do what the case expects."""


class PreambleMissed(CaseStop):
    """The preamble did not get there: the case says nothing about what it wanted to test."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What one attempt is run on: a pairing, or one device with us on the other side."""

    vehicle: Device | None = None
    charger: Device | None = None
    other: Device | None = None

    @property
    def name(self) -> str:
        return "+".join(device.id for device in (self.vehicle, self.charger, self.other) if device) or "bench"

    @property
    def sides(self) -> frozenset[Side]:
        """The sides that are devices of others here, and so may be judged."""
        sides = {Side.VEHICLE} if self.vehicle else set()
        if self.charger:
            sides.add(Side.STATION)
        if self.other:
            sides.add(_OTHER_SIDE.get(self.other.driver.partition(".")[0], Side.UNKNOWN))
        if self.vehicle and self.charger:
            sides.add(Side.PAIR)
        return frozenset(sides)


_OTHER_SIDE = {"csms": Side.CSMS, "can_gateway": Side.GATEWAY, "pool": Side.CSMS}


@dataclass
class Case:
    """One attempt of one test case on one subject."""

    usecase: UseCase
    subject: Subject
    recorder: Recorder
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    rule: DecisionRule = DecisionRule.GUARD_BAND
    """How a measurement near its limit is decided."""
    steps: list[tuple[float, str]] = field(default_factory=list)
    """When (run clock, s) and what."""
    answers: dict[int, str] = field(default_factory=dict)
    """What the operator said, by the place of the step that asked."""
    findings: list[Finding] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)
    helped: list[str] = field(default_factory=list)
    """Allowed helps that were needed: they turn a pass into a conditional pass."""
    help_of: Side = Side.UNKNOWN
    """Who needed the help."""
    excused: list[Measurement] = field(default_factory=list)
    """Measurements whose miss was our own doing: they stay on record, and decide nothing."""
    stopped: tuple[Verdict, Side, str] | None = None
    """Set when the body ended early for another reason than a finding."""
    in_preamble: bool = False

    def step(self, text: str) -> None:
        """Say what happens next; goes to the log, the live view, Allure and the report."""
        self.steps.append((self.recorder.clock.now_s(), text))
        self.recorder.record("case", "step", text=text)

    def answered(self, prompt: str, said: str) -> None:
        """Note what the operator was asked and said; the events of it are the bench's."""
        self.answers[len(self.steps)] = said
        self.steps.append((self.recorder.clock.now_s(), prompt))

    def find(self, finding: Finding) -> None:
        self.findings.append(finding)
        self.recorder.record("case", "finding", **asdict(finding))

    def measure(self, measurement: Measurement) -> Measurement:
        """Record a measurement, decided by the case's rule; a limit that is missed by it ends the case."""
        measurement = replace(measurement, rule=self.rule)
        self.measurements.append(measurement)
        self.recorder.record("case", "measurement", **asdict(measurement), verdict=measurement.verdict)
        if measurement.verdict is Verdict.FAIL:
            limit = measurement.limit
            self.miss(
                f"{measurement.name} is {measurement.value:g} {measurement.unit}, "
                f"allowed {_band(limit)} {measurement.unit} ({limit.source.value}){_margin(measurement)}",
                measurement.side,
            )
        return measurement

    def miss(self, reason: str, side: Side, requirement: str = "", kind: Kind = Kind.CONFORMANCE) -> NoReturn:
        """Record a missed expectation against `side` and end the case's body."""
        requirement = requirement or next(iter(self.usecase.requirements), "our default")
        self.find(
            Finding(self.usecase.id, requirement, Severity.FAIL, side, reason, kind, events=(self._last_event(),))
        )
        if self.in_preamble:
            raise PreambleMissed(reason)
        raise ExpectationMissed(reason)

    def help(self, text: str, of: Side = Side.UNKNOWN) -> None:
        """Note an allowed help that `of` needed, such as a wake-up by the station."""
        self.helped.append(text)
        self.help_of = of
        self.step(f"help: {text}")

    @contextmanager
    def preamble(self) -> Iterator[None]:
        """Inside, a failure makes the case inconclusive: what it wanted to test was not reached."""
        self.in_preamble = True
        yield
        self.in_preamble = False  # after a failure it stays, for whoever asks why the case ended

    @property
    def verdict(self) -> Verdict:
        """The worst of all that is known, never better than it was."""
        counted = [one for one in self.measurements if one not in self.excused]
        verdicts = [Verdict.PASS, *(_charged(one.verdict, one.side) for one in counted)]
        if self.stopped:
            verdicts.append(self.stopped[0])
        inconclusive = self.stopped is not None and self.stopped[0] is Verdict.INCONCLUSIVE
        if not inconclusive:
            verdicts += [_charged(finding.verdict, finding.side) for finding in self.findings]
        if self.helped:
            verdicts.append(Verdict.CONDITIONAL_PASS)
        return worst(verdicts)

    @property
    def side(self) -> Side | None:
        """Who the verdict is charged to; None for a pass."""
        if self.verdict.good:
            return None
        if self.stopped and self.stopped[0] is self.verdict:
            return self.stopped[1]
        sides = [f.side for f in self.findings if _charged(f.verdict, f.side) is self.verdict]
        sides += [m.side for m in self.measurements if _charged(m.verdict, m.side) is self.verdict]
        known = {side for side in sides if side is not Side.UNKNOWN}
        if known >= {Side.VEHICLE, Side.STATION}:
            return Side.PAIR
        return sides[0] if sides else self.help_of

    @property
    def kind(self) -> Kind:
        failed = [f for f in self.findings if f.severity is Severity.FAIL]
        only_compatibility = failed and all(f.kind is Kind.COMPATIBILITY for f in failed)
        return Kind.COMPATIBILITY if only_compatibility else Kind.CONFORMANCE

    @property
    def reason(self) -> str:
        """The verdict in plain words; empty for a clean pass."""
        if self.stopped and self.stopped[0] is self.verdict:
            return self.stopped[2]
        failed = [f for f in self.findings if f.severity is Severity.FAIL]
        if failed:
            return min(failed, key=lambda f: _charged(f.verdict, f.side) is not self.verdict).reason
        if self.verdict is Verdict.CONDITIONAL_PASS:
            return "; ".join(self.helped)
        near = [m for m in self.measurements if m.verdict is Verdict.INCONCLUSIVE]
        return "; ".join(_undecided(m) for m in near)

    def _last_event(self) -> int:
        return len(self.recorder.events)


def _charged(verdict: Verdict, side: Side) -> Verdict:
    """What our own bench gets wrong is an error of ours, never a device's fail."""
    return Verdict.ERROR if verdict is Verdict.FAIL and side is Side.BENCH else verdict


def _undecided(measurement: Measurement) -> str:
    if measurement.value is None:
        return f"{measurement.name}: no value"
    return (
        f"{measurement.name} is {measurement.value:g} {measurement.unit}, nearer to {_band(measurement.limit)} "
        f"than its uncertainty of {measurement.uncertainty:g} {measurement.unit}"
    )


def _margin(measurement: Measurement) -> str:
    """What the decision rule asks for beyond the limit."""
    if measurement.rule is not DecisionRule.GUARDED_ACCEPTANCE or not measurement.uncertainty:
        return ""
    return f", kept by more than its uncertainty of {measurement.uncertainty:g} {measurement.unit}"


def _band(limit: Limit) -> str:
    low = "" if limit.low is None else f"{limit.low:g}"
    high = "" if limit.high is None else f"{limit.high:g}"
    return f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}"


_running: list[Case] = []


@contextmanager
def running(case: Case) -> Iterator[Case]:
    """Make `case` the one that `step` and `expect` speak of. One process runs one case at a time."""
    _running.append(case)
    try:
        yield case
    finally:
        _running.remove(case)


def current_case() -> Case:
    """The running case; raises LookupError outside of one."""
    if not _running:
        raise LookupError("no test case is running: step() and expect() belong into a test case")
    return _running[-1]


def step(text: str) -> None:
    """Say what the running case does next."""
    current_case().step(text)


@contextmanager
def good_case(side: Side) -> Iterator[None]:
    """A preamble in which agents speak: where the far end breaks off, the case is inconclusive and says why."""
    case = current_case()
    with case.preamble():
        try:
            yield
        except RemoteProtocolError as problem:
            case.miss(str(problem), side)


_UNSET: Any = object()


def expect(
    value: Any,
    *,
    of: str,
    equals: Any = _UNSET,
    one_of: Collection[Any] | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
    near: float | None = None,
    tolerance: Tolerance | None = None,
    named: str = "value",
    unit: str = "W",
    uncertainty: float = 0.0,
    requirement: str = "",
    source: Limit | None = None,
    never: str = "",
) -> None:
    """Compare what a device did with what it must do; a miss ends the case and is charged to `of`.

    `near` with `tolerance`, `at_least` and `at_most` record a measurement with `unit` and `uncertainty`; `source` lends
    its source and reference to such bounds. `equals` and `one_of` compare as they are. With `never` a value of None is
    no gap in the evidence but something that did not happen, in these words: a miss.
    """
    case, side = current_case(), Side(of)
    if value is None and never:
        if at_most is not None:  # on record without a value: a report counts it as one that never came
            mark = source or Limit()
            case.measure(
                Measurement(named, None, unit, Limit(None, float(at_most), mark.source, mark.reference), 0.0, side)
            )
        case.miss(f"{named}: {never}", side, requirement)
    if near is not None:
        if tolerance is None:
            raise TypeError("expect(near=...) needs a tolerance=")
        limit = tolerance.around(near)
    elif at_least is not None or at_most is not None:
        mark = source or Limit()
        limit = Limit(_plain(at_least), _plain(at_most), mark.source, mark.reference)
    else:
        wanted = repr(equals) if equals is not _UNSET else " or ".join(map(repr, one_of or ()))
        good = value == equals if equals is not _UNSET else value in (one_of or ())
        if not good:
            case.miss(f"{named} is {value!r}, expected {wanted}", side, requirement)
        return
    case.measure(Measurement(named, value, unit, limit, uncertainty, side, case.recorder.clock.now_s()))


def _plain(bound: float | None) -> float | None:
    return None if bound is None else float(bound)


async def eventually(
    probe: Callable[[], T], *, within_s: float, of: str, what: str, every_s: float = 0.1, requirement: str = ""
) -> T:
    """Ask `probe` until it answers something true; after `within_s` the miss is charged to `of`."""
    case = current_case()
    clock = case.recorder.clock
    deadline_s = clock.now_s() + within_s
    while not (found := probe()):
        if clock.now_s() >= deadline_s:
            case.miss(f"{what}: not within {within_s:g} s", Side(of), requirement)
        await clock.sleep(every_s)
    return found
