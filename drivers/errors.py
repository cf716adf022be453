"""What can go wrong on a bench, apart by kind; every message says what to do next.

BenchError                     anything of ours: never the device under test
├── ConfigError                the lab file or a case's parameters are wrong
├── InstrumentError            an instrument refused, or reported an error
│   ├── InstrumentTimeout      it did not answer in time (also a TimeoutError)
│   ├── InstrumentGarbage      it answered something that makes no sense
│   ├── InstrumentLost         the connection is gone (also a ConnectionError)
│   └── IdentityMismatch       another instrument answers than the config names
├── BenchBusy                  somebody else holds the bench
└── SafetyError                a safe state was not reached or an interlock opened
DeviceError                    the device under test misbehaved where a step needed it to behave
"""

from __future__ import annotations

from harness.verdict import Side


class BenchError(Exception):
    """Our side: bench, instrument, software or operator. Ends in the verdict `error`, side `bench`."""


class ConfigError(BenchError):
    """A config file or parameter is wrong; the text names file, line, key and what would be right."""


class InstrumentError(BenchError):
    """An instrument refused a command or reported an error from its queue."""

    def __init__(self, role: str, text: str) -> None:
        super().__init__(f"{role}: {text}")
        self.role = role


class InstrumentTimeout(InstrumentError, TimeoutError):
    """No answer in time. Look at cable, address and whether a front panel holds the instrument in local mode."""


class InstrumentGarbage(InstrumentError):
    """An answer that cannot be read as what was asked for."""


class InstrumentLost(InstrumentError, ConnectionError):
    """The connection is gone: power, cable, or the far end closed it."""


class IdentityMismatch(InstrumentError):
    """Another instrument answers than the config names."""


class BenchBusy(BenchError):
    """Somebody else holds the bench; the text says who, for what, until when, and what to do."""


class SafetyError(BenchError):
    """A safe state was not reached, or an interlock opened."""


class DeviceError(Exception):
    """The device under test did not do what the step needed. Ends in `fail` or `inconclusive`, never `error`."""

    def __init__(self, side: Side, text: str) -> None:
        super().__init__(text)
        self.side = side
