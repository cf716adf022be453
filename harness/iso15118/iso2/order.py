"""The order of messages in ISO 15118-2, as one table: what may follow an answered request.

A step is the last granted request, with what tells its states apart (`PowerDeliveryReq(Stop)`, `...(Ongoing)`). Agents and
rules read the same table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.iso15118.order import State

START = ""
AC_OR_DC = ("CableCheckReq", "PowerDeliveryReq")
LOOPS = ("ChargingStatusReq", "CurrentDemandReq")

FOLLOW: Mapping[str, tuple[str, ...]] = {
    START: ("supportedAppProtocolReq",),
    "supportedAppProtocolReq": ("SessionSetupReq",),
    "SessionSetupReq": ("ServiceDiscoveryReq",),
    "ServiceDiscoveryReq": ("ServiceDetailReq", "PaymentServiceSelectionReq"),
    "ServiceDetailReq": ("ServiceDetailReq", "PaymentServiceSelectionReq"),
    "PaymentServiceSelectionReq": (
        "PaymentDetailsReq", "CertificateInstallationReq", "CertificateUpdateReq", "AuthorizationReq",
    ),
    "CertificateInstallationReq": ("PaymentDetailsReq",),
    "CertificateUpdateReq": ("PaymentDetailsReq",),
    "PaymentDetailsReq": ("AuthorizationReq",),
    "AuthorizationReq(Ongoing)": ("AuthorizationReq",),
    "AuthorizationReq": ("ChargeParameterDiscoveryReq",),
    "ChargeParameterDiscoveryReq(Ongoing)": ("ChargeParameterDiscoveryReq",),
    "ChargeParameterDiscoveryReq": AC_OR_DC,
    "CableCheckReq(Ongoing)": ("CableCheckReq",),
    "CableCheckReq": ("PreChargeReq",),
    "PreChargeReq": ("PreChargeReq", "PowerDeliveryReq"),
    "PowerDeliveryReq(Start)": (*LOOPS, "PowerDeliveryReq"),
    "ChargingStatusReq": ("ChargingStatusReq", "MeteringReceiptReq", "PowerDeliveryReq"),
    "CurrentDemandReq": ("CurrentDemandReq", "MeteringReceiptReq", "PowerDeliveryReq"),
    "MeteringReceiptReq": (*LOOPS, "PowerDeliveryReq"),
    "PowerDeliveryReq(Renegotiate)": ("ChargeParameterDiscoveryReq",),
    "PowerDeliveryReq(Stop)": ("WeldingDetectionReq", "ChargeParameterDiscoveryReq"),
    "WeldingDetectionReq": ("WeldingDetectionReq",),
    "SessionStopReq": (),
}  # fmt: skip

BEFORE_A_SESSION = (START, "supportedAppProtocolReq")

STATES: Mapping[str, State] = {
    "supportedAppProtocolReq": State.NEGOTIATED,
    "SessionSetupReq": State.NEW,
    "ServiceDiscoveryReq": State.SERVICES,
    "ServiceDetailReq": State.SERVICE_DETAIL,
    "PaymentServiceSelectionReq": State.SERVICE_SELECTED,
    "AuthorizationReq(Ongoing)": State.AUTHORIZATION_ONGOING,
    "AuthorizationReq": State.AUTHORIZED,
    "ChargeParameterDiscoveryReq(Ongoing)": State.SCHEDULE_ONGOING,
    "ChargeParameterDiscoveryReq": State.SCHEDULED,
    "CableCheckReq(Ongoing)": State.CABLE_CHECK_ONGOING,
    "CableCheckReq": State.CABLE_CHECKED,
    "PreChargeReq": State.PRE_CHARGE_ONGOING,
    "PowerDeliveryReq(Start)": State.POWER_ON,
    "CurrentDemandReq": State.LOOP,
    "ChargingStatusReq": State.LOOP,
    "PowerDeliveryReq(Renegotiate)": State.RENEGOTIATING,
    "PowerDeliveryReq(Stop)": State.POWER_OFF,
    "WeldingDetectionReq": State.WELDING_ONGOING,
    "SessionStopReq": State.TERMINATED,
}
"""The same steps in the words of ISO 15118-20, for whoever looks at a session of either protocol from outside."""


def step_after(name: str, request: Any, response: Any) -> str:
    """The step that a granted request leads to; `ready_to_charge_state` is how DIN SPEC 70121 says Start."""
    if name == "PowerDeliveryReq":
        progress = getattr(request, "charge_progress", None)
        ready = getattr(request, "ready_to_charge_state", None)
        return f"{name}({progress or ('Start' if ready else 'Stop')})"
    waiting = str(getattr(response, "evse_processing", None) or "").startswith("Ongoing")
    return f"{name}(Ongoing)" if waiting else name


def permitted(step: str, name: str, follow: Mapping[str, tuple[str, ...]] = FOLLOW) -> bool:
    """Whether a request may come after a step; SessionStopReq may at any time in a session."""
    if name == "SessionStopReq":
        return step not in BEFORE_A_SESSION and step != "SessionStopReq"
    return name in follow.get(step, ())
