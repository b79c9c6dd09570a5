"""Report pages (Markdown, SQL, components) rendered to web pages and PDF."""

from reports.errors import PageError, ReportError
from reports.message import Message, render_message
from reports.overview import read_periods, write_overview
from reports.period import Period
from reports.privacy import Leak, remove_leaks
from reports.site import ReportFile, render_reports
from reports.slugs import slugs
from reports.storage import PLAIN, Storage

__all__ = [
    "PLAIN",
    "Leak",
    "Message",
    "PageError",
    "Period",
    "ReportError",
    "ReportFile",
    "Storage",
    "read_periods",
    "remove_leaks",
    "render_message",
    "render_reports",
    "slugs",
    "write_overview",
]
