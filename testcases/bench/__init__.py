"""Test cases of the bench's own: gateways between vehicle platforms, bidirectional power, aFRR, network impairment."""
