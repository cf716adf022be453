"""Schema-informed EXI (W3C Efficient XML Interchange 1.0), bit-packed, non-strict, without an options document.

Knows nothing of charging. A schema is declared as frozen dataclasses (`declare`), taken together from namespaces
(`schema.Schema`), and read and written by `codec.decode`, `codec.encode` and `codec.explain`.
"""
