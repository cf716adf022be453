"""Sessions told in memory: clean ones of every kind, and verbs to put one thing wrong.

story = dc_bpt_dynamic()
story.set("DC_PreChargeReq", "ev_processing", "Ongoing", nth=-1)
found = judge(story.session(), "iso15118-20")
"""

from __future__ import annotations

import copy
import datetime as dt
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness.iso15118 import signature
from harness.iso15118.messages import ac, common, common_types, core, dc, sap
from harness.transcript.event import Event
from harness.transcript.v2g import CHARGER, VEHICLE, Message, V2GSession

SESSION = bytes.fromhex("5AC31E77B04D92F6")
ZERO = bytes(8)
EPOCH_US = 1_760_000_000_000_000
CHALLENGE = bytes.fromhex("9f3b61c2077ad8e4551c0eb6a2f91d73")
TYPES = {core.SAP: 0x8001, core.COMMON: 0x8002, core.AC: 0x8003, core.DC: 0x8004}
KEEP = object()

LEAF = {"key": "secp521r1", "issuer": "CN=sub", "octets": 700, "not_before_s": 0.0, "not_after_s": 4e9}
STRICT_TLS = {
    "what": "tls",
    "version": "TLS 1.3",
    "suite": "TLS_AES_256_GCM_SHA384",
    "group": "secp521r1",
    "client_versions": ["TLS 1.3"],
    "client_suites": ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"],
    "client_groups": ["secp521r1", "x448"],
    "client_signatures": ["ecdsa_secp521r1_sha512", "ed448"],
    "client_authorities": 1,
    "status_request": True,
    "ocsp_stapled": True,
    "certificate_requested": True,
    "request_authorities": 1,
    "request_signatures": ["ecdsa_secp521r1_sha512", "ed448"],
    "server_chain": [{**LEAF, "subject": "CN=SECC", "common_name": "SECC"}],
    "client_chain": [{**LEAF, "subject": "CN=WMIV1", "common_name": "WMIV1", "extended_usage": ["clientAuth"]}],
}


def make(cls: type, **values: Any) -> Any:
    """A message element without checks: stories may be told wrong."""
    return cls.unchecked(**values)


def rational(number: float, exponent: int = 0) -> Any:
    value = round(number / 10**exponent)
    while not -32768 <= value <= 32767:
        exponent += 1
        value = round(number / 10**exponent)
    return make(common_types.RationalNumber, exponent=exponent, value=value)


def changed(record: Any, path: str, value: Any) -> Any:
    """A copy of a record with the element at a dotted path (list places as numbers) set."""
    first, _, rest = path.partition(".")
    if isinstance(record, tuple):
        place = int(first)
        inner = changed(record[place], rest, value) if rest else value
        return (*record[:place], inner, *record[place + 1 :])
    if rest:
        value = changed(getattr(record, first), rest, value)
    if first not in type(record).__dataclass_fields__:
        raise AttributeError(f"{type(record).__name__} has no {first}")
    return type(record).unchecked(**{**record.__dict__, first: value})


@dataclass(eq=False)
class Line:
    """One message of a story."""

    side: str
    content: Any
    wait_s: float = 0.05
    session_id: Any = KEEP
    time_stamp: Any = KEEP
    payload_type: int = 0
    error: str = ""
    deviations: tuple[str, ...] = ()
    signature: Any = None

    @property
    def name(self) -> str:
        return str(type(self.content).declaration.name) if self.content is not None else ""

    @property
    def kind(self) -> int:
        return self.payload_type or TYPES.get(
            type(self.content).declaration.ns if self.content is not None else "", 0x8002
        )


