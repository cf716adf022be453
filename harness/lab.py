"""The lab config: which roles are bound to which drivers and addresses, and what is to be run on them.

A lab file is YAML; every complaint names file, line, column and key, and says what would be right. All complaints of a
file come at once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, ValidationError

from harness.complaints import explained, nearest
from harness.marked_yaml import MarkedYaml, Where, YamlProblem
from harness.retest import Retest

ROLES = (
    "charger",
    "vehicle",
    "csms",
    "power_analyser",
    "dc_source",
    "ac_source",
    "can_gateway",
    "control_pilot",
    "energy_meter",
    "network",
    "relay",
    "rfid",
    "pool",
    "operator",
)


LAB_CAPABILITIES = frozenset({"tls", "strict-20", "lab-20", "ocsp", "issuing", "bus-shorts"})
"""Capabilities that a case asks of the lab (its `security`, its wiring), not of a device."""


TOKEN = "04A1B2C3"
"""By which a driver is identified where the lab file names no other token: an RFID card's UID (our default)."""


class Start(StrEnum):
    """What lets a charging station begin once a vehicle is plugged in: a charger's option `start`."""

    ITSELF = "itself"
    """Nothing else: it is for free, or the vehicle pays by contract."""
    REMOTE = "remote"
    """Our CSMS asks for it, by RequestStartTransaction (1.6: RemoteStartTransaction)."""
    CARD = "card"
    """A card at its reader, by the rfid role or the operator."""


class LabError(ValueError):
    """The lab file is wrong; `problems` holds one line of text a problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Calibration(_Model):
    """Certificate of an instrument. An overdue one stops a run."""

    certificate: str
    due: dt.date
    date: dt.date | None = None


class Emulator(_Model):
    """Present where the bench shall start the far end of the wire itself; absent for real devices."""

    kind: str
    """Module under drivers/emulators/."""
    defects: tuple[str, ...] = ()
    options: dict[str, Any] = Field(default_factory=dict)


class Device(_Model):
    """One device bound to a role."""

    driver: str
    """`<role>.<product>`: the module under drivers/."""
    id: str = ""
    """Name in reports; the role's name where none is given."""
    resource: str | None = None
    """Address in the driver's own terms: a VISA resource, a serial port, a python-can interface, a host and port."""
    serial: str | None = None
    """Expected serial number; `plugfest check` compares."""
    calibration: Calibration | None = None
    emulator: Emulator | None = None
    hosted: bool = False
    """A program that its driver starts on this computer, in the run's own network: a stack under test without hardware."""
    reference: bool = False
    """This charger (or vehicle) is the lab's reference against which attribution is decided."""
    only_for: tuple[str, ...] = ()
    """Capabilities: the device takes part in cases alone that ask for one of them. A variant whose rest was tested."""
    interface: str | None = None
    """Network interface of the V2G link."""
    ocpp_id: str | None = None
    """Charging-station identity at the end of the websocket URL."""
    pics: dict[str, Any] = Field(default_factory=dict)
    """What the device claims: `capabilities` (a list) and free entries, after its maker's declaration."""
    identity: dict[str, str] = Field(default_factory=dict)
    """Maker, model, firmware and the like, for the report."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Further settings that the driver knows."""

    @property
    def start(self) -> Start:
        """Of a charger; raises ValueError for what is none."""
        return Start(self.options.get("start", Start.ITSELF))

    @property
    def token(self) -> str:
        """Of a charger: whose charging is asked for."""
        return str(self.options.get("token", TOKEN))

    @property
    def capabilities(self) -> frozenset[str]:
        """What the device claims to be able to do; by configuration reference, hardware that the bench measures, and
        local_start: a charger that asks its CSMS about whoever is there, and is not asked by it."""
        local_start = self.options.get("start") != Start.REMOTE
        configured = {"reference": self.reference, "hardware": not self.hosted, "local_start": local_start}
        return frozenset(self.pics.get("capabilities", ())) | {name for name, there in configured.items() if there}


def _listed(value: object) -> object:
    return [value] if isinstance(value, dict) else value


Devices = Annotated[tuple[Device, ...], BeforeValidator(_listed)]


class Identification(_Model):
    name: str
    place: str = ""
    bench: str = "B1"
    operator: str = ""


class Security(_Model):
    """How the V2G links are secured: one of the three environments in which a lab brings two devices together."""

    environment: Literal["none", "development", "production"] = "none"
    """`none`: plain TCP. `development`: TLS, certificates without revocation. `production`: with OCSP responses."""
    profile: Literal["lab-20", "strict-20"] | None = None
    """What is allowed in the handshake; lab-20 in development, strict-20 in production where none is given."""
    pki: str | None = None
    """Folder of certificates as `plugfest pki create` makes it, from the lab file's; none: made anew for each run."""

    @property
    def tls_profile(self) -> str:
        return self.profile or ("strict-20" if self.environment == "production" else "lab-20")

    def capabilities(self, folder: Path) -> frozenset[str]:
        """What cases may ask of the lab: `tls`, the profile, `ocsp`, and `issuing` (its authorities' keys are here)."""
        if self.environment == "none":
            return frozenset()
        issuing = not self.pki or all((folder / self.pki / f"{one}.key").is_file() for one in ("cpo_sub2", "oem_sub2"))
        found = {"tls": True, self.tls_profile: True, "ocsp": self.environment == "production", "issuing": issuing}
        return frozenset(name for name, there in found.items() if there)


