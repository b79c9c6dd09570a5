"""Report pages (Markdown, SQL, components) rendered to web pages and PDF."""

from reports.csvfile import csv_texts_of_page, inert
from reports.errors import PageError, ReportError
from reports.manifest import forget, read_entries
from reports.message import Message, render_message
from reports.overview import read_periods, write_overview
from reports.pdfread import text_of_pdf
from reports.period import Period
from reports.privacy import CHECKED, Bystanders, Leak, remove_leaks
from reports.site import ReportFile, render_reports
from reports.slugs import slugs
from reports.storage import PLAIN, Storage

__all__ = [
    "CHECKED",
    "PLAIN",
    "Bystanders",
    "Leak",
    "Message",
    "PageError",
    "Period",
    "ReportError",
    "ReportFile",
    "Storage",
    "csv_texts_of_page",
    "forget",
    "inert",
    "read_entries",
    "read_periods",
    "remove_leaks",
    "render_message",
    "render_reports",
    "slugs",
    "text_of_pdf",
    "write_overview",
]