@dataclass
class Story:
    """A session as a list of lines, with what happened below it."""

    lines: list[Line] = field(default_factory=list)
    tls: dict[str, Any] | None = field(default_factory=lambda: copy.deepcopy(STRICT_TLS))
    namespace: str = core.DC
    closing: list[tuple[float, str, str]] = field(
        default_factory=lambda: [
            (0.05, VEHICLE, "alert"),
            (0.0, VEHICLE, "fin"),
            (0.05, CHARGER, "alert"),
            (0.0, CHARGER, "fin"),
        ]
    )
    datagrams: list[tuple[float, str, str]] = field(
        default_factory=lambda: [
            (-0.2, VEHICLE, "01fe9000000000020000"),
            (-0.15, CHARGER, "01fe900100000014fe80000000000000664d70fffe0103bfd74e0000"),
        ]
    )
    links: list[dict[str, Any]] = field(default_factory=list)
    before: list[Story] = field(default_factory=list)
    station_clock_us: int = EPOCH_US
    number: int = 1

    def say(self, *contents: Any, **line: Any) -> Story:
        """Append messages; who speaks follows from their names."""
        for content in contents:
            side = VEHICLE if type(content).declaration.name.endswith("Req") else CHARGER
            self.lines.append(Line(side, content, **line))
        return self

    def at(self, name: str, nth: int = 0) -> Line:
        found = [line for line in self.lines if line.name == name]
        return found[nth]

    def all(self, name: str) -> list[Line]:
        return [line for line in self.lines if line.name == name]

    def set(self, name: str, path: str, value: Any, nth: int | None = 0) -> Story:
        """Set an element of the nth message of a name (None: of all)."""
        for line in self.all(name) if nth is None else [self.at(name, nth)]:
            line.content = changed(line.content, path, value)
        return self

    def sign(self, name: str, path: str, **how: Any) -> Story:
        """Sign an element of the messages of a name with the contract's key."""
        for line in self.all(name):
            line.signature = signature.sign([getattr(line.content, path)], credential()[0], **how)
        return self

    def code(self, name: str, code: str, nth: int = 0) -> Story:
        return self.set(name, "response_code", code, nth)

    def fail(self, name: str, code: str, nth: int = 0) -> Story:
        """The nth answer fails and the session ends with it; the vehicle closes."""
        self.code(name, code, nth)
        place = self.lines.index(self.at(name, nth))
        del self.lines[place + 1 :]
        return self

    def drop(self, *names: str, nth: int | None = None) -> Story:
        """Leave out messages of these names: all, or the nth of each."""
        for name in names:
            for line in self.all(name) if nth is None else [self.at(name, nth)]:
                self.lines.remove(line)
        return self

    def after(self, name: str, *contents: Any, nth: int = 0, **line: Any) -> Story:
        """Insert messages behind the nth message of a name."""
        place = self.lines.index(self.at(name, nth)) + 1
        told = Story().say(*contents, **line).lines
        self.lines[place:place] = told
        return self

    def again(self, base: str, nth: int = 0) -> list[Any]:
        """Copies of the nth exchange of a name."""
        return [self.at(f"{base}Req", nth).content, self.at(f"{base}Res", nth).content]

    def wait(self, name: str, seconds: float, nth: int = 0) -> Story:
        self.at(name, nth).wait_s = seconds
        return self

    def swap(self, first: str, second: str) -> Story:
        """Exchange the places of two exchanges (the first of each)."""
        one, two = ([self.at(f"{base}Req"), self.at(f"{base}Res")] for base in (first, second))
        places = [self.lines.index(line) for line in (*one, *two)]
        for place, line in zip(places, (*two, *one), strict=True):
            self.lines[place] = line
        return self

    def end_after(self, name: str, nth: int = -1) -> Story:
        """The record ends behind a message; nobody closes."""
        del self.lines[self.lines.index(self.at(name, nth)) + 1 :]
        self.closing = []
        return self

    def session(self, earlier: tuple[V2GSession, ...] = ()) -> V2GSession:
        for number, past in enumerate(self.before, 1):
            past.number = number
            earlier = (*earlier, past.session(earlier))
        messages, now = [], 0.0
        for ordinal, line in enumerate(self.lines, 1):
            now += line.wait_s
            messages.append(self._message(ordinal, line, now))
        links = self._links(now)
        discovery = tuple(
            Event(900 + index, at, EPOCH_US + round(at * 1e6), "v2g", "v2g.sdp", side, "", {"hex": raw})
            for index, (at, side, raw) in enumerate(self.datagrams)
        )
        number = len(self.before) + self.number
        return V2GSession(number, "iso15118-20", tuple(messages), links, discovery, self.namespace, earlier)

    def _message(self, ordinal: int, line: Line, now: float) -> Message:
        header = None
        if line.content is not None and "header" in type(line.content).__dataclass_fields__:
            given = ZERO if line.name == "SessionSetupReq" else SESSION
            header = make(
                common_types.MessageHeader,
                session_id=given if line.session_id is KEEP else line.session_id,
                time_stamp=self.station_clock_us + round(now * 1e6) if line.time_stamp is KEEP else line.time_stamp,
                signature=line.signature,
            )
        content = line.content if header is None else changed(line.content, "header", header)
        return Message(
            ordinal,
            now,
            line.side,
            line.kind,
            line.name,
            None if line.error else content,
            header,
            line.error,
            line.deviations,
            100 + ordinal,
            EPOCH_US + round(now * 1e6),
        )

    def _links(self, now: float) -> tuple[Event, ...]:
        told: list[tuple[float, str, dict[str, Any]]] = [(-0.1, VEHICLE, {"what": "connected", "handshake_seen": True})]
        if self.tls is not None:
            told.append((-0.05, VEHICLE, self.tls))
        told += [(one.get("at_s", 0.0), one.get("by", ""), one) for one in self.links]
        for wait, side, how in self.closing:
            now += wait
            if how != "alert":
                told.append((now, side, {"what": "closed", "how": how, "by": side}))
            elif self.tls is not None:
                told.append((now, side, {"what": "alert", "name": "close_notify", "by": side}))
        return tuple(
            Event(500 + index, at, EPOCH_US + round(at * 1e6), "v2g", "v2g.link", side, "", data)
            for index, (at, side, data) in enumerate(told)
        )


