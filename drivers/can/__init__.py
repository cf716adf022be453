"""What drivers and emulators on a CAN bus share: frames and ports, mapping tables, end-to-end protection."""
