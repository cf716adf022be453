"""OCPP: the wire (frames, schemas, sessions) and the agents on it, a charging station, a CSMS and a proxy between them.

Sans-I/O, texts and a time in, texts, events and deadlines out: everything but `shell.py`, `wire.py`, `csms.py`,
`station_handle.py` with its parts (`inbox.py`, `answering.py`, `outstanding_calls.py`) and the outer class of `proxy.py`.
Times are seconds since 1970-01-01 UTC as a float, since OCPP itself speaks UTC.
"""
