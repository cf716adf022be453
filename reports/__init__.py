"""What is told: reports made from the store and the evidence only.

from reports import make_report
make_report([run], run / "report")            # report.html, report.pdf, report.json
"""

from reports.anonymise import Level
from reports.check import Complaint, check_report
from reports.load import ReportError
from reports.make import make_report
from reports.sheet import make_sheets

__all__ = ["Complaint", "Level", "ReportError", "check_report", "make_report", "make_sheets"]
