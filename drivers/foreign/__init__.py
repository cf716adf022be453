"""Stacks that this project did not write, run as processes of their own in networks of their own."""
