"""Showing results: tables for the terminal, Markdown, and one self-contained HTML page."""

from .html import html_page, write_html
from .markdown import markdown_report, readme_table, replaced_between
from .terminal import beside_tables, notes, recommendation_lines, results_tables

__all__ = [
    "beside_tables",
    "html_page",
    "markdown_report",
    "notes",
    "readme_table",
    "recommendation_lines",
    "replaced_between",
    "results_tables",
    "write_html",
]
