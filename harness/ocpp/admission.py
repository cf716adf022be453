"""Who may charge at an EVSE, and by which energy transfer: asked of the CSMS, told by it, or decided without it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from harness.ocpp.device_model import DeviceModel
from harness.ocpp.frames import Payload
from harness.ocpp.outbox import Letter
from harness.ocpp.quirks import Quirks
from harness.ocpp.session import Answered, SessionEvent
from harness.ocpp.transactions import IdToken


class Admission:
    """Of one EVSE. `decided` is called when an answer is there."""

    def __init__(
        self,
        model: DeviceModel,
        evse_id: int,
        quirks: Quirks,
        post: Callable[[Letter], None],
        decided: Callable[[float], None],
    ) -> None:
        self.model = model
        self.evse_id = evse_id
        self.quirks = quirks
        self.token: IdToken | None = None
        self.granted: bool | None = None
        """None: not asked, or no answer yet."""
        self.allowed: tuple[str, ...] | None = None
        """Energy transfers; None: the CSMS has not said (Q01.FR.09, Q02)."""
        self.plain_only = False
        """The CSMS has let the vehicle charge and named no transfer: none that is bidirectional (Q01.FR.09)."""
        self._post = post
        self._decided = decided

    def ask(
        self, token: IdToken, now_s: float, *, linked: bool, evccid: str | None, contract: Sequence[Payload] = ()
    ) -> None:
        """Somebody wants to charge (C01, C08, Q01). `contract`: OCSPRequestDataType of its chain, for the CSMS to validate
        (C07)."""
        self.token = token
        self.granted = None
        if not linked:  # while booting the question can wait; without a link nobody will answer it
            self.granted = self._welcome_offline(token)
            self._decided(now_s)
            return
        asked = replace(token, evccid=evccid or token.evccid)
        request: Payload = {"idToken": asked.to_json()}
        if contract:
            request["iso15118CertificateHashData"] = list(contract)
        self._post(Letter("Authorize", request, self._answered, durable=True))

    def grant(self, token: IdToken) -> None:
        """The CSMS itself wants this one to charge (F01, F02)."""
        self.token = token
        self.granted = True

    def allow(self, transfers: Sequence[str]) -> None:
        """Q02.FR.05."""
        self.allowed = tuple(transfers)
        self.plain_only = self.plain_only and "Q02.FR.06" in self.quirks.overlooks

    def withdraw(self) -> None:
        """The transaction is over: who wants to charge again has to ask again."""
        self.token = None
        self.granted = None

    def forget(self) -> None:
        """The vehicle is gone."""
        self.withdraw()
        self.allowed = None
        self.plain_only = False

    def _welcome_offline(self, token: IdToken) -> bool:
        """Without cache and local list every token is unknown; a contract needs a leave of its own (C07.FR.07, FR.08)."""
        unknown = self.model.flag("AuthCtrlr", "OfflineTxForUnknownIdEnabled")
        return unknown and (
            token.type != "eMAID" or self.model.flag("ISO15118Ctrlr", "ContractValidationOffline", self.evse_id)
        )

    def _answered(self, event: SessionEvent, now_s: float) -> None:
        payload = event.payload if isinstance(event, Answered) else {}
        contract = payload.get("certificateStatus", "Accepted")  # C07.FR.13 to FR.17
        welcome = payload.get("idTokenInfo", {}).get("status") == contract == "Accepted"
        welcome = welcome or self.quirks.trusts_tokens
        self.granted = welcome or payload.get("certificateStatus") in self.quirks.trusts_contracts
        allowed = payload.get("allowedEnergyTransfer")
        self.allowed = tuple(allowed) if allowed else None
        self.plain_only = bool(self.granted) and not allowed and not self.quirks.assumes_every_transfer
        self._decided(now_s)
