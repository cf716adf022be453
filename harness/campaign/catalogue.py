"""All test cases that the suites under testcases/ declare."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable

from harness.lab import LabError
from harness.usecase import CASES, UseCase


def suite_names() -> list[str]:
    """The folders under testcases/, as a lab file's `suites` names them."""
    package = importlib.import_module("testcases")
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__) if module.ispkg)


def load_cases(suites: Iterable[str] | None = None) -> list[UseCase]:
    """The cases of some suites, or of all, in the order of their files. Raises LabError for an unknown suite."""
    known = suite_names()
    wanted = list(known if suites is None else suites)
    if unknown := [suite for suite in wanted if suite not in known]:
        raise LabError([f"suites: unknown {', '.join(unknown)}; known are {', '.join(known)}"])
    for suite in wanted:
        package = importlib.import_module(f"testcases.{suite}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    cases = [case for case in CASES.values() if case.module.split(".")[1] in wanted]
    return sorted(cases, key=lambda case: (wanted.index(case.module.split(".")[1]), case.module, case.order))
