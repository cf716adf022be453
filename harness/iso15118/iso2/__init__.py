"""Sessions of ISO 15118-2, from both sides: direct and alternating current, external payment, charging only.

`order` and `timing` are tables that agents and rules share; `secc` and `evcc` the two sides without input or output, each
with its messages beside it. The protocol is chosen by the sessions of ISO 15118-20 (`harness.iso15118.secc`, `evcc`), which
hand over to these; the shells drive both.
"""
