"""The message sets of ISO 15118-20, ISO 15118-2 and DIN SPEC 70121 as frozen dataclasses."""
