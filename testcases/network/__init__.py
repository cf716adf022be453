"""What devices make of a bad link: outages, cuts, dripping and dead connections, made by the bench's own relay."""
