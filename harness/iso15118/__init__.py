"""ISO 15118: sans-I/O test agents and their thin shells."""
