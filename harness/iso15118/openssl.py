"""What Python's ssl module cannot set: TLS 1.3 suites, named groups and signature algorithms of one context.

Python 3.11 has no call for them, and an OPENSSL_CONF would bind a whole process, test runner included. So OpenSSL's
own functions are called on the context that the ssl module holds. Works on CPython only; `restrict` checks that it
reached the right object and refuses otherwise.
"""

from __future__ import annotations

import _ssl
import ctypes
import ssl
import sys
from collections.abc import Sequence

from harness.iso15118.errors import LocalProtocolError

_SET_GROUPS_LIST = 92
_SET_SIGALGS_LIST = 98
_SET_CLIENT_SIGALGS_LIST = 102


def restrict(
    context: ssl.SSLContext, *, suites: Sequence[str], groups: Sequence[str], signature_algorithms: Sequence[str]
) -> None:
    """Allow nothing but these, in this order. Raises LocalProtocolError where OpenSSL or Python will not have it."""
    library, pointer = _library(), _pointer(context)
    _must(library.SSL_CTX_set_ciphersuites(pointer, ":".join(suites).encode()), f"suites {suites}")
    _must(_control(library, pointer, _SET_GROUPS_LIST, groups), f"groups {groups}")
    _must(_control(library, pointer, _SET_SIGALGS_LIST, signature_algorithms), f"algorithms {signature_algorithms}")
    _must(_control(library, pointer, _SET_CLIENT_SIGALGS_LIST, signature_algorithms), "client signature algorithms")
    there = [each["name"] for each in context.get_ciphers() if each["name"].startswith("TLS_")]
    if there != list(suites):
        raise LocalProtocolError(f"OpenSSL has suites {there} instead of {list(suites)}")


def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(_ssl.__file__)
    library.SSL_CTX_set_ciphersuites.argtypes = (ctypes.c_void_p, ctypes.c_char_p)
    library.SSL_CTX_ctrl.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_char_p)
    library.SSL_CTX_ctrl.restype = ctypes.c_long
    library.SSL_CTX_get_options.argtypes = (ctypes.c_void_p,)
    library.SSL_CTX_get_options.restype = ctypes.c_uint64
    return library


def _pointer(context: ssl.SSLContext) -> int:
    """The SSL_CTX behind a context: the first field of its object in CPython."""
    if sys.implementation.name != "cpython" or hasattr(sys, "gettotalrefcount"):
        raise LocalProtocolError("TLS 1.3 settings need a release build of CPython; use the profile lab-20")
    found = ctypes.c_void_p.from_address(id(context) + object.__basicsize__).value
    if not found:
        raise LocalProtocolError("the TLS context holds no OpenSSL object")
    return found


def _control(library: ctypes.CDLL, pointer: int, command: int, names: Sequence[str]) -> int:
    return int(library.SSL_CTX_ctrl(pointer, command, 0, ":".join(names).encode()))


def _must(result: int, what: str) -> None:
    if result != 1:
        raise LocalProtocolError(f"this OpenSSL ({ssl.OPENSSL_VERSION}) does not know {what}")
