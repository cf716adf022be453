"""A charger that leaves contracts to its CSMS: shows them (C07), passes installation on (M01), asks about vehicles (M07)."""

from __future__ import annotations

from typing import Any

from cryptography import x509

from drivers.emulators.secc import Charger
from drivers.emulators.station import EmulatedStation
from harness.exi.declare import Record
from harness.iso15118 import messages
from harness.iso15118.pki import Pki
from harness.iso15118.secc_shell import Secc
from harness.ocpp import plug_and_charge


class CentralContracts:
    """Between the two halves of one charger. `hierarchy`: where issuers of what vehicles show are looked up."""

    def __init__(self, charger: Charger, station: EmulatedStation, hierarchy: Pki) -> None:
        self.charger = charger
        self.station = station
        self.hierarchy = hierarchy
        self._asked = False
        self._given: bytes | None = None
        charger.before_session.append(self._prepare)

    def session_begun(self) -> None:
        """Ask what became of the certificate that the vehicle has shown in its TLS handshake (M07)."""
        self._asked, self._given = False, None
        shown = self.charger.current.session.vehicle_leaf if self.charger.current else b""
        if shown:
            leaf = x509.load_der_x509_certificate(shown)
            letter = plug_and_charge.chain_status((leaf, *self.hierarchy.above(leaf)), self._judge)
            if letter:
                self.station.say(letter)

    def _judge(self, statuses: frozenset[str]) -> None:
        """A vehicle whose certificate is revoked is no partner for a session."""
        if "Revoked" in statuses and not self.station.core.quirks.serves_revoked_vehicles:
            self.charger.break_off("the vehicle's certificate is revoked")

    def present(self, emaid: str, leaf: x509.Certificate) -> None:
        """The CSMS decides on a contract that is good by itself (C07)."""
        self.station.authorise(emaid, "eMAID", (leaf, *self.hierarchy.above(leaf)))

    def _prepare(self, se: Secc) -> None:
        se.session.installer = self._installed
        if self.station.core.quirks.hides_failed_installation:
            se.session.overlooks |= {"WARNING_NoCertificateAvailable"}

    def _installed(self, request: Record) -> bytes | None:
        if not self._asked:
            self._asked = True
            content: dict[str, Any] = request.__dict__
            maximum = int(content["maximum_contract_certificate_chains"])
            listed = content["prioritized_emaids"]
            first = (
                () if listed is None or self.station.core.quirks.forgets_priorities else tuple(map(str, listed.emaid))
            )
            exi = messages.encode(request, "common")
            self.station.say(plug_and_charge.installation(exi, maximum, self._take, first))
        given = self._given
        if given is not None and not self.station.core.quirks.asks_once:
            self._asked, self._given = False, None  # a vehicle that asks again wants the next contract (M01.FR.04)
        return given

    def _take(self, octets: bytes) -> None:
        self._given = octets
