"""Schema-informed EXI (W3C Efficient XML Interchange), bit-packed, as ISO 15118 and DIN SPEC 70121 use it."""
