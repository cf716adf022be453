from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for `import synthetic`

import synthetic

from reports import make_report


@pytest.fixture(scope="session")
def run(tmp_path_factory) -> Path:
    return synthetic.build(tmp_path_factory.mktemp("lab") / "runs" / "run-1")


@pytest.fixture(scope="session")
def made(run, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("out")
    make_report([run], out)
    return out
