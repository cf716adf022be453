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
    """"""

    OK_SuccessfulNegotiation = "OK_SuccessfulNegotiation"
    OK_SuccessfulNegotiationWithMinorDeviation = "OK_SuccessfulNegotiationWithMinorDeviation"
    Failed_NoNegotiation = "Failed_NoNegotiation"


@message(ns=SAP)
class AppProtocol(Record):
    """"""

    protocol_namespace: ProtocolNamespace = element("ProtocolNamespace", ns="")
    version_number_major: UnsignedInt = element("VersionNumberMajor", ns="")
    version_number_minor: UnsignedInt = element("VersionNumberMinor", ns="")
    schema_id: Id = element("SchemaID", ns="")
    priority: Priority = element("Priority", ns="")


@message(ns=SAP, name="supportedAppProtocolReq", root=True)
class SupportedAppProtocolReq(Record):
    """"""

    app_protocol: tuple[AppProtocol, ...] = element("AppProtocol", ns="", occurs=(1, 20))


@message(ns=SAP, name="supportedAppProtocolRes", root=True)
class SupportedAppProtocolRes(Record):
    """"""

    response_code: ResponseCode = element("ResponseCode", ns="")
    schema_id: Id | None = element("SchemaID", ns="", default=None)
