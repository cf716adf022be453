"""DIN SPEC 70121 document: one V2G_Message with header and body."""

from __future__ import annotations

from harness.iso15118.messages.core import DIN, DIN_HEADER, DSIG, Record, element, message, substitution
from harness.iso15118.messages.din.types import Notification, SessionID
from harness.iso15118.messages.dsig import Signature


@message(ns=DIN_HEADER)
class MessageHeader(Record):
    """Session, time and, for signed messages, the signature."""

    session_id: SessionID = element("SessionID")  # up to 8 octets, 0 in the first request of a new session
    notification: Notification | None = element("Notification", default=None)
    signature: Signature | None = element("Signature", ns=DSIG, default=None)


@message(ns=DIN)
class Body(Record):
    """Exactly one message, or nothing."""

    body_element: BodyBase | None = substitution("BodyElement", default=None)


@message(ns=DIN, name="BodyElement", root=True, abstract=True)
class BodyBase(Record):
    """Head of all messages."""


@message(ns=DIN, name="V2G_Message", root=True)
class V2GMessage(Record):
    """The document: header and body."""

    header: MessageHeader = element("Header")
    body: Body = element("Body")
