"""The far ends of the wires: emulated devices, each its own process on a real transport, with seeded defects."""
