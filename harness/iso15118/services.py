"""Energy services of ISO 15118-20 and the parameter sets that describe them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Energy(StrEnum):
    """The message set of an energy service; the value is the prefix of its messages."""

    AC = "AC"
    DC = "DC"
    WPT = "WPT"
    ACDP = "ACDP"


class Control(IntEnum):
    """Parameter ControlMode."""

    SCHEDULED = 1
    DYNAMIC = 2


class NeedsBy(IntEnum):
    """Parameter MobilityNeedsMode: who states departure time and state of charge."""

    EVCC = 1
    SECC = 2
    """Only with dynamic control ([V2G20-2663])."""


class Pricing(IntEnum):
    """Parameter Pricing."""

    NONE = 0
    ABSOLUTE = 1
    LEVELS = 2


class Channel(IntEnum):
    """Parameter BPTChannel."""

    UNIFIED = 1
    SEPARATED = 2


class Service(IntEnum):
    """ServiceIDs. 1 to 7, 65 and 66: all public stacks; 8 and 9: two stacks and a live run; 10 and 11: one stack."""

    AC = 1
    DC = 2
    WPT = 3
    DC_ACDP = 4
    AC_BPT = 5
    DC_BPT = 6
    DC_ACDP_BPT = 7
    MCS = 8
    MCS_BPT = 9
    AC_DER_IEC = 10
    AC_DER_SAE = 11
    INTERNET = 65
    PARKING_STATUS = 66

    @property
    def bidirectional(self) -> bool:
        return self in _BIDIRECTIONAL

    @property
    def energy(self) -> Energy | None:
        """Message set that the service uses; None for a value added service. MCS speaks DC."""
        return _ENERGY.get(self)


_BIDIRECTIONAL = frozenset(
    {Service.AC_BPT, Service.DC_BPT, Service.DC_ACDP_BPT, Service.MCS_BPT, Service.AC_DER_IEC, Service.AC_DER_SAE}
)
_ENERGY = {
    Service.AC: Energy.AC,
    Service.AC_BPT: Energy.AC,
    Service.AC_DER_IEC: Energy.AC,
    Service.AC_DER_SAE: Energy.AC,
    Service.DC: Energy.DC,
    Service.DC_BPT: Energy.DC,
    Service.MCS: Energy.DC,
    Service.MCS_BPT: Energy.DC,
    Service.WPT: Energy.WPT,
    Service.DC_ACDP: Energy.ACDP,
    Service.DC_ACDP_BPT: Energy.ACDP,
}


def energy_of(service_id: int) -> Energy | None:
    """The message set of a ServiceID, whoever chose it; None for what is no energy service or no service at all."""
    return _ENERGY.get(Service(service_id)) if service_id in set(Service) else None


NAMESPACES: Mapping[Energy, str] = {energy: f"urn:iso:std:iso:15118:-20:{energy}" for energy in Energy}
"""Protocol namespaces that supportedAppProtocol negotiates; all in version 1.0."""


def namespaces_of(services: Iterable[Service]) -> tuple[str, ...]:
    """The protocol namespaces that these energy services need, in their order, each once."""
    energies = (service.energy for service in services)
    return tuple(dict.fromkeys(NAMESPACES[energy] for energy in energies if energy is not None))


def vas_sets(service: Service) -> tuple[tuple[int, Mapping[str, int | str]], ...]:
    """Parameter sets of the two value added services, as public stacks offer them."""
    return _VAS[service]


_VAS: Mapping[Service, tuple[tuple[int, Mapping[str, int | str]], ...]] = {
    Service.INTERNET: (
        (3, {"Protocol": "http", "Port": 80}),
        (4, {"Protocol": "https", "Port": 443}),
    ),
    Service.PARKING_STATUS: ((1, {"IntendedService": 1, "ParkingStatusType": 1}),),
}


@dataclass(frozen=True, slots=True)
class EnergyOffer:
    """One parameter set of an energy service. `connector`: DC 2 extended, AC 3 three phases, MCS 1."""

    set_id: int
    control: Control = Control.DYNAMIC
    needs_by: NeedsBy = NeedsBy.EVCC
    pricing: Pricing = Pricing.NONE
    connector: int = 2
    channel: Channel = Channel.UNIFIED
    generator_mode: int = 1
    nominal_voltage_v: int = 230
    islanding_detection: int = 1
    der_functions: int = 0
    """DERControlFunctions of AC_DER_IEC, as in `der.DerFunction`."""

    def parameters(self, service: Service) -> dict[str, int]:
        """Parameter names and integer values, in the order in which public stacks write them."""
        named = {"Connector": self.connector, "ControlMode": int(self.control)}
        if service.energy is Energy.AC:
            named["EVSENominalVoltage"] = self.nominal_voltage_v
        named["MobilityNeedsMode"] = int(self.needs_by)
        named["Pricing"] = int(self.pricing)
        if service.bidirectional:
            named |= {"BPTChannel": int(self.channel), "GeneratorMode": self.generator_mode}
            if service.energy is Energy.AC:
                named["DetectionMethodGridCodeIslanding"] = self.islanding_detection
        if service is Service.AC_DER_IEC:
            named["DERControlFunctions"] = self.der_functions
        return named

    @classmethod
    def read(cls, set_id: int, named: Mapping[str, object]) -> EnergyOffer:
        """From received parameters; what is absent or odd takes the default, as a tolerant vehicle does."""

        def number(name: str, default: int) -> int:
            value = named.get(name, default)
            return int(value) if isinstance(value, int | float) else default

        return cls(
            set_id,
            Control.SCHEDULED if number("ControlMode", 2) == Control.SCHEDULED else Control.DYNAMIC,
            NeedsBy.SECC if number("MobilityNeedsMode", 1) == NeedsBy.SECC else NeedsBy.EVCC,
            Pricing(number("Pricing", 0)) if number("Pricing", 0) in (0, 1, 2) else Pricing.NONE,
            number("Connector", 2),
            Channel.SEPARATED if number("BPTChannel", 1) == Channel.SEPARATED else Channel.UNIFIED,
            number("GeneratorMode", 1),
            number("EVSENominalVoltage", 230),
            number("DetectionMethodGridCodeIslanding", 1),
            number("DERControlFunctions", 0),
        )