# What the stories are made of


def offer(namespace: str) -> list[Any]:
    entry = make(
        sap.AppProtocol,
        protocol_namespace=namespace,
        version_number_major=1,
        version_number_minor=0,
        schema_id=1,
        priority=1,
    )
    return [
        make(sap.SupportedAppProtocolReq, app_protocol=(entry,)),
        make(sap.SupportedAppProtocolRes, response_code="OK_SuccessfulNegotiation", schema_id=1),
    ]


def parameter_set(set_id: int, service: int, control: int, **more: int) -> Any:
    named = {"Connector": 2, "ControlMode": control, "MobilityNeedsMode": 1, "Pricing": 0}
    if service in (1, 5):
        named |= {"EVSENominalVoltage": 230, "Connector": 3}
    if service in (5, 6):
        named |= {"BPTChannel": 1, "GeneratorMode": 1}
    made = tuple(make(common.Parameter, name=name, int_value=value) for name, value in (named | more).items())
    return make(common.ParameterSet, parameter_set_id=set_id, parameter=made)


def services(*ids: int) -> Any:
    return make(
        common.ServiceList, service=tuple(make(common.Service, service_id=one, free_service=False) for one in ids)
    )


def setup(service: int, set_id: int) -> list[Any]:
    """From session setup to service selection; set 1 is Scheduled, set 2 Dynamic."""
    sets = (parameter_set(1, service, 1), parameter_set(2, service, 2))
    detail = make(common.ServiceParameterList, parameter_set=sets)
    return [
        make(common.SessionSetupReq, evcc_id="WMIV1"),
        make(common.SessionSetupRes, response_code="OK_NewSessionEstablished", evse_id="DE*ABC*E1"),
        make(common.AuthorizationSetupReq),
        make(
            common.AuthorizationSetupRes,
            response_code="OK",
            authorization_services=("EIM",),
            certificate_installation_service=False,
            authorization_mode=make(common.EIMASResAuthorizationMode),
        ),
        authorization_request(),
        make(common.AuthorizationRes, response_code="OK", evse_processing="Finished"),
        make(common.ServiceDiscoveryReq),
        make(
            common.ServiceDiscoveryRes,
            response_code="OK",
            service_renegotiation_supported=True,
            energy_transfer_service_list=services(service),
            vas_list=services(65),
        ),
        make(common.ServiceDetailReq, service_id=service),
        make(common.ServiceDetailRes, response_code="OK", service_id=service, service_parameter_list=detail),
        make(
            common.ServiceSelectionReq,
            selected_energy_transfer_service=make(common.SelectedService, service_id=service, parameter_set_id=set_id),
        ),
        make(common.ServiceSelectionRes, response_code="OK"),
    ]


def authorization_request() -> Any:
    return make(
        common.AuthorizationReq,
        selected_authorization_service="EIM",
        authorization_mode=make(common.EIMAReqAuthorizationMode),
    )


@cache
def credential() -> tuple[Any, bytes]:
    """A contract key on P-521 and its self-signed certificate."""
    key = ec.generate_private_key(ec.SECP521R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "DE-ABC-C123456-1")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
    signed = made.not_valid_before(start).not_valid_after(start + dt.timedelta(days=3650)).sign(key, hashes.SHA512())
    return key, signed.public_bytes(serialization.Encoding.DER)


