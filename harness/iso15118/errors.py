"""What can go wrong in a conversation, apart by whose fault it is.

ProtocolError            never raised itself
├── LocalProtocolError   our side was asked to do something that the protocol, or the moment, does not allow
└── RemoteProtocolError  the far end broke the protocol
    ├── NoAnswer         it stayed silent too long (also a TimeoutError)
    │   └── NoSecurity   discovery for TLS was answered, but with no security
    ├── LinkLost         it closed the connection, or the connection was lost (also a ConnectionError)
    ├── Undecodable      what it sent is no message of its message set
    └── Unexpected       a message that does not belong here: another type, another session, unsolicited

What the standard prescribes an answer for (a refusal, a request out of order) is an answer, not an error.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from harness.link import ByteStream


class ProtocolError(Exception):
    """Something is wrong with the conversation; the subclass says on which side."""

    def __init__(self, text: str) -> None:
        if type(self) is ProtocolError:
            raise TypeError("ProtocolError is abstract: raise LocalProtocolError or RemoteProtocolError")
        super().__init__(text)


class LocalProtocolError(ProtocolError):
    """Our side: wrong use of an agent. Ends in the verdict `error`, never in a fail of the device."""


class RemoteProtocolError(ProtocolError):
    """The far end broke the protocol."""


class NoAnswer(RemoteProtocolError, TimeoutError):
    """Nothing (or not a whole message) came within the time that the message allows."""


class NoSecurity(NoAnswer):
    """Discovery for TLS was answered with no security only; `open` connects in the clear, as nobody should."""

    def __init__(self, text: str, open_in_the_clear: Callable[[], Awaitable[ByteStream]]) -> None:
        super().__init__(text)
        self.open = open_in_the_clear


class LinkLost(RemoteProtocolError, ConnectionError):
    """The far end closed the connection where it had to answer."""


class Undecodable(RemoteProtocolError):
    """The octets are no message of the set that their payload type names."""


class Unexpected(RemoteProtocolError):
    """A message that does not belong here."""
