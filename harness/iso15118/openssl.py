"""What Python's ssl module cannot set: TLS 1.3 suites, groups, signature algorithms, authorities, OCSP staples.

Python 3.11 has no call for them, and an OPENSSL_CONF would bind a whole process, test runner included. So OpenSSL's
own functions are called on the context that the ssl module holds. Works on CPython only; `restrict` checks that it
reached the right object and refuses otherwise.
"""

from __future__ import annotations

import _ssl
import ctypes
import ssl
import sys
import weakref
from collections.abc import Callable, Collection, Sequence

from harness.iso15118.errors import LocalProtocolError

_SET_STATUS_CALLBACK = 63
_SET_STATUS_TYPE = 65
_GET_OCSP_RESPONSE = 70
_SET_OCSP_RESPONSE = 71
_OCSP = 1
_STAPLED, _NOT_STAPLED = 0, 3
_SET_GROUPS_LIST = 92
_PEER, _MUST_HAVE = 1, 2
_AUTHORITIES = 47
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


def name_authorities(context: ssl.SSLContext, roots: Sequence[bytes]) -> None:
    """Send these roots (DER) as certificate_authorities: in the ClientHello, or in the CertificateRequest."""
    library, pointer = _library(), _pointer(context)
    for root in roots:
        start = ctypes.c_char_p(root)
        certificate = library.d2i_X509(None, ctypes.byref(start), len(root))
        if not certificate:
            raise LocalProtocolError("a root that is no certificate can't be named as an authority")
        _must(library.SSL_CTX_add1_to_CA_list(pointer, certificate), "certificate_authorities")
        library.X509_free(certificate)


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_callbacks: weakref.WeakKeyDictionary[ssl.SSLContext, list[object]] = weakref.WeakKeyDictionary()
"""OpenSSL keeps only a pointer to a callback: it must live as long as its context."""


def staple(context: ssl.SSLContext, response: bytes) -> None:
    """Let a server answer status_request with this OCSP response (DER) for its leaf."""
    library, pointer = _library(), _pointer(context)

    def asked(connection: int, _: int) -> int:
        copy = library.CRYPTO_malloc(len(response), b"", 0)  # OpenSSL frees what it is given
        if not copy:
            return _NOT_STAPLED
        ctypes.memmove(copy, response, len(response))
        library.SSL_ctrl(connection, _SET_OCSP_RESPONSE, len(response), copy)
        return _STAPLED

    _call_back(context, library, pointer, asked)


def ask_status(context: ssl.SSLContext, accept: Callable[[bytes], bool]) -> None:
    """Let a client send status_request; `accept` decides by the stapled response (DER), empty if there was none."""
    library, pointer = _library(), _pointer(context)
    _must(int(library.SSL_CTX_ctrl(pointer, _SET_STATUS_TYPE, _OCSP, None)), "status_request")

    def answered(connection: int, _: int) -> int:
        held = ctypes.c_void_p()
        length = library.SSL_ctrl(connection, _GET_OCSP_RESPONSE, 0, ctypes.addressof(held))
        stapled = ctypes.string_at(held.value, length) if held.value and length > 0 else b""
        return int(accept(stapled))

    _call_back(context, library, pointer, answered)


_Verify = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p)
_Hello = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


def overlook(context: ssl.SSLContext, errors: Collection[int]) -> None:
    """Accept a peer's chain in spite of these verification errors (X509_V_ERR_...): how a device fails at trust."""
    library, pointer = _library(), _pointer(context)

    def verified(good: int, store: int) -> int:
        return good or int(library.X509_STORE_CTX_get_error(store) in errors)

    held = _Verify(verified)
    _callbacks.setdefault(context, []).append(held)
    asks = ssl.CERT_NONE if context.verify_mode is ssl.CERT_NONE else _PEER
    library.SSL_CTX_set_verify(pointer, asks | (_MUST_HAVE if asks else 0), held)


def insist_on_authorities(context: ssl.SSLContext) -> None:
    """Break off a handshake in which the peer names no certificate_authorities: how a device fails at an empty list."""
    library, pointer = _library(), _pointer(context)

    def hello(connection: int, _alert: int, _: int) -> int:
        text, length = ctypes.c_void_p(), ctypes.c_size_t()
        return int(
            library.SSL_client_hello_get0_ext(connection, _AUTHORITIES, ctypes.byref(text), ctypes.byref(length))
        )

    def asked(connection: int, _: int) -> int:
        return int(library.OPENSSL_sk_num(library.SSL_get0_peer_CA_list(connection)) > 0)

    held_hello, held_asked = _Hello(hello), _Callback(asked)
    _callbacks.setdefault(context, []).extend((held_hello, held_asked))
    if context.protocol is ssl.PROTOCOL_TLS_SERVER:
        library.SSL_CTX_set_client_hello_cb(pointer, held_hello, None)
    else:
        library.SSL_CTX_set_cert_cb(pointer, held_asked, None)


def _call_back(
    context: ssl.SSLContext, library: ctypes.CDLL, pointer: int, function: Callable[[int, int], int]
) -> None:
    held = _Callback(function)
    _callbacks.setdefault(context, []).append(held)
    library.SSL_CTX_callback_ctrl(pointer, _SET_STATUS_CALLBACK, held)


def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(_ssl.__file__)
    library.SSL_CTX_set_ciphersuites.argtypes = (ctypes.c_void_p, ctypes.c_char_p)
    library.SSL_CTX_ctrl.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_char_p)
    library.SSL_CTX_ctrl.restype = ctypes.c_long
    library.SSL_CTX_callback_ctrl.argtypes = (ctypes.c_void_p, ctypes.c_int, _Callback)
    library.SSL_CTX_callback_ctrl.restype = ctypes.c_long
    library.SSL_ctrl.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_void_p)
    library.SSL_ctrl.restype = ctypes.c_long
    library.SSL_CTX_add1_to_CA_list.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
    library.d2i_X509.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_long)
    library.d2i_X509.restype = ctypes.c_void_p
    library.X509_free.argtypes = (ctypes.c_void_p,)
    library.X509_free.restype = None
    library.SSL_CTX_set_verify.argtypes = (ctypes.c_void_p, ctypes.c_int, _Verify)
    library.SSL_CTX_set_verify.restype = None
    library.SSL_CTX_set_client_hello_cb.argtypes = (ctypes.c_void_p, _Hello, ctypes.c_void_p)
    library.SSL_CTX_set_client_hello_cb.restype = None
    library.SSL_CTX_set_cert_cb.argtypes = (ctypes.c_void_p, _Callback, ctypes.c_void_p)
    library.SSL_CTX_set_cert_cb.restype = None
    library.SSL_client_hello_get0_ext.argtypes = (ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p)
    library.SSL_get0_peer_CA_list.argtypes = (ctypes.c_void_p,)
    library.SSL_get0_peer_CA_list.restype = ctypes.c_void_p
    library.OPENSSL_sk_num.argtypes = (ctypes.c_void_p,)
    library.X509_STORE_CTX_get_error.argtypes = (ctypes.c_void_p,)
    library.CRYPTO_malloc.argtypes = (ctypes.c_size_t, ctypes.c_char_p, ctypes.c_int)
    library.CRYPTO_malloc.restype = ctypes.c_void_p
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
