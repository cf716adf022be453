"""Virtual time for the OCPP tests."""

import pytest
from table_top import in_virtual_time


@pytest.fixture
def virtual():
    """Runs a coroutine function in virtual time."""
    return in_virtual_time
