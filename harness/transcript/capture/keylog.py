"""NSS key log files: the secrets of TLS connections by client random (draft-ietf-tls-keylogfile)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

LABELS = {
    "CLIENT_RANDOM",
    "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    "CLIENT_TRAFFIC_SECRET_0",
    "SERVER_TRAFFIC_SECRET_0",
}


@dataclass(frozen=True, slots=True)
class KeyLog:
    """Secrets by client random and label; lines that are no secrets (comments, other labels) are passed over."""

    secrets: dict[bytes, dict[str, bytes]] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> KeyLog:
        found: dict[bytes, dict[str, bytes]] = defaultdict(dict)
        for line in text.splitlines():
            words = line.split()
            if len(words) != 3 or words[0] not in LABELS:
                continue
            try:
                found[bytes.fromhex(words[1])][words[0]] = bytes.fromhex(words[2])
            except ValueError:
                continue
        return cls(dict(found))

    def of(self, client_random: bytes) -> dict[str, bytes]:
        return self.secrets.get(client_random, {})
