"""The OCPP versions that are spoken, and what differs between them on the wire."""

from __future__ import annotations

from enum import StrEnum


class Version(StrEnum):
    """A protocol version; the value is the number as its documents write it."""

    V16 = "1.6"
    V201 = "2.0.1"
    V21 = "2.1"

    @property
    def subprotocol(self) -> str:
        """The websocket subprotocol as registered with IANA."""
        return f"ocpp{self.value}"

    @classmethod
    def of_subprotocol(cls, name: str) -> Version:
        """The version of a negotiated subprotocol; raises ValueError for a foreign one."""
        return cls(name.removeprefix("ocpp"))


def subprotocol_of(version: Version | str) -> str:
    """What is offered for a version; any other text stands for itself, for deliberate faults."""
    return version.subprotocol if isinstance(version, Version) else version


class ErrorCode(StrEnum):
    """CALLERROR codes by their meaning; `spelt` gives the text that a version puts on the wire."""

    FORMAT_VIOLATION = "FormatViolation"
    GENERIC_ERROR = "GenericError"
    INTERNAL_ERROR = "InternalError"
    MESSAGE_TYPE_NOT_SUPPORTED = "MessageTypeNotSupported"
    NOT_IMPLEMENTED = "NotImplemented"
    NOT_SUPPORTED = "NotSupported"
    OCCURRENCE_CONSTRAINT_VIOLATION = "OccurrenceConstraintViolation"
    PROPERTY_CONSTRAINT_VIOLATION = "PropertyConstraintViolation"
    PROTOCOL_ERROR = "ProtocolError"
    RPC_FRAMEWORK_ERROR = "RpcFrameworkError"
    SECURITY_ERROR = "SecurityError"
    TYPE_CONSTRAINT_VIOLATION = "TypeConstraintViolation"

    def spelt(self, version: Version) -> str:
        return _SPELLINGS[version].get(self, self.value)


# 1.6 and 2.0.1 lost an r, and 1.6 has neither framework errors nor the word FormatViolation.
_SPELLINGS: dict[Version, dict[ErrorCode, str]] = {
    Version.V16: {
        ErrorCode.FORMAT_VIOLATION: "FormationViolation",
        ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION: "OccurenceConstraintViolation",
        ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED: "GenericError",
        ErrorCode.RPC_FRAMEWORK_ERROR: "GenericError",
    },
    Version.V201: {ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION: "OccurenceConstraintViolation"},
    Version.V21: {},
}