def contract(chain: bytes = b"leaf") -> Any:
    subs = make(common.SubCertificates, certificate=(b"sub",))
    return make(common.ContractCertificateChain, certificate=chain, sub_certificates=subs)


def limits(prefix: str, dc_limits: bool, both: bool, **values: float) -> dict[str, Any]:
    """Charge and discharge limits as both charge parameters and loop have them."""
    found: dict[str, float] = {"maximum_charge_power": 50_000, "minimum_charge_power": 100}
    if dc_limits:
        found |= {
            "maximum_charge_current": 125,
            "minimum_charge_current": 1,
            "maximum_voltage": 500,
            "minimum_voltage": 200,
        }
    if both:
        found |= {"maximum_discharge_power": 30_000, "minimum_discharge_power": 50}
        if dc_limits:
            found |= {"maximum_discharge_current": 75, "minimum_discharge_current": 1}
    return {f"{prefix}_{name}": rational(value) for name, value in (found | values).items()}


ENERGY = {
    "ev_target_energy_request": rational(20_000),
    "ev_maximum_energy_request": rational(40_000),
    "ev_minimum_energy_request": rational(5_000),
}


def power_schedule(power_w: float = 50_000, duration: int = 86_400) -> Any:
    entry = make(common.PowerScheduleEntry, duration=duration, power=rational(power_w))
    entries = make(common.PowerScheduleEntryList, power_schedule_entry=(entry,))
    return make(common.PowerSchedule, time_anchor=EPOCH_US, power_schedule_entries=entries)


def schedules(control: str, both: bool) -> list[Any]:
    if control == "Dynamic":
        asked = make(common.DynamicSEReqControlMode, departure_time=7200, **ENERGY)
        told = make(common.DynamicSEResControlMode)
    else:
        asked = make(common.ScheduledSEReqControlMode, departure_time=7200, **ENERGY)
        back = make(common.ChargingSchedule, power_schedule=power_schedule(30_000)) if both else None
        charging = make(common.ChargingSchedule, power_schedule=power_schedule())
        one = make(common.ScheduleTuple, schedule_tuple_id=7, charging_schedule=charging, discharging_schedule=back)
        told = make(common.ScheduledSEResControlMode, schedule_tuple=(one,))
    return [
        make(common.ScheduleExchangeReq, maximum_supporting_points=1024, control_mode=asked),
        make(common.ScheduleExchangeRes, response_code="OK", evse_processing="Finished", control_mode=told),
    ]


def profile(control: str, power_w: float = 40_000) -> Any:
    mode = make(common.DynamicEVPPTControlMode)
    if control == "Scheduled":
        mode = make(common.ScheduledEVPPTControlMode, selected_schedule_tuple_id=7)
    entry = make(common.PowerScheduleEntry, duration=3600, power=rational(power_w))
    entries = make(common.EVPowerProfileEntryList, ev_power_profile_entry=(entry,))
    return make(common.EVPowerProfile, time_anchor=EPOCH_US, control_mode=mode, ev_power_profile_entries=entries)


def delivery(progress: str, control: str = "", processing: str = "Finished", code: str = "OK") -> list[Any]:
    told = profile(control) if progress == "Start" and control and processing == "Finished" else None
    request = make(common.PowerDeliveryReq, ev_processing=processing, charge_progress=progress, ev_power_profile=told)
    return [request, make(common.PowerDeliveryRes, response_code=code)]


def stop(how: str = "Terminate", code: str = "OK") -> list[Any]:
    return [make(common.SessionStopReq, charging_session=how), make(common.SessionStopRes, response_code=code)]


def meter(charged_wh: int, discharged_wh: int = 0) -> Any:
    return make(
        common_types.MeterInfo,
        meter_id="M1",
        charged_energy_reading_wh=charged_wh,
        bpt_discharged_energy_reading_wh=discharged_wh,
    )


def status(notification: str, delay: int = 0) -> Any:
    return make(common_types.EVSEStatus, notification_max_delay=delay, evse_notification=notification)


