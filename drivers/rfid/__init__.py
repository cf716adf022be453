"""Presenters of RFID cards, one product a file."""
