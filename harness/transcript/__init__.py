"""Everything said and measured on the bench, in one append-only stream of events."""
