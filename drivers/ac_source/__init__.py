"""Grid emulators, one product family a file."""
