"""ISO 15118 and DIN SPEC 70121: messages, framing, discovery, agents."""
