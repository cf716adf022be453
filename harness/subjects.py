"""Which devices a case is run on, whether it applies to them, and with which parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from harness.case import Subject
from harness.complaints import nearest
from harness.lab import LAB_CAPABILITIES, Device, Lab
from harness.marked_yaml import Where
from harness.usecase import Parameter, Sut, UseCase

_ROLE: dict[Sut, str] = {"csms": "csms", "gateway": "can_gateway", "pool": "pool"}


def subjects_for(case: UseCase, lab: Lab) -> list[Subject]:
    """What the lab offers for the case's SUT: every pairing, every charger, every vehicle, every CSMS or gateway."""
    if case.sut == "pair":
        return [Subject(*pair) for pair in lab.pairs() if all(_is_for(case, device) for device in pair)]
    if case.sut == "charger":
        return [Subject(charger=charger) for charger in lab.devices("charger") if _is_for(case, charger)]
    if case.sut == "vehicle":
        return [Subject(vehicle=vehicle) for vehicle in lab.devices("vehicle") if _is_for(case, vehicle)]
    if case.sut == "bench":
        return [Subject()]
    return [Subject(other=device) for device in lab.devices(_ROLE[case.sut])]


WITHOUT_AGENT = frozenset({"wpt", "acdp", "acdp_bpt"})
WITH_AGENT = frozenset({"ac", "ac_bpt", "dc", "dc_bpt", "mcs", "mcs_bpt"})


def _speechless(device: Device) -> bool:
    """Whether our agents have no energy service in common with the device: WPT and ACDP are judged, not spoken."""
    return bool(device.capabilities & WITHOUT_AGENT) and not device.capabilities & WITH_AGENT


def _is_for(case: UseCase, device: Device) -> bool:
    return not device.only_for or bool(case.requires & set(device.only_for))


def under(case: UseCase, impairment: str) -> UseCase:
    """The case as it is planned and told when its links are bad in this way: a case of its own beside the good one."""
    if impairment == GOOD_LINKS:
        return case
    return replace(
        case,
        id=id_under(case.id, impairment),
        title=f"{case.title} (links: {impairment})",
        only_after=tuple(id_under(one, impairment) for one in case.only_after),
        tries_again=tuple(id_under(one, impairment) for one in case.tries_again),
    )


def id_under(case: str, impairment: str) -> str:
    return case if impairment == GOOD_LINKS else f"{case}@{impairment}"


def base_of(case: str) -> str:
    """The id of a case whatever links it is run on."""
    return case.partition("@")[0]


GOOD_LINKS = "none"


def applicability(case: UseCase, subject: Subject, lab: Lab) -> str:
    """Why the case does not apply to the subject, by what its makers declare and the lab offers; empty if it applies.

    A requirement `charger:ocpp2.1` is asked of the charger alone, one without a role of every device.
    """
    of_the_lab, of_devices = case.requires & LAB_CAPABILITIES, case.requires - LAB_CAPABILITIES
    if missing := sorted(of_the_lab - lab.capabilities):
        return f"the lab does not have {', '.join(missing)}"
    for role, device in (("vehicle", subject.vehicle), ("charger", subject.charger), ("", subject.other)):
        if device and "iso15118-20" in of_devices and _speechless(device):
            return f"{device.id} charges by wireless or automatic connection, which no agent of ours speaks"
        if device:
            wanted = {name.rpartition(":")[2] for name in of_devices if name.rpartition(":")[0] in ("", role)}
            if missing := sorted(wanted - device.capabilities):
                return f"{device.id} does not declare {', '.join(missing)}"
    return ""


def parameters_for(case: UseCase, lab: Lab) -> dict[str, Parameter]:
    """The case's defaults, overlaid with what the lab sets for all cases and then for this one."""
    general = {name: value for name, value in lab.parameters.items() if name in case.parameters}
    base, _, impairment = case.id.partition("@")
    links: dict[str, Parameter] = {"impairment": impairment} if impairment else {}
    return {**case.parameters, **general, **lab.parameters.get(base, {}), **links}


def parameter_complaints(cases: Iterable[UseCase], lab: Lab) -> Iterator[tuple[Where, str]]:
    """What is wrong with parameters that the lab sets: names that no case of its suites has, values of another type."""
    by_id = {case.id: case for case in cases}
    defaults = {name: default for case in by_id.values() for name, default in case.parameters.items()}
    for key, value in lab.parameters.items():
        if isinstance(value, dict):
            case = by_id.get(key)
            if case is None:
                yield ("parameters", key), f"unknown test case; {nearest(key, by_id)}"
                continue
            for name, inner in value.items():
                yield from _one_parameter(("parameters", key, name), name, inner, case.parameters)
        elif key not in defaults:
            yield ("parameters", key), f"unknown parameter or test case; {nearest(key, [*defaults, *by_id])}"
        else:
            yield from _one_parameter(("parameters", key), key, value, defaults)


def _one_parameter(
    where: Where, name: str, value: object, defaults: Mapping[str, Parameter]
) -> Iterator[tuple[Where, str]]:
    if name not in defaults:
        yield where, f"unknown parameter; {nearest(name, defaults)}"
    elif _kind(value) != _kind(defaults[name]):
        yield where, f"expected {_kind(defaults[name])} as {defaults[name]!r}, found {value!r}"


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    return "a number" if isinstance(value, int | float) else "text"
