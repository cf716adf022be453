"""The `plugfest` command. pytest is the engine; this is the convenience around it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

_COMMANDS = {
    "run": "harness.run_cli:run",
    "check": "harness.bench_cli:check",
    "cases": "harness.lists_cli:cases",
    "rules": "harness.lists_cli:rules",
    "defects": "harness.lists_cli:defects",
    "coverage": "harness.coverage_cli:coverage",
    "report": "harness.report_cli:report",
    "verify": "harness.report_cli:verify",
    "merge": "harness.campaign_cli:merge",
    "judge": "harness.judge_cli:command",
    "emulate": "harness.bench_cli:emulate",
    "exi": "harness.exi_cli:exi_app",
    "pki": "harness.pki_cli:pki_app",
}
"""Each command's module is imported when it is asked for: instruments, pytest and typesetting take seconds together."""


class _Commands(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        found = getattr(import_module(module), name)
        if not isinstance(found, typer.Typer):
            single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            single.command(cmd_name)(found)
            found = single
        command = typer.main.get_command(found)
        command.name = cmd_name
        return command


app = typer.Typer(cls=_Commands, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)


@app.callback()
def _whole() -> None:
    pass


def main() -> None:
    app()


if __name__ == "__main__":
    main()
