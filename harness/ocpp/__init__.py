"""OCPP-J: sans-I/O session, test agents on both sides, and the man in the middle."""
