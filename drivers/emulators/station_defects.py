"""Misbehaviours of the OCPP half of the emulated charger, each a documented defect and the quirks that make it.

`seen_in` says where such a fault was reported, or that it is ours, made from an error that the use case names.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from drivers.emulators.defects import Defect
from drivers.emulators.station_frame_defects import FRAME_SEEDS
from drivers.emulators.station_link_defects import LASTING_SEEDS, LINK_SEEDS, OFFLINE_SEEDS
from drivers.emulators.station_power_defects import METER_SEEDS, POWER_SEEDS
from drivers.emulators.station_profile_defects import DER_SEEDS, PROFILE_SEEDS, REFUSAL_SEEDS
from drivers.emulators.station_security_defects import SECURITY_SEEDS
from drivers.emulators.station_site_defects import SITE_SEEDS
from drivers.emulators.station_transaction_defects import TRANSACTION_SEEDS
from harness.ocpp.quirks import HONEST, Quirks

_SEEDS = (
    *POWER_SEEDS,
    *METER_SEEDS,
    *TRANSACTION_SEEDS,
    *PROFILE_SEEDS,
    *DER_SEEDS,
    *SECURITY_SEEDS,
    *LINK_SEEDS,
    *LASTING_SEEDS,
    *OFFLINE_SEEDS,
    *SITE_SEEDS,
    *REFUSAL_SEEDS,
    *FRAME_SEEDS,
)

DEFECTS: tuple[Defect, ...] = tuple(
    Defect(id=name, role="charger", protocol="ocpp2.1", seen_in=seen_in, description=description, found_by=found_by)
    for name, seen_in, found_by, description, _ in _SEEDS
)

QUIRKS: dict[str, Quirks] = {name: quirks for name, _, _, _, quirks in _SEEDS}


def quirks_of(defects: Iterable[str]) -> Quirks:
    """All named defects at once; names of other halves of the charger are not ours and are left alone."""
    return reduce(lambda one, other: one + other, (QUIRKS[name] for name in defects if name in QUIRKS), HONEST)
