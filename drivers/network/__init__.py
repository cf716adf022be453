"""Links that can be made worse on purpose."""
