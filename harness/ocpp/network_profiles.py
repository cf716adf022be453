"""Where and how a station connects (B09, B10, A05 of OCPP 2.x): its network profiles, and what it does with them.

The first slot is what the installer has set. After some failed attempts the next one in the order of priority is tried.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from harness.link import TextChannel
from harness.ocpp.certificates import Certificates
from harness.ocpp.device_model import DeviceModel, Key
from harness.ocpp.frames import Payload
from harness.ocpp.memory_network import Reach
from harness.ocpp.outbox import Letter
from harness.ocpp.security import ConnectionRefused, Fault, Security
from harness.ocpp.timestamps import to_text
from harness.ocpp.version import Version

_PRIORITY = Key("OCPPCommCtrlr", "NetworkConfigurationPriority")
_PASSWORD = Key("SecurityCtrlr", "BasicAuthPassword")
CSMS_ROOT = "CSMSRootCertificate"


@dataclass(frozen=True, slots=True)
class NetworkProfile:
    """One slot. `password` is its own; the station's BasicAuthPassword where it has none."""

    url: str
    security_profile: int = 0
    password: str = ""


@dataclass(frozen=True, slots=True)
class CsmsAddress:
    """The CSMS that an installer has set, and the means to reach it and any other."""

    url: str
    reach: Reach


class NetworkProfiles:
    """`hang_up` asks the shell for a new link, where there is one; `post` sends a message to the CSMS."""

    def __init__(self, model: DeviceModel, certificates: Certificates, post: Callable[[Letter], None]) -> None:
        self.model = model
        self.certificates = certificates
        self.slots: dict[int, NetworkProfile] = {}
        self.slot = 1
        self.hang_up: Callable[[], None] | None = None
        self.faults: frozenset[Fault] = frozenset()
        self.unproved: frozenset[int] = frozenset()
        """What it does wrong, and the security profiles in which it does not prove itself: for defects."""
        self._post = post
        self._failed = 0
        self._in_use: NetworkProfile | None = None
        """By which the present or latest link was made."""
        self._complaint: str | None = None
        model.on_write = self._written

    def handlers(self) -> dict[str, Callable[[Payload, float], Payload]]:
        return {"SetNetworkProfile": self._set}

    async def connect(
        self, address: CsmsAddress, identity: str, versions: tuple[Version, ...]
    ) -> tuple[TextChannel, Version]:
        """Connect as the present slot says; raises ConnectionRefused, and tries another one in the end."""
        self.slots.setdefault(1, NetworkProfile(address.url))
        profile = self.slots[self.slot]
        try:
            link = await address.reach(profile.url, identity, versions, self._security(profile))
        except ConnectionRefused as refused:
            self._count_failure(refused)
            raise
        self._failed = 0
        self._in_use = profile
        self.model.put(Key("SecurityCtrlr", "SecurityProfile"), str(profile.security_profile))
        return link

    def rebooted(self) -> bool:
        """A new order of priority counts from the next start on (B10): true if that means another link."""
        self._failed = 0
        self.slot = self._order()[0]
        if self.hang_up is None or self.slots.get(self.slot) == self._in_use:
            return False
        self.hang_up()
        return True

    def booted(self, now_s: float) -> None:
        """Accepted by a CSMS: tell it what went wrong on the way (A04)."""
        if self._complaint:
            event = {"type": self._complaint, "timestamp": to_text(now_s)}
            self._complaint = None
            self._post(Letter("SecurityEventNotification", event, durable=True))

    # inside ------------------------------------------------------------------------------------------------------

    def _set(self, request: Payload, _now_s: float) -> Payload:
        """B09; a lower security profile only where the device model allows it (A05)."""
        data = request["connectionData"]
        wanted, present = data["securityProfile"], self.slots[self.slot].security_profile if self.slots else 0
        if wanted < present and not self.model.flag("SecurityCtrlr", "AllowSecurityProfileDowngrade"):
            return {"status": "Rejected", "statusInfo": {"reasonCode": "NoSecurityDowngrade"}}
        if str(request["configurationSlot"]) not in self.model.variables[_PRIORITY].values:
            return {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidConfSlot"}}
        self.slots[request["configurationSlot"]] = NetworkProfile(
            data["ocppCsmsUrl"], wanted, data.get("basicAuthPassword", "")
        )
        return {"status": "Accepted"}

    def _written(self, key: Key, value: str) -> str | None:
        """Why a value cannot be written, from what this part of the station knows."""
        if key == _PRIORITY:
            return next((why for slot in value.split(",") if (why := self._unusable(slot))), None)
        if key == _PASSWORD and self.slots:
            self.slots[self.slot] = replace(self.slots[self.slot], password=value)
            if self.hang_up and self.slots[self.slot].security_profile in (1, 2):
                self.hang_up()  # A01: the new password counts at once
        return None

    def _unusable(self, slot: str) -> str | None:
        profile = self.slots.get(int(slot)) if slot.isdigit() else None
        if profile is None:
            return f"slot {slot!r} is not set"
        if profile.security_profile >= 2 and not self.certificates.roots.get(CSMS_ROOT):
            return f"slot {slot} needs a {CSMS_ROOT}"
        if profile.security_profile == 3 and not self.certificates.own_pem():
            return f"slot {slot} needs a certificate of this station"
        return None

    def _security(self, profile: NetworkProfile) -> Security:
        password = profile.password or self.model.text("SecurityCtrlr", "BasicAuthPassword") or "none"
        if profile.security_profile in self.unproved:
            password = "none"
        if profile.security_profile < 2:
            return Security(profile.security_profile, password if profile.security_profile else "", faults=self.faults)
        trusted = "".join(self.certificates.roots_pem(CSMS_ROOT))
        if profile.security_profile == 2 or 3 in self.unproved:
            return Security(2, password, trusted=trusted, faults=self.faults)
        own = self.certificates.own_pem()
        certificate, key = own or (None, None)
        return Security(3, "", certificate, key, trusted, self.faults)

    def _order(self) -> list[int]:
        return [int(slot) for slot in self.model.items(_PRIORITY.component, _PRIORITY.variable)] or [1]

    def _count_failure(self, refused: ConnectionRefused) -> None:
        if "certificate" in str(refused):
            self._complaint = "InvalidCsmsCertificate"
        elif refused.status == 401:
            self._complaint = "FailedToAuthenticateAtCsms"
        self._failed += 1
        attempts = self.model.number("OCPPCommCtrlr", "NetworkProfileConnectionAttempts") or 1
        if self._failed >= attempts:
            self._failed = 0
            order = self._order()
            place = order.index(self.slot) if self.slot in order else -1
            self.slot = order[(place + 1) % len(order)]
