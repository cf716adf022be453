"""What an emulated charger or vehicle can do, from the options of its lab file and the certificates of its bench.

Options of both: `protocols` (iso15118-20, iso15118-2, or both). Of `charger_unit`: `services` (names as in PICS: dc_bpt, dc,
mcs_bpt, mcs, ac_bpt, ac, ac_der_iec), `variants: true` (further parameter sets: prices, needs stated by the station,
separate channels, value added services), `pnc: true` (contracts, their installation, confirmed metering; only with TLS) or
`pnc: central` (the CSMS decides on contracts, and installs them). Of `vehicle_unit`: `services`, `vas: true`,
`control: scheduled`, and `contract: held`, or `contract: wanted` for a car that asks for one. Unknown names raise ValueError.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from drivers.emulators.car_der import FUNCTIONS, MAXIMUM_VAR
from harness.iso15118.der import DerFunction
from harness.iso15118.environment import Environment
from harness.iso15118.evcc import EvccConfig
from harness.iso15118.installation import Provisioning
from harness.iso15118.iso2.evcc import Iso2EvccConfig
from harness.iso15118.iso2.secc import MODES
from harness.iso15118.pki import KeyKind
from harness.iso15118.secc import SeccConfig
from harness.iso15118.services import Channel, Control, Energy, EnergyOffer, NeedsBy, Pricing, Service

DC = ("dc_bpt", "dc")
ENERGY_SERVICES = {
    one.name.lower(): one
    for one in (
        Service.DC_BPT,
        Service.DC,
        Service.MCS_BPT,
        Service.MCS,
        Service.AC_BPT,
        Service.AC,
        Service.AC_DER_IEC,
    )
}
PROTOCOLS = ("iso15118-20", "iso15118-2")
PATIENT_LOOP_S = 0.5
"""How long an emulated vehicle waits in the loop of ISO 15118-2: on a busy computer an emulator is not to be the one that
gives up; the rules keep to the standard's 0.25 s (our default)."""
CONNECTORS = {Service.AC: 3, Service.AC_BPT: 3, Service.AC_DER_IEC: 3, Service.MCS: 1, Service.MCS_BPT: 1}
"""Parameter Connector: three phases, MCS; 2, extended, for DC."""

ASKED_OF_DER = (
    DerFunction.OVER_FREQUENCY_WATT | DerFunction.UNDER_FREQUENCY_WATT | DerFunction.VOLT_WATT,
    DerFunction.VOLT_WATT | DerFunction.VOLT_VAR | DerFunction.DSO_Q_SETPOINT | DerFunction.DSO_COS_PHI_SETPOINT,
    DerFunction.VOLT_WATT,
    DerFunction(0),
)
"""What an emulated charger would leave to the vehicle, a parameter set each; the rest it does in the vehicle's place."""


def services(names: Iterable[str]) -> tuple[Service, ...]:
    """By their names in PICS; raises ValueError."""
    for name in names:
        if name not in ENERGY_SERVICES:
            near = get_close_matches(str(name), ENERGY_SERVICES, 1, 0.0)
            raise ValueError(f"services: unknown {name!r}; nearest is {near[0]!r}")
    return tuple(ENERGY_SERVICES[name] for name in names)


def offers(service: Service, *, variants: bool) -> tuple[EnergyOffer, ...]:
    """Both control modes; with `variants` also who states the needs, prices in both forms, and separate channels."""
    connector = CONNECTORS.get(service, 2)
    if service is Service.AC_DER_IEC:
        return tuple(
            EnergyOffer(n, connector=connector, der_functions=wanted) for n, wanted in enumerate(ASKED_OF_DER, 1)
        )
    plain = (
        EnergyOffer(1, Control.DYNAMIC, connector=connector),
        EnergyOffer(2, Control.SCHEDULED, connector=connector),
    )
    more = (
        EnergyOffer(3, Control.DYNAMIC, NeedsBy.SECC, connector=connector),
        EnergyOffer(4, Control.SCHEDULED, pricing=Pricing.ABSOLUTE, connector=connector),
        EnergyOffer(5, Control.SCHEDULED, pricing=Pricing.LEVELS, connector=connector),
        EnergyOffer(6, Control.DYNAMIC, channel=Channel.SEPARATED, connector=connector),
    )
    return plain + (more[: 4 if service.bidirectional and service.energy is Energy.DC else 3] if variants else ())


def protocols(options: Mapping[str, Any]) -> tuple[str, ...]:
    """What may be negotiated, in order of preference; raises ValueError."""
    wanted = options.get("protocols", PROTOCOLS[:1])
    if not isinstance(wanted, list | tuple) or not wanted or set(wanted) - set(PROTOCOLS):
        raise ValueError(f"protocols: expected a list of {' or '.join(PROTOCOLS)}, found {wanted!r}")
    return tuple(wanted)


def secc_config(options: Mapping[str, Any], security: Environment | None) -> SeccConfig:
    variants = bool(options.get("variants"))
    offered = {one: offers(one, variants=variants) for one in services(options.get("services", DC))}
    contracts = contract_service(security) if options.get("pnc") and security else {}
    return SeccConfig(
        offers=offered, protocols=protocols(options), vas=(Service.INTERNET,) if variants else (), **contracts
    )


def contract_service(security: Environment) -> dict[str, Any]:
    """A charger that takes contracts, and installs them where the keys are those of the standard."""
    hierarchy = security.hierarchy
    leaves = hierarchy.leaves
    installs = hierarchy.kind is KeyKind.SECP521R1 and {"provisioning_service", "contract"} <= set(leaves)
    return {
        "pnc": True,
        "mo_roots": (hierarchy.root("mo_root"),),
        "signer": leaves.get("provisioning_service"),
        "provisioning": Provisioning(leaves["provisioning_service"], leaves["contract"], (hierarchy.root("oem_root"),))
        if installs
        else None,
    }


def evcc_config(options: Mapping[str, Any], security: Environment | None) -> EvccConfig:
    wanted: dict[str, Any] = {"services": services(options.get("services", DC)), "protocols": protocols(options)}
    energies = {service.energy for service in wanted["services"]}
    modes = tuple(mode for energy, mode in MODES if energy in energies)
    wanted["iso2"] = Iso2EvccConfig(modes=modes, loop_timeout_s=PATIENT_LOOP_S)
    if Service.AC_DER_IEC in wanted["services"]:
        wanted |= {"der_functions": FUNCTIONS, "maximum_reactive_var": MAXIMUM_VAR}
    if options.get("vas"):
        wanted["vas"] = (Service.INTERNET,)
    control = options.get("control", "dynamic")
    if control not in ("dynamic", "scheduled"):
        raise ValueError(f"control: expected dynamic or scheduled, found {control!r}")
    wanted["control"] = Control[control.upper()]
    contract = options.get("contract", "none")
    if contract not in ("none", "held", "wanted"):
        raise ValueError(f"contract: expected none, held or wanted, found {contract!r}")
    if options.get("contracts"):
        wanted |= {"contracts": int(options["contracts"]), "prioritized_emaids": tuple(options.get("prioritized", ()))}
    if security and contract != "none":
        wanted |= contract_holder(security, held=contract == "held")
    return EvccConfig(**wanted)


def contract_holder(security: Environment, *, held: bool) -> dict[str, Any]:
    """A vehicle with a contract, or with what it takes to ask for one."""
    hierarchy = security.hierarchy
    name = "contract" if held else "oem_provisioning"
    return {
        "contract" if held else "provisioning": hierarchy.leaves[name],
        "trusted_roots": (hierarchy.root("v2g_root"),),
    }
