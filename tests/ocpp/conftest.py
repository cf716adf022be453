"""Virtual time for the OCPP tests."""

import pytest
from ocpp_bench import in_virtual_time


@pytest.fixture
def virtual():
    """Runs a coroutine function in virtual time."""
    return in_virtual_time
