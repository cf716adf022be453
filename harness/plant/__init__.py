"""One physical model of the bench: grid, converter, cable, battery."""
