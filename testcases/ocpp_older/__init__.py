"""OCPP 1.6 and 2.0.1: what a charger without 2.1 has to pass; the V2X cases of 2.1 do not apply to it."""
