"""Showing results: tables for the terminal, Markdown, and one self-contained HTML page."""

from .advice import recommendation_lines
from .html import html_page, write_html
from .lines import notes
from .markdown import markdown_report, readme_table, replaced_between
from .table import Table
from .terminal import beside_tables, results_tables

__all__ = [
    "Table",
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
