"""One thing that happened: the transcript's only kind of entry.

A transcript is a list of events in the order in which the harness learnt of them. `data` is plain JSON; what was on a
wire is kept octet for octet (`hex` or `text`), decoded views are made from it when they are read. The kinds in use:

| kind       | channel              | data |
|------------|----------------------|------|
| v2g.sdp    | v2g                  | hex: the datagram |
| v2g.frame  | v2g                  | hex: one whole V2GTP frame with its header; session: number of the connection |
| v2g.link   | v2g                  | what: connected, closed, tls, ...; session; details of TLS |
| v2g.tls    | v2g                  | hex: octets of a TLS connection as on the wire; session |
| ocpp.frame | ocpp                 | text: the frame exactly as on the wire; station: identity |
| ocpp.far   | ocpp                 | as ocpp.frame, on the wire beyond a proxy of ours |
| ocpp.ping  | ocpp                 | hex: payload of a ping of the websocket; station (ocpp.pong; beyond a proxy ocpp.far.ping) |
| ocpp.link  | ocpp                 | what: connected, closed, refused; station; details |
| scpi       | role of the device   | command, reply or error |
| modbus     | role of the device   | function, address, count, values or error |
| can.frame  | can.<bus>            | error frames: error, id, hex, means (the others are in the frame log) |
| pilot      | control_pilot        | state, duty_percent, plugged |
| reading    | role of the device   | quantities by name with SI unit suffix, and uncertainty by the same names |
| step       | case                 | text |
| case       | case                 | what: begin, end; id, parameters, verdict |
| finding    | case                 | a Finding |
| measurement| case                 | a Measurement |
| bench      | bench                | what: up, down, safe, lost, late, note; details |
| network    | network              | link; what: profile, held, lost, spoilt, swallowed, partition, cut, refused; details |
| operator   | operator             | prompt, answer |
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True)
class Event:
    """`at_s`: seconds of the run's monotonic clock. `utc_us`: microseconds since 1970. Source and target are roles."""

    number: int
    at_s: float
    utc_us: int
    channel: str
    kind: str
    source: str = ""
    target: str = ""
    data: dict[str, Any] = field(default_factory=dict)


_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(Event)


def to_line(event: Event) -> bytes:
    """The event as one line of JSON, newline included; equal events give equal octets."""
    return _encoder.encode(event) + b"\n"


def from_line(line: bytes) -> Event:
    """The event of one line of JSON; raises msgspec.DecodeError with the place of the fault."""
    return _decoder.decode(line)
