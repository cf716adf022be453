"""Plugfest: hardware-in-the-loop interoperability tests for vehicle-to-grid."""
