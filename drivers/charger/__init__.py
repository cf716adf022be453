"""Chargers that are programs: the bench starts them itself."""
