"""Times of ISO 15118-2 (its table 109), in seconds, that our agents and rules use; DIN SPEC 70121 shares most of them."""

from __future__ import annotations

TIMEOUT_S, SLOW_S, LOOP_S = 2.0, 5.0, 0.25
"""How long a vehicle waits for an answer: usually, for the messages of `SLOW`, and in the loop of direct current."""
SLOW = (
    "ServiceDetailReq",
    "PaymentDetailsReq",
    "PowerDeliveryReq",
    "CertificateInstallationReq",
    "CertificateUpdateReq",
)
SEQUENCE_S, ONGOING_S, CABLE_CHECK_S, PRE_CHARGE_S = 60.0, 60.0, 40.0, 7.0
"""A station's patience for the next request; a vehicle's with something ongoing, the cable check, the pre-charge."""
STATION_ONGOING_S = 55.0
"""How long a station may keep a vehicle waiting."""
CONTACTOR_S = 3.0
"""How long a contactor may take inside PowerDelivery."""


def message_timeout_s(request: str) -> float:
    """The vehicle's message timeout for a request, by its schema name."""
    if request == "CurrentDemandReq":
        return LOOP_S
    return SLOW_S if request in SLOW else TIMEOUT_S
