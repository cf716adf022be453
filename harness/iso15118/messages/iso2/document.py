"""ISO 15118-2 document: one V2G_Message with header and body."""

from __future__ import annotations

from harness.iso15118.messages.core import DSIG, ISO2, ISO2_HEADER, Record, element, message
from harness.iso15118.messages.dsig import Signature
from harness.iso15118.messages.iso2.body import Body
from harness.iso15118.messages.iso2.types import Notification, SessionID


@message(ns=ISO2_HEADER)
class MessageHeader(Record):
    """Session, time and, for signed messages, the signature."""

    session_id: SessionID = element("SessionID")  # up to 8 octets, 0 in the first request of a new session
    notification: Notification | None = element("Notification", default=None)
    signature: Signature | None = element("Signature", ns=DSIG, default=None)


@message(ns=ISO2, name="V2G_Message", root=True)
class V2GMessage(Record):
    """The document: header and body."""

    header: MessageHeader = element("Header")
    body: Body = element("Body")
