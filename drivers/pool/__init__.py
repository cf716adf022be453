"""Pools of chargers behind one controller, as a balancing platform sees them."""
