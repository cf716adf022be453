"""supportedAppProtocol: which protocol the two sides will speak (ISO 15118-20 and -2, DIN SPEC 70121)."""

from __future__ import annotations

from typing import Annotated

from harness.iso15118.messages.core import (
    SAP,
    Enumeration,
    Integer,
    Record,
    Text,
    UnsignedByte,
    UnsignedInt,
    element,
    message,
)

Id = UnsignedByte


ProtocolName = Annotated[str, Text(longest=30)]


ProtocolNamespace = Annotated[str, Text(longest=100, form="anyURI")]


Priority = Annotated[int, Integer(1, 20)]


class ResponseCode(Enumeration):
    """Whether the two sides have a protocol in common."""

    OK_SuccessfulNegotiation = "OK_SuccessfulNegotiation"
    OK_SuccessfulNegotiationWithMinorDeviation = "OK_SuccessfulNegotiationWithMinorDeviation"
    Failed_NoNegotiation = "Failed_NoNegotiation"


@message(ns=SAP)
class AppProtocol(Record):
    """One protocol that the vehicle offers."""

    protocol_namespace: ProtocolNamespace = element(
        "ProtocolNamespace", ns=""
    )  # a message set, by its schema namespace
    version_number_major: UnsignedInt = element("VersionNumberMajor", ns="")  # of the schema
    version_number_minor: UnsignedInt = element("VersionNumberMinor", ns="")  # of the schema
    schema_id: Id = element("SchemaID", ns="")  # the vehicle's number for the entry
    priority: Priority = element("Priority", ns="")  # 1 is the best


@message(ns=SAP, name="supportedAppProtocolReq", root=True)
class SupportedAppProtocolReq(Record):
    """What the vehicle can speak, 1 to 20 entries; their order means nothing, their priority does."""

    app_protocol: tuple[AppProtocol, ...] = element("AppProtocol", ns="", occurs=(1, 20))


@message(ns=SAP, name="supportedAppProtocolRes", root=True)
class SupportedAppProtocolRes(Record):
    """The entry that the station chose, by its schema id."""

    response_code: ResponseCode = element("ResponseCode", ns="")
    schema_id: Id | None = element("SchemaID", ns="", default=None)  # the vehicle's number for the entry
