"""`manage.py doctor`: checks everything the server needs, and says how to fix what is missing."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError, CommandParser

from sessions_app.doctor.examination import examine
from sessions_app.doctor.finding import Finding, Level
from sessions_app.management import terminal
from sessions_app.management.listening_options import add_listening_options, wanted_listening

MARKS = {Level.FINE: "✓", Level.WARNING: "!", Level.BROKEN: "✗"}
COLUMN = 16
"""Width of the column of names, in characters."""


class Command(terminal.HablaCommand):
    """Checks the server's parts one by one."""

    help = "Check every part the server needs, and say how to mend what is missing."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the server's address, and the format of the report."""
        add_listening_options(parser)
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what each check finds; exit 1 if something is broken."""
        findings: list[Finding] = []
        is_over = False
        try:
            for finding in examine(wanted_listening(options)):
                findings.append(finding)
                if not options["json"]:
                    self._print(finding)
            is_over = True
        finally:
            if options["json"]:
                self._print_json(findings, is_over=is_over)
        levels = [finding.level for finding in findings]
        if not options["json"] and Level.BROKEN not in levels:
            self.stdout.write(_summary(levels.count(Level.WARNING)))
        if broken := levels.count(Level.BROKEN):
            raise CommandError(f"{broken} of {len(levels)} parts must be mended.", returncode=1)

    def _print(self, finding: Finding) -> None:
        style = {
            Level.FINE: self.style.SUCCESS,
            Level.WARNING: self.style.WARNING,
            Level.BROKEN: self.style.ERROR,
        }[finding.level]
        self.stdout.write(MARKS[finding.level], style, ending=" ")
        self.stdout.write(f"{finding.part:<{COLUMN}}{finding.message}")
        if finding.mend:
            self.stdout.write(f"  {'':<{COLUMN}}→ {finding.mend}")
        self.stdout.flush()

    def _print_json(self, findings: list[Finding], *, is_over: bool) -> None:
        is_well = is_over and all(finding.level is not Level.BROKEN for finding in findings)
        report = {"ok": is_well, "findings": [asdict(finding) for finding in findings]}
        self.stdout.write(json.dumps(report, indent=2))


def _summary(warnings: int) -> str:
    if not warnings:
        return "Everything the server needs is there."
    return f"The server can run; {warnings} thing{'s' if warnings > 1 else ''} could be better (!)."
