"""Report pages (Markdown, SQL, components) rendered to web pages and PDF."""

from reports.errors import PageError, ReportError
from reports.message import Message, render_message
from reports.month import ReportFile, render_month

__all__ = ["Message", "PageError", "ReportError", "ReportFile", "render_message", "render_month"]
