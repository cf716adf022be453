"""What is told: reports made from the store and the evidence only.

from reports import make_report
make_report([run], run / "report")            # report.html, report.pdf, report.json
"""

from reports.anonymise import Level
from reports.load import ReportError
from reports.make import make_report

__all__ = ["Level", "ReportError", "make_report"]
