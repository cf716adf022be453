"""Who may read what: names, pseudonyms, and the strings that must not appear.

| level    | units are called          | transcripts | times of attempts | for |
|----------|---------------------------|-------------|-------------------|-----|
| internal | by the lab's own key      | whole       | yes               | the laboratory |
| client   | by the lab's own key      | whole, serial numbers and the like masked | yes | who ordered the tests |
| group    | by pseudonym              | order and names of messages, measured power | no | who took part |
| public   | by pseudonym              | none        | no                | everybody |

Pseudonyms are drawn at random once per campaign and kept in a key file beside the runs, never in a report's folder, so
that the same campaign is always told with the same names.
"""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from harness.campaign.records import Unit
from harness.transcript.visible import visible

HARNESS = "harness"
"""Name of the side that the harness takes itself."""

_PREFIX = {"vehicle": "V", "charger": "S", "csms": "C", "gateway": "G"}
_DIGITS = {"vehicle": 3}
_NAMING = {"maker", "model", "variant", "model_year", "firmware", "hardware", "software"}
"""Identity entries that tell a product, not a specimen: a client may read them."""
_REMEMBERED = 200
_OCTETS = ("hex", "octets", "exi")
"""Keys of octets as they were on a wire: identities in them stand at no octet's border."""
_ROLES = {
    "vehicle",
    "charger",
    "station",
    "csms",
    "gateway",
    "can_gateway",
    "pool",
    "ev",
    "evse",
    "emulated",
    "harness",
    "none",
}
_SPECIMEN = re.compile(
    r"vin|serial|mac|evccid|evseid|emaid|contract|subject|issuer|host|user|token|iccid|imsi|ocpp_id|owner|plate", re.I
)

_SHAPES = re.compile(
    r"(?<![0-9A-Za-z])(?:"
    r"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}"  # MAC address, also as EVCCID
    r"|(?=[A-Z0-9]*[0-9])(?=[A-Z0-9]*[A-Z])[A-HJ-NPR-Z0-9]{17}"  # vehicle identification number (ISO 3779)
    r"|[A-Z]{2}[*-][A-Z0-9]{3}[*-][A-Z0-9][A-Z0-9*-]{3,30}"  # EVSE id, contract id (e-mobility identifiers)
    r"|fe80:[0-9a-f:]+(?:%\w+)?"  # link-local address: it holds the MAC address
    r")(?![0-9A-Za-z])"
)
"""What looks like an identity though nobody declared it; masked wherever units carry pseudonyms."""


class Level(StrEnum):
    INTERNAL = "internal"
    CLIENT = "client"
    GROUP = "group"
    PUBLIC = "public"

    @property
    def pseudonymous(self) -> bool:
        return self in (Level.GROUP, Level.PUBLIC)


@dataclass(frozen=True, slots=True)
class Names:
    """How a report at one level calls units and cleans text."""

    level: Level
    shown: dict[str, str] = field(default_factory=dict)
    """Unit key to displayed name."""
    secrets: dict[str, str] = field(default_factory=dict)
    """Identity string, in lower case, to what stands in its place."""
    pattern: re.Pattern[str] | None = None
    told: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Short texts that were cleaned before: a campaign says the same few things a million times."""

    def unit(self, key: str) -> str:
        """The displayed name of a unit; the harness for the side that it takes itself."""
        unknown = "[unit]" if self.level.pseudonymous else key
        return visible(self.shown.get(key, unknown), 60) if key else HARNESS

    def text(self, value: object) -> str:
        """Any text from outside, made harmless and free of what this level must not show."""
        text = str(value)
        told = self.told.get(text)
        if told is None:
            told = visible(self.redacted(text))
            if len(text) <= _REMEMBERED:
                self.told[text] = told
        return told

    def cleaned(self, value: Any) -> Any:
        """A JSON value as this level may show it: whole internally, elsewhere every text redacted and octets left out."""
        if self.level is Level.INTERNAL:
            return value
        if isinstance(value, str):
            return self.redacted(value)
        if isinstance(value, dict):
            return {
                self.redacted(str(key)): "[octets]" if key in _OCTETS else self.cleaned(item)
                for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.cleaned(item) for item in value]
        return value

    def redacted(self, text: str) -> str:
        if self.pattern is not None:
            text = self.pattern.sub(lambda match: self.secrets[_plain(match.group())], text)
        return _SHAPES.sub("[identity]", text) if self.level.pseudonymous else text


def names_for(units: Iterable[Unit], level: Level, key: Path, found: Iterable[str] = ()) -> Names:
    """Names at a level. `key` is the pseudonym key file, made if it is needed and missing; `found` are identity
    strings that were seen in the evidence and belong to nobody known.
    """
    units = sorted(units, key=lambda unit: unit.key)
    if level is Level.INTERNAL:
        return Names(level)
    shown = _pseudonyms(units, key) if level.pseudonymous else {}
    secrets: dict[str, str] = {}
    for unit in units:
        name = shown.get(unit.key, unit.key)
        for entry, value in _identity(unit):
            if level.pseudonymous or entry not in _NAMING:
                secrets.setdefault(_plain(value), f"[{entry} of {name}]")
        if level.pseudonymous:
            secrets[_plain(unit.key)] = name
    for value in found:
        secrets.setdefault(_plain(value), "[identity]")
    secrets = {secret: mask for secret, mask in secrets.items() if len(secret) >= 3 and secret not in _ROLES}
    return Names(level, shown, secrets, _pattern(secrets))


def _identity(unit: Unit) -> list[tuple[str, str]]:
    entries = [(entry, value) for entry, value in unit.identity.items() if value]
    return entries + [(entry, str(value)) for entry, value in unit.pics.items() if value and _SPECIMEN.search(entry)]


def identities(units: Iterable[Unit]) -> dict[str, str]:
    """Every declared identity string and what it is: none may stand in a report with pseudonyms."""
    found = {value: f"{entry} of a {unit.kind}" for unit in units for entry, value in _identity(unit)}
    return {value: where for value, where in found.items() if len(value) >= 4 and value.lower() not in _ROLES}


_SEPARATORS = re.compile(r"[:\-_. ]")


def _plain(text: str) -> str:
    """As it is compared: separators do not make another MAC address, nor does the case of letters."""
    return _SEPARATORS.sub("", text).lower()


def _pattern(secrets: dict[str, str]) -> re.Pattern[str] | None:
    if not secrets:
        return None
    parts = []
    for secret in sorted(secrets, key=lambda one: (-len(one), one)):
        body = r"[:\-_. ]?".join(re.escape(character) for character in secret)
        parts.append(body if len(secret) >= 8 else rf"(?<![A-Za-z0-9]){body}(?![A-Za-z0-9])")
    return re.compile("|".join(parts), re.I)


def _pseudonyms(units: list[Unit], path: Path) -> dict[str, str]:
    """Read the key file, draw names for units that it lacks, and keep it readable by its owner only."""
    known: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    missing = [unit for unit in units if unit.key not in known]
    if missing:
        chance = random.SystemRandom()
        for kind, prefix in _PREFIX.items():
            fresh = [unit.key for unit in missing if unit.kind == kind]
            chance.shuffle(fresh)
            start = sum(name.startswith(f"{prefix}-") for name in known.values()) + 1
            for place, unit in enumerate(fresh, start=start):
                known[unit] = f"{prefix}-{place:0{_DIGITS.get(kind, 2)}d}"
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(known, file, indent=1, sort_keys=True)
        partial.replace(path)
    return known
