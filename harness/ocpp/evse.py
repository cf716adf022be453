"""The EVSE of a charging station: vehicle, transaction, power target and meter values; sans-I/O.

The lower half of a charger, which talks to the vehicle, acts on it with the time as an argument: `plug`, `identify`,
`authorise`, `need`, `start_transfer`, `pause`, `resume`, `stop_transfer`, `unplug`. It reads back its
`admission`, its `schedule` and `power_target_w`, and takes orders of the CSMS by `take_orders`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from harness.ocpp.admission import Admission
from harness.ocpp.charging_needs import ChargingNeeds
from harness.ocpp.control_loop import ControlLoop
from harness.ocpp.der import DerControls
from harness.ocpp.der_power import DerPower
from harness.ocpp.device_model import DeviceModel, Key
from harness.ocpp.external_control import ExternalControl
from harness.ocpp.foresight import Slots
from harness.ocpp.frames import Payload
from harness.ocpp.meter_values import Meter, Readings
from harness.ocpp.metering import ALIGNED, SAMPLED, Metering
from harness.ocpp.orders import Order, RenegotiationWanted, ScheduleRenegotiationWanted, StopWanted
from harness.ocpp.outbox import Letter
from harness.ocpp.power_target import Target
from harness.ocpp.quirks import Quirks
from harness.ocpp.running_transaction import RunningTransaction
from harness.ocpp.schedule_dialogue import ScheduleDialogue, ScheduleState
from harness.ocpp.smart_charging import SmartCharging
from harness.ocpp.surroundings import Surroundings
from harness.ocpp.timestamps import to_text
from harness.ocpp.transactions import IdToken, Transaction

EVSE_ID = 1


class Evse:
    """One EVSE with one connector. `post` sends a message to the CSMS; durable ones wait while offline."""

    def __init__(
        self,
        model: DeviceModel,
        meter: Meter,
        quirks: Quirks,
        post: Callable[[Letter], None],
        *,
        maximum_charge_w: float,
        maximum_discharge_w: float,
        transaction_prefix: str,
    ) -> None:
        self.model = model
        self.meter = meter
        self.quirks = quirks
        self.maximum_charge_w = maximum_charge_w
        self.maximum_discharge_w = maximum_discharge_w
        self.control = ControlLoop(self)
        self.online = False
        """The CSMS has accepted us and the link is up."""
        self.linked = False
        self.offline_since_s: float | None = None
        self.operative = True
        self.smart = SmartCharging(model, EVSE_ID, self.around, post)
        self.smart.overlooks = quirks.overlooks
        self.ems = ExternalControl(self.smart)
        self.der = DerControls(model, EVSE_ID, post)
        self.der.doubles = quirks.doubles_der
        self.der.forgets_defaults = quirks.forgets_defaults
        self.der.cuts_running = quirks.cuts_running
        self.der_power = DerPower(self.der, ends_taken_over=quirks.ends_taken_over)
        self.metering = Metering(model, EVSE_ID, transaction_prefix, self.readings)
        self.running = RunningTransaction(EVSE_ID, transaction_prefix, self.meter_value, lambda: self.online, post)
        self.plugged = False
        self.evccid: str | None = None
        self.admission = Admission(model, EVSE_ID, quirks, post, self._maybe_start)
        self.schedule = ScheduleDialogue(
            model, EVSE_ID, self.smart, post, lambda: self.running.id, self._transfer_refused
        )
        self.schedule.overlooks_refusal = quirks.ignores_refused_transfer
        self.schedule.refuses_older = quirks.refuses_older_vehicles
        self._post = post
        self._orders: list[Order] = []
        self._remote_start_id: int | None = None
        self._remote_profile: Payload | None = None

    @property
    def transaction(self) -> Transaction | None:
        """The one that runs."""
        return self.running.now

    @property
    def charging(self) -> bool:
        return self.running.charging

    # the vehicle's side ------------------------------------------------------------------------------------------

    def plug(self, now_s: float) -> None:
        """A vehicle is plugged in."""
        self.plugged = True
        self._available("Occupied", now_s)
        self._maybe_start(now_s)

    def identify(self, evccid: str, now_s: float, *, protocol: str = "urn:iso:std:iso:15118:-20:DC") -> None:
        """The V2G session has told who the vehicle is (component ConnectedEV, Q01.FR.36)."""
        self.evccid = evccid
        for variable, value in (("Available", "true"), ("VehicleID", evccid), ("ProtocolAgreed", protocol)):
            self.model.put(Key("ConnectedEV", variable, None, EVSE_ID), value)
        self._maybe_start(now_s)

    def authorise(self, token: IdToken, now_s: float, contract: Sequence[Payload] = ()) -> None:
        """Somebody wants to charge: ask the CSMS (C01, C08, Q01). The answer shows in `admission`.

        `contract`: OCSPRequestDataType of a contract's chain, for the CSMS to validate (C07).
        """
        self.admission.ask(token, now_s, linked=self.linked, evccid=self.evccid, contract=contract)

    def need(self, needs: ChargingNeeds, now_s: float) -> None:
        """The vehicle has told what it needs, for the first time or anew (Q01, K18, K19, K20)."""
        for key, value in needs.variables(EVSE_ID).items():
            self.model.put(key, value)
        self.schedule.need(needs, now_s, online=self.online)

    def start_transfer(self, now_s: float) -> None:
        """Power may flow from now on."""
        if self.transaction is None:
            return
        self.running.start_transfer(now_s)
        if self.evccid is not None:
            self.schedule.report(now_s)
        self.control.begin(now_s)

    def pause(self, now_s: float, *, by_vehicle: bool = True) -> None:
        """The transfer rests; the transaction goes on."""
        if self.quirks.ends_on_pause:
            self.stop_transfer(now_s, reason="StoppedByEV", trigger="ChargingStateChanged")
            return
        self.running.change_state("SuspendedEV" if by_vehicle else "SuspendedEVSE", now_s)

    def resume(self, now_s: float) -> None:
        self.running.change_state("Charging", now_s)

    def stop_transfer(self, now_s: float, *, reason: str = "Local", trigger: str = "StopAuthorized") -> None:
        """The transaction ends; the vehicle may still be plugged in. `reason` as in ReasonEnumType."""
        if self.schedule.state is ScheduleState.TRANSFER_REFUSED:  # whoever ends it, this is why (Q01.FR.06)
            reason, trigger = "ReqEnergyTransferRejected", "AbnormalCondition"
        if self.transaction:
            self.transaction.charging_state = "EVConnected"
        self._end(trigger, reason, now_s)
        self.admission.withdraw()

    def unplug(self, now_s: float) -> None:
        """The vehicle is gone."""
        if self.transaction:
            self.transaction.charging_state = "Idle"
        self._end("EVCommunicationLost", "EVDisconnected", now_s)
        self.plugged = False
        self.evccid = None
        self.admission.forget()
        self.der.in_vehicle = frozenset()
        self.schedule.forget()
        self.model.put(Key("ConnectedEV", "Available", None, EVSE_ID), "false")
        self._available("Available", now_s)

    def schedules(self, until_s: int, now_s: float) -> tuple[Slots, ...] | None:
        """What a vehicle in scheduled control may choose from, as `ScheduleDialogue.schedules` has it."""
        return self.schedule.schedules(until_s, self.maximum_charge_w, now_s)

    def start_remotely(self, token: IdToken, start_id: int, profile: Payload | None, now_s: float) -> None:
        """The CSMS wants this one to charge (F01, F02); a profile is tried on the transaction that is about to begin
        (K05)."""
        self.admission.grant(token)
        self._remote_start_id = start_id
        self._remote_profile = profile
        self._maybe_start(now_s)

    def renegotiate(self, wanted: bool) -> None:
        """Have the vehicle negotiate its schedule anew, where that is `wanted`."""
        if wanted and not self.quirks.keeps_schedule_in_session:
            self.order(ScheduleRenegotiationWanted())

    def take_orders(self) -> list[Order]:
        """What the CSMS wants the lower half to do."""
        orders, self._orders = self._orders, []
        return orders

    def order(self, order: Order) -> None:
        self._orders.append(order)

    def target(self, now_s: float) -> Target:
        """What the profiles add up to at the moment."""
        return self.smart.target(now_s)

    def power_target_w(self, now_s: float) -> float:
        """The power to aim at now, positive into the vehicle: profiles, converter and vehicle taken together."""
        if not self.charging:
            return 0.0
        charge_w, discharge_w = self.maximum_charge_w, self.maximum_discharge_w
        if needs := self.schedule.needs:
            charge_w = min(charge_w, needs.maximum_charge_w)
            discharge_w = min(discharge_w, needs.maximum_discharge_w if needs.bidirectional else 0.0)
        power_w = self.target(now_s).power_w(charge_w, discharge_w)
        return self.quirks.target_w(self.der_power.shaped_w(power_w, charge_w, discharge_w, self.readings(), now_s))

    def reactive_target_var(self, now_s: float) -> float:
        """The reactive power to aim at now, positive drawn from the grid: what DER controls ask of the converter."""
        if not self.charging:
            return 0.0
        maximum_var = self.model.number("DCDERCtrlr", "MaxVar", None, EVSE_ID) or 0.0
        readings = self.readings()
        return self.der_power.reactive_var(readings.power_w, maximum_var, readings, now_s)

    # the station's side ------------------------------------------------------------------------------------------

    def connected(self, now_s: float) -> None:
        self.linked = True
        if self.offline_since_s is not None:
            self.smart.back_online(self.offline_since_s, now_s)
        self.offline_since_s = None

    def disconnected(self, now_s: float) -> None:
        self.linked = self.online = False
        self.offline_since_s = now_s

    def due_s(self) -> float | None:
        """When `tick` wants to be called at the latest."""
        dues = (self.control.due_s, self.schedule.patience_due_s, self.der.due_s(), self.metering.aligned_due_s())
        return min((due for due in dues if due is not None), default=None)

    def rate_changed(self, now_s: float) -> None:
        """Somebody else than the CSMS has moved the power (K11 to K13)."""
        if self.transaction:
            self.running.tell("Updated", "ChargingRateChanged", now_s)
            self.renegotiate(self.schedule.moved(now_s, charging=self.charging))

    def tick(self, now_s: float) -> None:
        self.der.tick(now_s)
        if self.metering.aligned(now_s):
            self._tell_aligned(now_s)
        if self.schedule.patience_due_s is not None and now_s >= self.schedule.patience_due_s:
            self.schedule.patience_due_s = None
            if self.transaction:
                self._end_for_transfer(now_s)
        self.control.tick(now_s)

    def rebooted(self, now_s: float) -> None:
        """Transactions end, what does not persist is forgotten (K01.FR.27)."""
        self._end("ResetCommand", "ImmediateReset", now_s)
        self.smart.rebooted()
        if self.quirks.forgets_profiles:
            self.smart.profiles.clear()
        if self.quirks.forgets_der:
            self.der.controls.clear()

    def status_letter(self, now_s: float) -> Letter:
        """StatusNotification of the connector."""
        state = self.model.text("EVSE", "AvailabilityState", None, EVSE_ID) or "Available"
        request = {
            "timestamp": to_text(now_s),
            "connectorStatus": state if self.operative else "Unavailable",
            "evseId": EVSE_ID,
            "connectorId": 1,
        }
        return Letter("StatusNotification", request)

    def meter_value(
        self, context: str, now_s: float, controller: str = SAMPLED, when: str = "TxUpdated"
    ) -> Payload | None:
        """MeterValueType with the measurands configured for `when` (TxStarted, TxUpdated, TxEnded)."""
        transaction, mode, setpoint_w = "", "", None
        if self.transaction:
            transaction, mode = self.transaction.id, self.transaction.operation_mode
            setpoint_w = self.target(now_s).setpoint_w
        return self.metering.value(context, now_s, setpoint_w, transaction, controller, when, mode)

    def around(self, now_s: float) -> Surroundings:
        """What the profiles' meaning depends on now."""
        transaction = self.transaction
        readings = self.readings()
        ems = self.ems.order
        return Surroundings(
            now_s=now_s,
            evse_id=EVSE_ID,
            transaction_id=transaction.id if transaction else None,
            transfer_started_s=transaction.transfer_started_s if transaction else None,
            offline_since_s=self.offline_since_s,
            priority_charging=transaction is not None and self.smart.priority_transaction == transaction.id,
            soc_percent=readings.soc_percent,
            frequency_hz=readings.frequency_hz if self.control.frequency_hz is None else self.control.frequency_hz,
            power_w=readings.power_w,
            building_load_w=readings.building_load_w,
            afrr_signal=self.smart.afrr_signal(now_s),
            ems_setpoint_w=ems.setpoint_w,
            ems_limit_w=ems.limit_w,
            ems_discharge_limit_w=ems.discharge_limit_w,
            setpoint_priority=self.model.text("SmartChargingCtrlr", "SetpointPriority") or "ExternalControl",
            load_balancing=self.smart.load_balancing(),
        )

    def readings(self) -> Readings:
        """What the meter shows, or what an emulated station makes of it."""
        return self.quirks.readings(self.meter.readings())

    # inside ------------------------------------------------------------------------------------------------------

    def _available(self, state: str, now_s: float) -> None:
        self.model.put(Key("EVSE", "AvailabilityState", None, EVSE_ID), state)
        self._post(self.status_letter(now_s))

    def _transfer_refused(self, now_s: float) -> bool:
        """Negotiate the service again where that is possible, else end."""
        supported = self.model.flag("ISO15118Ctrlr", "ServiceRenegotiationSupport", EVSE_ID)
        if supported and not self.schedule.of_iso2:
            self.order(RenegotiationWanted(self.admission.allowed or ()))
            return True
        self._end_for_transfer(now_s)
        return False

    def _end_for_transfer(self, now_s: float) -> None:
        self.order(StopWanted("ReqEnergyTransferRejected"))
        self.stop_transfer(now_s, reason="ReqEnergyTransferRejected", trigger="AbnormalCondition")

    def _maybe_start(self, now_s: float) -> None:
        """TxStartPoint PowerPathClosed: plugged in and authorised. An ISO 15118 vehicle has to be known by then,
        since its EVCCID belongs into the first event (Q01.FR.02); a remote start may come before that."""
        asked = self.admission.token
        if self.transaction or asked is None or not (self.plugged and self.admission.granted):
            return
        if self.evccid is None and self.model.flag("ISO15118Ctrlr", "Enabled", EVSE_ID):
            return
        transaction = self.running.begin(asked, self._remote_start_id, now_s)
        trigger = "RemoteStart" if self._remote_start_id is not None else "Authorized"
        self._remote_start_id = None
        if self._remote_profile:
            self.smart.install(EVSE_ID, {**self._remote_profile, "transactionId": transaction.id}, now_s)
            self._remote_profile = None
        token = replace(asked, evccid=self.evccid)
        self.running.tell("Started", trigger, now_s, context="Transaction.Begin", when="TxStarted", id_token=token)

    def _end(self, trigger: str, reason: str, now_s: float) -> None:
        if self.transaction is None:
            return
        self.running.count_charging(now_s)
        self.running.tell("Ended", trigger, now_s, context="Transaction.End", when="TxEnded", stopped_reason=reason)
        self.smart.transaction_ended(self.transaction.id)
        self.running.now = None
        self.control.end()
        self.schedule.patience_due_s = None

    def _tell_aligned(self, now_s: float) -> None:
        """Clock-aligned meter values: an event of the transaction if one runs, else MeterValues (J01, J02)."""
        if self.transaction:
            self.running.tell("Updated", "MeterValueClock", now_s, context="Sample.Clock", controller=ALIGNED, when="")
        elif value := self.meter_value("Sample.Clock", now_s, ALIGNED, when=""):
            self._post(Letter("MeterValues", {"evseId": EVSE_ID, "meterValue": [value]}))
