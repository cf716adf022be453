"""People at the bench, and the ways to reach them."""
