"""The messages of a DC and of an AC session in the order of their first use: the groups over which the patterns run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Group:
    """One message pair. `other`: a request that is out of order where this one is expected."""

    name: str
    mode: str
    message: str
    other: str = "PowerDelivery"

    def case(self, side: str, number: int) -> str:
        """The identifier of a case in this group."""
        return f"TC_{side}_{self.mode}_VTB_{self.name}_{number:03}"


# fmt: off
GROUPS = (
    Group("SupportedAppProtocol", "CMN", "supportedAppProtocol", ""),
    Group("SessionSetup", "CMN", "SessionSetup", "ServiceDiscovery"),
    Group("AuthorizationSetup", "CMN", "AuthorizationSetup", "Authorization"),
    Group("Authorization", "CMN", "Authorization", "ServiceDiscovery"),
    Group("ServiceDiscovery", "CMN", "ServiceDiscovery", "ServiceSelection"),
    Group("ServiceDetail", "CMN", "ServiceDetail", "ServiceSelection"),
    Group("ServiceSelection", "CMN", "ServiceSelection", "ScheduleExchange"),
    Group("ChargeParameterDiscovery", "DC", "DC_ChargeParameterDiscovery", "ScheduleExchange"),
    Group("ScheduleExchange", "CMN", "ScheduleExchange", "DC_CableCheck"),
    Group("CableCheck", "DC", "DC_CableCheck", "DC_PreCharge"),
    Group("PreCharge", "DC", "DC_PreCharge", "PowerDelivery"),
    Group("PowerDelivery", "DC", "PowerDelivery", "DC_ChargeLoop"),
    Group("ChargeLoop", "DC", "DC_ChargeLoop", "ServiceDiscovery"),
    Group("WeldingDetection", "DC", "DC_WeldingDetection", "DC_ChargeLoop"),
    Group("SessionStop", "CMN", "SessionStop", "DC_ChargeLoop"),
)
# fmt: on

# fmt: off
AC_GROUPS = (
    Group("ChargeParameterDiscovery", "AC", "AC_ChargeParameterDiscovery", "ScheduleExchange"),
    Group("PowerDelivery", "AC", "PowerDelivery", "AC_ChargeLoop"),
    Group("ChargeLoop", "AC", "AC_ChargeLoop", "ServiceDiscovery"),
)
# fmt: on
"""What is another message in AC; the common ones are the same."""

IN_SESSION = GROUPS[2:]
"""Groups whose requests carry a session id that was given."""
