"""The six-use-case programme of a first integration session between a car maker and a charger maker, and what broke it."""
