"""Relay and contactor boxes, one product a file."""
