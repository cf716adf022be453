"""A bench belongs to one run at a time: a lock with holder and purpose, released by death."""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import socket
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

LEASE_S = 12 * 3600
"""How long a holder says that it will need the bench; our default, only told to others, never enforced."""


class BenchBusy(RuntimeError):
    """Somebody else holds the bench."""


@dataclass
class Lease:
    """Held as long as the file stays open; the operating system drops the lock when the process dies."""

    path: Path
    _file: TextIO

    @classmethod
    def take(cls, bench: str, purpose: str, folder: Path | None = None) -> Lease:
        """Take the bench or raise BenchBusy with who holds it, for what and what to do."""
        folder = folder or Path(tempfile.gettempdir())
        name = "".join(letter if letter.isalnum() else "-" for letter in bench)
        path = folder / f"plugfest-bench-{name}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        file = os.fdopen(descriptor, "r+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _read(file)
            file.close()
            raise BenchBusy(
                f"bench {bench} is in use by {holder.get('who', 'somebody')} (process {holder.get('pid', '?')}, "
                f"{holder.get('purpose', 'unknown purpose')}) since {holder.get('since', '?')}, "
                f"expected to be free by {holder.get('until', '?')}. "
                "Wait for that run, ask its holder to stop it with Ctrl-C, or use another bench"
            ) from None
        now = datetime.now(UTC)
        file.seek(0)
        file.truncate()
        json.dump(
            {
                "who": f"{_user()}@{socket.gethostname()}",
                "pid": os.getpid(),
                "purpose": purpose,
                "since": now.isoformat(timespec="seconds"),
                "until": (now + timedelta(seconds=LEASE_S)).isoformat(timespec="seconds"),
            },
            file,
        )
        file.flush()
        return cls(path, file)

    def release(self) -> None:
        self._file.close()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _read(file: TextIO) -> dict[str, object]:
    try:
        found = json.loads(file.read() or "{}")
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
