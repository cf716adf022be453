"""A lab's TLS: a folder of certificates and a profile, and what each side makes of them.

Harness and emulated devices read the same folder. What a certificate of ours should have wrong for a test is issued
anew from the folder's authorities.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from harness.iso15118 import pki
from harness.iso15118.tls import Revocation, Tls, TlsProfile

NOWHERE = Path(os.devnull)
"""Key log of the emulated devices: the harness at the other end of each link keeps the same secrets."""

FOREIGN = "foreign"
"""Folder of another hierarchy, inside of the lab's."""


@dataclass(frozen=True, slots=True)
class Environment:
    """`revocation`: chargers staple OCSP responses, and the emulated vehicle insists on them."""

    folder: Path
    profile: TlsProfile = TlsProfile.LAB
    revocation: bool = False

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Environment:
        """From an emulator's options, as `options` made them."""
        return cls(Path(options["folder"]), TlsProfile(options["profile"]), bool(options["revocation"]))

    def options(self) -> dict[str, Any]:
        """For an emulator's command line: where the keys are, never the keys."""
        return {"folder": str(self.folder), "profile": str(self.profile), "revocation": self.revocation}

    @property
    def hierarchy(self) -> pki.Pki:
        """Raises ValueError with the file that is wrong."""
        return _loaded(self.folder)

    def charger(self, keylog: Path = NOWHERE, faults: pki.Faults | None = None, **changes: Any) -> Tls:
        """A charger that trusts vehicles of the OEM and the V2G root. `changes` as in `Tls`; raises ValueError."""
        hierarchy = self._with(faults)
        roots = tuple(_root(hierarchy, name) for name in ("oem_root", "v2g_root") if _has(hierarchy, name))
        return self._tls(
            keylog, changes, trusted=roots, credential=_leaf(hierarchy, "secc"), staple=self._staple(hierarchy, faults)
        )

    def vehicle(self, keylog: Path = NOWHERE, faults: pki.Faults | None = None, **changes: Any) -> Tls:
        """A vehicle that trusts the V2G root. `changes` as in `Tls`; raises ValueError."""
        hierarchy = self._with(faults)
        roots = (_root(hierarchy, "v2g_root"),)
        return self._tls(keylog, changes, trusted=roots, credential=_leaf(hierarchy, "vehicle"))

    def _tls(self, keylog: Path, changes: Mapping[str, Any], **right: Any) -> Tls:
        return Tls(keylog=keylog, profile=self.profile, **{**right, **changes})

    def foreign(self) -> pki.Pki:
        """A hierarchy that nobody on the bench knows, of the same kind of keys."""
        return _foreign(self.folder)

    @property
    def asks(self) -> Revocation:
        """What an emulated vehicle makes of OCSP here."""
        return Revocation.REQUIRED if self.revocation else Revocation.IF_STAPLED

    def _with(self, faults: pki.Faults | None) -> pki.Pki:
        return self.hierarchy.reissued(faults, _now()) if faults else self.hierarchy

    def _staple(self, hierarchy: pki.Pki, faults: pki.Faults | None) -> bytes:
        wanted = self.revocation or (faults is not None and "secc" in faults.revoked)
        return hierarchy.ocsp("secc", _now()) if wanted and "secc" in hierarchy.leaves else b""


def _now() -> datetime.datetime:
    """The machine's own time: certificates are checked against it in virtual time too."""
    return datetime.datetime.now(datetime.UTC)


@cache
def _loaded(folder: Path) -> pki.Pki:
    return pki.load(folder)


@cache
def _foreign(folder: Path) -> pki.Pki:
    if (folder / FOREIGN).is_dir():
        return pki.load(folder / FOREIGN)
    return pki.create(_loaded(folder).kind, now=_now(), organisation="Somebody else")


def _has(hierarchy: pki.Pki, name: str) -> bool:
    return name in hierarchy.authorities or name in hierarchy.others


def _root(hierarchy: pki.Pki, name: str) -> Any:
    if not _has(hierarchy, name):
        raise ValueError(f"the folder of certificates has no {name}.pem")
    return hierarchy.root(name)


def _leaf(hierarchy: pki.Pki, name: str) -> Any:
    if name not in hierarchy.leaves:
        raise ValueError(f"the folder of certificates has no {name}.pem with its {name}.key, nor a {name}.p12")
    return hierarchy.leaves[name]
