"""Rules across protocols: what V2G, OCPP and the instruments say about the same thing agrees.

Importing this package registers them all.
"""

from harness.rules.cross_protocol import ocpp, ocpp_iso2, ocpp_state, power

__all__ = ["ocpp", "ocpp_iso2", "ocpp_state", "power"]
