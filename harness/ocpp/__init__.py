"""OCPP: the wire (frames, schemas, sessions) and the two agents on it, a charging station and a CSMS.

Everything but `shell.py`, `wire.py` and `csms.py` is sans-I/O: texts and a time in; texts, events and deadlines out.
Times are seconds since 1970-01-01 UTC as a float, since OCPP itself speaks UTC.
"""
