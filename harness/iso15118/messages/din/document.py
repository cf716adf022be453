"""DIN SPEC 70121 document and header."""

from __future__ import annotations

from harness.iso15118.messages.core import DIN, DIN_HEADER, DSIG, Record, element, message, substitution
from harness.iso15118.messages.din.types import Notification, SessionID
from harness.iso15118.messages.dsig import Signature


@message(ns=DIN_HEADER)
class MessageHeader(Record):
    """"""

    session_id: SessionID = element("SessionID")
    notification: Notification | None = element("Notification", default=None)
    signature: Signature | None = element("Signature", ns=DSIG, default=None)


@message(ns=DIN)
class Body(Record):
    """"""

    body_element: BodyBase | None = substitution("BodyElement", default=None)


@message(ns=DIN, name="BodyElement", root=True, abstract=True)
class BodyBase(Record):
    """"""


@message(ns=DIN, name="V2G_Message", root=True)
class V2GMessage(Record):
    """"""

    header: MessageHeader = element("Header")
    body: Body = element("Body")
