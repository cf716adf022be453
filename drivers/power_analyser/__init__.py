"""Power analysers, one product family a file."""
