"""Boxes in the control pilot line, one product a file."""
