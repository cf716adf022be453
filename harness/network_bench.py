"""The role `network` of a bench: our relay in the OCPP link and, where the V2G link passes through us, in that.

It is there where the lab file has the role, or where a run asks for an impairment. What it does to a link is told in the
transcript, so that a device is not charged with what we did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from drivers.errors import ConfigError
from drivers.impairment import Link, load_profiles, pick
from drivers.network.stream_relay import PROFILES, StreamRelay
from drivers.registry import make_driver
from drivers.wire import Connection
from harness.clock import Clock
from harness.lab import Lab
from harness.link import ByteStream, MemoryChannel, TextChannel
from harness.ocpp.memory_network import Reach
from harness.ocpp.security import Security
from harness.ocpp.version import Version

DRIVER = "network.stream_relay"


class NetworkOnBench:
    """Lives as long as the bench; without a relay every link is handed back as it is."""

    def __init__(self, lab: Lab, record: Callable[..., None], *, wanted: bool, options: dict[str, Any]) -> None:
        self._lab = lab
        self._record = record
        self._driver = lab.device("network").driver if lab.devices("network") else DRIVER if wanted else ""
        self._options = options
        self.relay: StreamRelay | None = None

    def check(self, profiles: Iterable[str]) -> None:
        """Raise ConfigError for a profile that does not exist, before anything is started."""
        if self._driver:
            known = load_profiles(Path(self._options.get("profiles", PROFILES)))
            for one in profiles:
                pick(known, one)

    @property
    def wants_packets(self) -> bool:
        """Whether the lab wants its V2G cables cut in two, for a relay that hands on packets."""
        return self._driver == "network.packet_relay"

    def use(self, cables: Iterable[tuple[str, ...]]) -> None:
        """The cables that were cut for the relay, each by its four ends."""
        if found := [":".join(cable) for cable in cables]:
            self._options = {**self._options, "cables": found}

    async def start(self, clock: Clock) -> None:
        """Make the relay; raises ConfigError for wrong options or profiles."""
        if not self._driver:
            return
        relay = make_driver(self._driver, Connection("network", clock, "", self._options))
        assert isinstance(relay, StreamRelay)
        relay.on_effect = self._told
        await relay.open()
        self.relay = relay

    async def stop(self) -> None:
        if self.relay:
            await self.relay.close()
            self.relay = None

    def required(self) -> StreamRelay:
        """The relay, for a case that needs one; raises ConfigError."""
        if self.relay is None:
            raise ConfigError(f"{self._lab.path}: roles.network: this case needs a network; add one under roles")
        return self.relay

    async def impair(self, profile: str, seed: str) -> float:
        """An attempt begins under this profile; how much longer it may take for that, s."""
        if self.relay is None:
            return 0.0
        await self.relay.impair(profile, seed=seed)
        return sum(one.outage_s for one in self.relay.active.values())

    async def mend(self) -> None:
        """Every link good again: an attempt's end, and the next one's beginning, are not part of what is tried."""
        if self.relay:
            await self.relay.make_safe()

    # Links

    async def to_csms(self, url: str, listen: str) -> str:
        """The URL under which stations reach the CSMS at `url` through the relay, which listens at `host:port`."""
        if self.relay is None:
            return url
        scheme, _, rest = url.partition("://")
        target, _, path = rest.partition("/")
        return f"{scheme}://{await self.relay.listen(target, 'ocpp', listen)}/{path}"

    def reach(self, inner: Reach) -> Reach:
        """How a station in this process reaches a CSMS, with the relay between them."""
        relay = self.relay
        if relay is None:
            return inner

        async def reach(
            url: str, identity: str, versions: Sequence[Version | str], security: Security | None = None
        ) -> tuple[TextChannel, Version]:
            await relay.admit("ocpp")
            channel, version = await inner(url, identity, versions, security)
            assert isinstance(channel, MemoryChannel)
            return relay.channel(channel), version

        return reach

    def ours(self, stream: ByteStream, them: str) -> ByteStream:
        """A V2G connection of which one end is ours."""
        us = "vehicle" if them == "charger" else "charger"
        return self.relay.through(stream, "v2g", us, them) if self.relay else stream

    def relayed(self, stream: ByteStream, to: str) -> ByteStream:
        """One side of a V2G connection that we only hand on: it is recorded as it was sent, and impaired after that."""
        source = "charger" if to == "vehicle" else "vehicle"
        return self.relay.outward(stream, "v2g", source, to) if self.relay else stream

    def _told(self, link: Link, source: str, target: str, what: str, /, **details: Any) -> None:
        self._record("network", "network", source, target, link=link, what=what, **details)
