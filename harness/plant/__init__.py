"""The physical model that every emulator of a bench shares."""
