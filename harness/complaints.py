"""What pydantic says about a lab file, in a lab engineer's words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


def nearest(name: str, known: Iterable[str]) -> str:
    """The hint at the end of a complaint about an unknown name."""
    known = sorted(set(known))
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known) or 'none'}"


_WANTED = {
    "string_type": "text; if it is a number or a date, write it in quotes",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number without a unit",
    "float_parsing": "a number without a unit",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list, in brackets: [a, b]",
    "list_type": "a list, in brackets: [a, b]",
    "dict_type": "keys with values: {key: value}",
    "model_type": "keys with values: {key: value}",
    "model_attributes_type": "keys with values: {key: value}",
}


def explained(error: Any, known: Iterable[str]) -> str:
    """One error of pydantic; `known` are the keys beside the one that it is about."""
    kind, found, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key; {nearest(str(error['loc'][-1]), known)}"
    if kind == "missing":
        return "is missing; add it here"
    if found is None:
        return "has no value; give one, or take the key out"
    if kind.startswith("date"):
        return f"expected a date as 2027-03-31, found {found!r}"
    if kind == "literal_error":
        return f"expected {context['expected']}, found {found!r}"
    if kind in _WANTED:
        return f"expected {_WANTED[kind]}; found {found!r}"
    return f"{error['msg'][0].lower()}{error['msg'][1:]}, found {found!r}"
