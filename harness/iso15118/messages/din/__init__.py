"""DIN SPEC 70121 (2012 namespaces)."""
