"""Rules over OCPP 2.1 sessions, by requirement id of part 2 (edition 1 with the 2025-09 errata, marked "err" there).

Most rest on one public source, the standard itself, and so have confidence S; what the JSON schemas say as well has A.
Reason codes are advice in the standard, so only `status` can fail a device.
"""