def dc_loop(
    control: str, both: bool, reading: int | None = None, current: float = 50, voltage: float = 400
) -> list[Any]:
    names = ("maximum_charge_power", "minimum_charge_power", "maximum_charge_current", "maximum_voltage", "minimum_voltage",
             "maximum_discharge_power", "minimum_discharge_power", "maximum_discharge_current")  # fmt: skip
    mine = {name: value for name, value in limits("ev", True, both).items() if name.removeprefix("ev_") in names}
    theirs = {name: value for name, value in limits("evse", True, both).items() if name.removeprefix("evse_") in names}
    prefix = "BPT" if both else ""
    asks, tells = (
        getattr(dc, f"{prefix}{control}DCCLReqControlMode"),
        getattr(dc, f"{prefix}{control}DCCLResControlMode"),
    )
    wanted = ENERGY if control == "Dynamic" else {"ev_target_current": rational(50), "ev_target_voltage": rational(410)}
    if not both:
        theirs.pop("evse_minimum_voltage", None)
    display = make(common_types.DisplayParameters, present_soc=40)
    return [
        make(
            dc.DCChargeLoopReq,
            display_parameters=display,
            meter_info_requested=False,
            ev_present_voltage=rational(398),
            control_mode=make(asks, **wanted, **mine),
        ),
        make(
            dc.DCChargeLoopRes,
            response_code="OK",
            meter_info=None if reading is None else meter(reading),
            evse_present_current=rational(current),
            evse_present_voltage=rational(voltage),
            evse_power_limit_achieved=False,
            evse_current_limit_achieved=False,
            evse_voltage_limit_achieved=False,
            control_mode=make(tells, **theirs),
        ),
    ]


def ac_loop(control: str, both: bool, reading: int | None = None, power: float = 7_000) -> list[Any]:
    prefix = "BPT" if both else ""
    asks, tells = (
        getattr(ac, f"{prefix}{control}ACCLReqControlMode"),
        getattr(ac, f"{prefix}{control}ACCLResControlMode"),
    )
    mine = limits("ev", False, both)
    wanted: dict[str, Any] = {"ev_present_active_power": rational(power)}
    if control == "Dynamic":
        wanted |= {**ENERGY, "ev_present_reactive_power": rational(0)}
    return [
        make(ac.ACChargeLoopReq, meter_info_requested=False, control_mode=make(asks, **wanted, **mine)),
        make(
            ac.ACChargeLoopRes,
            response_code="OK",
            meter_info=None if reading is None else meter(reading),
            control_mode=make(tells, evse_target_active_power=rational(power)),
        ),
    ]


LOOPS = 14


def dc_story(service: int = 6, control: str = "Dynamic") -> Story:
    both = service == 6
    kind = "BPTDC" if both else "DC"
    story = Story(namespace=core.DC)
    story.say(*offer(core.DC), *setup(service, 1 if control == "Scheduled" else 2))
    story.say(
        make(
            dc.DCChargeParameterDiscoveryReq,
            energy_transfer_mode=make(getattr(dc, f"{kind}CPDReqEnergyTransferMode"), **limits("ev", True, both)),
        ),
        make(
            dc.DCChargeParameterDiscoveryRes,
            response_code="OK",
            energy_transfer_mode=make(getattr(dc, f"{kind}CPDResEnergyTransferMode"), **limits("evse", True, both)),
        ),
        *schedules(control, both),
    )
    for processing in ("Ongoing", "Finished"):
        story.say(make(dc.DCCableCheckReq), make(dc.DCCableCheckRes, response_code="OK", evse_processing=processing))
    for processing, voltage in (("Ongoing", 200), ("Ongoing", 395), ("Finished", 398)):
        story.say(
            make(
                dc.DCPreChargeReq,
                ev_processing=processing,
                ev_present_voltage=rational(398),
                ev_target_voltage=rational(400),
            ),
            make(dc.DCPreChargeRes, response_code="OK", evse_present_voltage=rational(voltage)),
        )
    story.say(*delivery("Start", control))
    for index in range(LOOPS):
        story.say(*dc_loop(control, both, 100 if index == 0 else None))
    story.say(*delivery("Stop"))
    for processing, voltage in (("Ongoing", 200), ("Finished", 20)):
        story.say(
            make(dc.DCWeldingDetectionReq, ev_processing=processing),
            make(dc.DCWeldingDetectionRes, response_code="OK", evse_present_voltage=rational(voltage)),
        )
    return story.say(*stop())


