"""The test suite that is run against devices."""
