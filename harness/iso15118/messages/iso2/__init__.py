"""ISO 15118-2 (2013 namespaces)."""
