"""What a charger's V2G half hands on to its OCPP half: a session becomes a transaction, with the vehicle's needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from drivers.emulators.central_contracts import CentralContracts
from drivers.emulators.der_handover import DerHandover
from drivers.emulators.iso2_needs import of_iso2
from drivers.emulators.secc import Charger
from drivers.emulators.station import EmulatedStation
from harness.iso15118.secc_shell import Secc
from harness.iso15118.services import Service
from harness.iso15118.station import SessionEvent, What
from harness.ocpp.charging_needs import ChargingNeeds
from harness.ocpp.foresight import Slots
from harness.ocpp.shell import utc_s

TOKEN = "PLUGFEST-DRIVER"
"""Identification that the station presents for whoever plugs in (our default)."""
BY_VEHICLE = ("StoppedByEV", "ChargingStateChanged")
_TRANSFERS = {Service.DC: "DC", Service.DC_BPT: "DC_BPT", Service.AC: "AC_three_phase", Service.AC_BPT: "AC_BPT",
              Service.AC_DER_IEC: "AC_BPT_DER"}  # fmt: skip


class SessionHandover:
    """Between the two halves of one charger. `central` and `confirms_metering`: as in charger_unit.py."""

    def __init__(
        self,
        charger: Charger,
        station: EmulatedStation,
        *,
        central: CentralContracts | None,
        confirms_metering: bool,
    ) -> None:
        self.charger = charger
        self.station = station
        self.transferring = False
        self.idle = False
        """The station's target is Idle: where the vehicle rests, this is why."""
        self.ending = BY_VEHICLE
        """Reason and trigger of the next regular end."""
        self._der = DerHandover(charger, station)
        self._central = central
        self._confirms_metering = confirms_metering
        self._by_contract = False
        self._limits: Mapping[str, Any] = {}
        self._service = Service.DC
        self._dynamic = True
        self._offered: tuple[Slots, ...] | None = None
        """The CSMS's schedules as they were offered last in this session."""
        charger.before_session.append(self._prepare)

    def heard(self, event: SessionEvent) -> None:
        """The V2G session has got so far."""
        handler = _HANDLERS.get(event.what)
        if handler:
            handler(self, event.data)

    def _prepare(self, se: Secc) -> None:
        self._offered = None
        se.session.scheduler = self._schedule
        se.session.plain_only = lambda: self.station.evse.admission.plain_only

    def _schedule(self, until_s: int) -> tuple[Slots, ...] | None:
        if self._offered is None or not self.station.core.quirks.keeps_first_schedule:
            self._offered = self.station.schedules(until_s)
        return self._offered

    def _chosen(self, data: Mapping[str, Any]) -> None:
        self.station.choose(data["number"], data["profile"])

    def _session(self, data: Mapping[str, Any]) -> None:
        session = self.charger.current.session if self.charger.current else None
        self.station.identify(str(data["evcc_id"]), session.chosen_namespace if session else "")
        if self._central:
            self._central.session_begun()

    def _identification(self, data: Mapping[str, Any]) -> None:
        if self._central is None or self.station.in_transaction:
            return
        if data["contract"] is None:
            self.station.authorise(TOKEN)
        else:
            self._central.present(data["emaid"], data["contract"])

    def _authorized(self, data: Mapping[str, Any]) -> None:
        self._by_contract = data["how"] == "PnC" and bool(data["granted"])

    def _service_chosen(self, data: Mapping[str, Any]) -> None:
        self._service = Service(data["service"])
        self._dynamic = data["control"] == "dynamic"
        self._der.chosen(self._service)

    def _limits_told(self, data: Mapping[str, Any]) -> None:
        self._limits = data
        self._der.limited(data)

    def _needs_told(self, data: Mapping[str, Any]) -> None:
        limits = self._limits
        departure_s = data.get("departure_s")
        self.station.need(
            ChargingNeeds(
                requested=_TRANSFERS.get(self._service, "DC"),
                available=tuple(_TRANSFERS[one] for one in self.charger.config.offers if one in _TRANSFERS),
                of_iso2=of_iso2(data["parameters"]) if "parameters" in data else None,
                schedule_entries=data.get("entries"),
                der=self._der.nameplate(data.get("minimum_energy_wh")),
                dynamic_control=self._dynamic,
                departure_s=None if departure_s is None else utc_s(self.station.clock) + float(departure_s),
                target_soc_percent=data.get("target_soc_percent"),
                maximum_charge_w=abs(limits.get("maximum_charge_power_w") or 0.0),
                minimum_charge_w=abs(limits.get("minimum_charge_power_w") or 0.0),
                maximum_discharge_w=abs(limits.get("maximum_discharge_power_w") or 0.0),
                minimum_discharge_w=abs(limits.get("minimum_discharge_power_w") or 0.0),
                target_energy_wh=data.get("target_energy_wh"),
                minimum_energy_wh=data.get("minimum_energy_wh"),
                maximum_energy_wh=data.get("maximum_energy_wh"),
            )
        )

    def _power_on(self, _: Mapping[str, Any]) -> None:
        if self.transferring:
            self.station.resume()
        self.transferring = True
        self.station.start_transfer()
        if self._confirms_metering and self._by_contract:
            self.charger.confirm_metering()

    def _paused(self, _: Mapping[str, Any]) -> None:
        self.station.pause(by_vehicle=not self.idle)

    def _ended(self, data: Mapping[str, Any]) -> None:
        if self.transferring:
            self.transferring = False
            reason, trigger = ("Other", "AbnormalCondition") if data.get("code") else self.ending
            self.station.stop_transfer(reason, trigger)


_HANDLERS: dict[What, Callable[[SessionHandover, Mapping[str, Any]], None]] = {
    What.SESSION: SessionHandover._session,
    What.IDENTIFICATION: SessionHandover._identification,
    What.AUTHORIZATION: SessionHandover._authorized,
    What.SERVICE: SessionHandover._service_chosen,
    What.LIMITS: SessionHandover._limits_told,
    What.NEEDS: SessionHandover._needs_told,
    What.CHOICE: SessionHandover._chosen,
    What.POWER_ON: SessionHandover._power_on,
    What.PAUSED: SessionHandover._paused,
    What.STOPPED: SessionHandover._ended,
    What.FAILED: SessionHandover._ended,
}