Pairings = Literal["all", "reference"] | tuple[tuple[str, str], ...]


class OcppGateway(_Model):
    """A man in the middle for a whole campaign."""

    listen: str = "127.0.0.1:0"
    """Host and port to which stations connect instead of to their CSMS."""
    upstream: str = ""
    """URL of the CSMS behind it, without a station's identity; empty: our own."""


class Lab(_Model):
    """A whole bench. `roles` maps a role to its devices; a single device may be written without the list."""

    lab: Identification
    suites: tuple[str, ...]
    """Folders under testcases/ that belong to this lab's programme."""
    roles: dict[str, Devices]
    pairings: Pairings = "all"
    """`all` vehicles with all chargers, `reference`: each with the other side's reference, or a list of id pairs."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Case parameters by name, or by case id and then by name."""
    limits: dict[str, Any] = Field(default_factory=dict)
    """Limits that this lab sets itself; see `plugfest cases`."""
    switches: dict[str, Any] = Field(default_factory=dict)
    """How our ISO 15118 agents decide where public sources disagree; names as in harness/iso15118/profile.py."""
    security: Security = Security()
    """TLS of the V2G links."""
    impairments: tuple[str, ...] = ("none",)
    """Every case is run once under each of these kinds of bad links (lab-configs/impairments.yaml); `none` is good ones."""
    retest: Retest = Retest(times=0)
    """Which verdicts are tried again, and how often; nothing by default. A campaign file's own rule goes before it."""
    workers: int = Field(default=0, ge=0)
    """On wires, so many at once where the whole programme is run and `-n` says nothing; each has an emulated bench."""
    csms_listen: str = "127.0.0.1:0"
    """Host and port on which our CSMS waits for charging stations; port 0: any free one, for emulated stations."""
    ocpp_gateway: OcppGateway | None = None
    """Present: a proxy stands between every charging station and its CSMS through the whole campaign."""
    path: Path = Field(default=Path("lab.yaml"), exclude=True)
    _file: MarkedYaml | None = PrivateAttr(default=None)

    def complaint(self, where: Where, why: str) -> str:
        """One line about a key of the file: file, line, column, key, and why."""
        return _complaint(self._file or MarkedYaml(self.path), where, why)

    def refuse(self, complaints: Iterable[tuple[Where, str]]) -> None:
        """Raise LabError with each complaint at its place in the file, if there are any."""
        if problems := [self.complaint(where, why) for where, why in complaints]:
            raise LabError(problems)

    def located(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Options with file names that are meant from the lab file's own folder."""
        folder = self.path.parent
        return {
            name: str(folder / value) if isinstance(value, str) and value and (folder / value).is_file() else value
            for name, value in options.items()
        }

    def devices(self, role: str) -> tuple[Device, ...]:
        return self.roles.get(role, ())

    def device(self, role: str, identifier: str | None = None) -> Device:
        """The device of that id, or the role's only or first one; raises LabError."""
        for device in self.devices(role):
            if identifier in (None, device.id):
                return device
        raise LabError([f"{self.path}: roles.{role}: no {role} {identifier or ''} is configured; add one under roles"])

    @property
    def capabilities(self) -> frozenset[str]:
        """What the lab itself offers to cases, beside its devices."""
        shorts = self.devices("relay") and any(device.options.get("shorts") for device in self.devices("can_gateway"))
        return self.security.capabilities(self.path.parent) | ({"bus-shorts"} if shorts else frozenset())

    @property
    def emulated(self) -> bool:
        """True if no device on this bench is real; a person is no device, and neither is our own relay."""
        devices = [device for role, found in self.roles.items() if role not in _OURS for device in found]
        return all(device.emulator or device.hosted for device in devices)

    @property
    def emulated_person(self) -> bool:
        """True if the operator is an emulated one."""
        return any(device.emulator for device in self.devices("operator"))

    @property
    def has_person(self) -> bool:
        """True if somebody has to be at the bench."""
        return any(not device.emulator for device in self.devices("operator"))

    @property
    def hosted(self) -> tuple[Device, ...]:
        """The devices that are programs of others on this computer."""
        return tuple(device for devices in self.roles.values() for device in devices if device.hosted)

    @property
    def has_emulators(self) -> bool:
        """True if the bench must start at least one far end itself."""
        return any(device.emulator or device.hosted for devices in self.roles.values() for device in devices)

    def pairs(self) -> list[tuple[Device, Device]]:
        """(vehicle, charger) of each pairing, in the order in which they are run."""
        vehicles, chargers = self.devices("vehicle"), self.devices("charger")
        if self.pairings == "all":
            return [(vehicle, charger) for vehicle in vehicles for charger in chargers]
        if self.pairings == "reference":
            return [(v, c) for v in vehicles for c in chargers if v.reference or c.reference]
        return [(self.device("vehicle", v), self.device("charger", c)) for v, c in self.pairings]


def load_lab(path: Path, today: dt.date | None = None) -> Lab:
    """Read and validate a lab file; raises LabError with every problem found.

    `today` is the date against which calibrations are checked; without it the machine's date is taken.
    """
    try:
        file = MarkedYaml.load(path, "--lab", "lab, suites and roles")
    except YamlProblem as refused:
        raise LabError(refused.problems) from None
    try:
        lab = Lab.model_validate({**file.content, "path": path})
    except ValidationError as refused:
        errors = [(tuple(error["loc"]), error) for error in refused.errors()]
        raise LabError(
            [_complaint(file, where, explained(error, _known_keys(where[:-1]))) for where, error in errors]
        ) from None
    lab = lab.model_copy(update={"roles": {role: _named(role, found) for role, found in lab.roles.items()}})
    lab._file = file
    lab.refuse(_check(lab, today or dt.datetime.now(dt.UTC).date()))
    return lab


def _complaint(file: MarkedYaml, where: Where, why: str) -> str:
    """In the file a single device stands without its list, so without the index."""
    listed = where[:1] != ("roles",) or not isinstance(dict(enumerate(where)).get(2), int) or file.knows(where[:3])
    return file.complaint(where if listed else where[:2] + where[3:], why)


def _known_keys(where: tuple[str | int, ...]) -> list[str]:
    model: type[BaseModel] = Lab
    by_key: dict[str, type[BaseModel]] = {"lab": Identification, "calibration": Calibration, "emulator": Emulator}
    by_key |= {"security": Security, "ocpp_gateway": OcppGateway, "retest": Retest}
    for part in where:
        model = by_key.get(str(part), Device if model is Lab and part == "roles" else model)
    return [name for name in model.model_fields if name != "path"]


def _named(role: str, devices: tuple[Device, ...]) -> tuple[Device, ...]:
    return tuple(device if device.id else device.model_copy(update={"id": role}) for device in devices)


def _check(lab: Lab, today: dt.date) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What pydantic cannot see: names, duplicates, references, dates."""
    addresses: dict[str, str] = {}
    ids: dict[str, str] = {}
    for role, devices in lab.roles.items():
        if role not in ROLES:
            yield ("roles", role), f"unknown role; {nearest(role, ROLES)}"
            continue
        for index, device in enumerate(devices):
            where = ("roles", role, index)
            if not device.driver.startswith(f"{role}."):
                yield (*where, "driver"), f"expected a driver of this role, {role}.<product>, found {device.driver!r}"
            if device.id in ids:
                yield (*where, "id"), f"{device.id!r} is also the id of {ids[device.id]}; ids are unique on a bench"
            ids[device.id] = f"roles.{role}"
            if device.resource and not device.emulator:
                if device.resource in addresses:
                    yield (
                        (*where, "resource"),
                        f"{device.resource!r} is also the address of {addresses[device.resource]}; "
                        "two devices can't share one",
                    )
                addresses[device.resource] = f"roles.{role}"
            if not device.resource and not device.emulator and role not in _WITHOUT_ADDRESS:
                yield (*where, "resource"), "is missing; a real device needs its address (or give it an emulator)"
            if role == "charger":
                yield from _check_start(lab, where, device.options.get("start", Start.ITSELF))
            if device.calibration and device.calibration.due < today:
                yield (
                    (*where, "calibration", "due"),
                    f"calibration {device.calibration.certificate} was due {device.calibration.due}; "
                    "have it calibrated, or take the instrument out of this lab file",
                )
    if lab.workers > 1 and not (lab.emulated and not lab.has_person):
        yield ("workers",), "one real bench, or one person, takes one worker; leave it out"
    if lab.security.pki and not (lab.path.parent / lab.security.pki).is_dir():
        yield ("security", "pki"), f"no folder {lab.security.pki!r}; `plugfest pki create` makes one"
    if isinstance(lab.pairings, tuple):
        for number, pair in enumerate(lab.pairings):
            for position, (role, name) in enumerate(zip(("vehicle", "charger"), pair, strict=True)):
                known = [device.id for device in lab.devices(role)]
                if name not in known:
                    yield (
                        ("pairings", number, position),
                        f"no {role} {name!r}; configured are {', '.join(known) or 'none'}",
                    )


def _check_start(lab: Lab, where: Where, start: object) -> Iterator[tuple[Where, str]]:
    if start not in tuple(Start):
        yield (*where, "options", "start"), nearest(str(start), [str(one) for one in Start])
    if start == Start.CARD and not (lab.devices("rfid") or lab.devices("operator")):
        yield (*where, "options", "start"), f"{Start.CARD} needs somebody to hold it: add roles.rfid or roles.operator"


_OURS = {"network", "operator"}
"""Roles that are no devices: our own relay, and a person."""
_WITHOUT_ADDRESS = {"csms", "operator", "vehicle", "charger", "network", "can_gateway"}
"""Roles that are found in another way: by discovery, by their own connection to us, by bus settings in options."""
