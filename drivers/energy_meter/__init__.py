"""Energy meters, one product family a file."""
