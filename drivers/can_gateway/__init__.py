"""Gateways between two CAN buses, with the harness on both of them."""