def ac_story(service: int = 1, control: str = "Scheduled") -> Story:
    both = service == 5
    kind = "BPTAC" if both else "AC"
    story = Story(namespace=core.AC)
    told = limits("evse", False, both) | {"evse_nominal_frequency": rational(50)}
    story.say(*offer(core.AC), *setup(service, 1 if control == "Scheduled" else 2))
    story.say(
        make(
            ac.ACChargeParameterDiscoveryReq,
            energy_transfer_mode=make(getattr(ac, f"{kind}CPDReqEnergyTransferMode"), **limits("ev", False, both)),
        ),
        make(
            ac.ACChargeParameterDiscoveryRes,
            response_code="OK",
            energy_transfer_mode=make(getattr(ac, f"{kind}CPDResEnergyTransferMode"), **told),
        ),
        *schedules(control, both),
        *delivery("Start", control),
    )
    for index in range(LOOPS):
        story.say(*ac_loop(control, both, 100 if index == 0 else None))
    return story.say(*delivery("Stop"), *stop())


def dc_bpt_dynamic() -> Story:
    return dc_story(6, "Dynamic")


def dc_scheduled() -> Story:
    return dc_story(2, "Scheduled")


def dc_bpt_scheduled() -> Story:
    return dc_story(6, "Scheduled")


def dc_dynamic() -> Story:
    return dc_story(2, "Dynamic")


def ac_scheduled() -> Story:
    return ac_story(1, "Scheduled")


def ac_bpt_dynamic() -> Story:
    return ac_story(5, "Dynamic")


def pnc() -> Story:
    """Plug and charge: PnC and EIM offered, PnC chosen."""
    story = dc_scheduled()
    story.set("AuthorizationSetupRes", "authorization_services", ("EIM", "PnC"))
    story.set("AuthorizationSetupRes", "certificate_installation_service", True)
    block = make(common.PnCASResAuthorizationMode, gen_challenge=CHALLENGE)
    story.set("AuthorizationSetupRes", "authorization_mode", block)
    story.set("AuthorizationReq", "selected_authorization_service", "PnC")
    _, certificate = credential()
    chain = contract(certificate)
    answer = make(common.PnCAReqAuthorizationMode, id="id1", gen_challenge=CHALLENGE, contract_certificate_chain=chain)
    story.set("AuthorizationReq", "authorization_mode", answer)
    return story.sign("AuthorizationReq", "authorization_mode")


def standby() -> Story:
    """Power goes to standby and on again."""
    story = dc_scheduled()
    place = story.lines.index(story.at("DC_ChargeLoopReq", 7))
    told = Story().say(*delivery("Standby"), *delivery("Start", "Scheduled")).lines
    story.lines[place:place] = told
    return story


def renegotiated() -> Story:
    """The station asks for a new schedule, the vehicle follows."""
    story = dc_scheduled()
    story.set("DC_ChargeLoopRes", "evse_status", status("ScheduleRenegotiation", 0), nth=6)
    place = story.lines.index(story.at("DC_ChargeLoopReq", 7))
    told = Story().say(
        *delivery("ScheduleRenegotiation"), *schedules("Scheduled", False), *delivery("Start", "Scheduled")
    )
    story.lines[place:place] = told.lines
    return story


def service_renegotiated() -> Story:
    """After the stop the service is chosen anew on the same connection."""
    story, second = dc_scheduled(), dc_scheduled()
    story.set("SessionStopReq", "charging_session", "ServiceRenegotiation")
    place = second.lines.index(second.at("ServiceDiscoveryReq"))
    story.lines += second.lines[place:]
    for line in story.all("DC_ChargeLoopRes"):
        line.content = changed(line.content, "meter_info", meter(100))
    return story


def resumed() -> Story:
    """A session that was paused, and the same vehicle coming back."""
    past, story = dc_scheduled(), dc_scheduled()
    past.set("SessionStopReq", "charging_session", "Pause")
    past.station_clock_us = EPOCH_US - 3_600_000_000
    story.before = [past]
    story.code("SessionSetupRes", "OK_OldSessionJoined")
    story.at("SessionSetupReq").session_id = SESSION
    return story.drop(
        "AuthorizationSetupReq", "AuthorizationSetupRes", "AuthorizationReq", "AuthorizationRes", "ServiceDiscoveryReq",
        "ServiceDiscoveryRes", "ServiceDetailReq", "ServiceDetailRes", "ServiceSelectionReq", "ServiceSelectionRes",
    )  # fmt: skip


CLEAN = [
    dc_bpt_dynamic, dc_scheduled, dc_bpt_scheduled, dc_dynamic, ac_scheduled, ac_bpt_dynamic, pnc, standby, renegotiated,
    service_renegotiated, resumed,
]  # fmt: skip
