"""OCPP 2.1: smart charging (K), bidirectional power transfer (Q) and DER control (R), with what they rest on.

Ids are ours, by use case: the certification documents have no cases for these blocks. `_CS` puts the station under
test, `_CSMS` the back office. Station cases see a station only from outside: over OCPP, at the plug, and by the analyser.
"""
