"""Bidirectional DC sources and battery emulators, one product family a file."""
