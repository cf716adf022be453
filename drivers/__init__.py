"""Drivers: what each role can do, one module per product, and the emulators at the far ends of the wires."""
