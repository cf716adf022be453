"""Campaigns: plan, store, resume, guard."""
