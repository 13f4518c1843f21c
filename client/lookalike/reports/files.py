"""Reports as text: the JSON document, alone or in the page that holds it."""

import html
import json
import os
from pathlib import Path

from lookalike.reports.document import FORMAT, VERSION, BadReport, Report
from lookalike.reports.page import CLOSE, OPEN
from lookalike.reports.shapes import plain, shaped

MAX_BYTES = 1 << 30
"""Of a file; a page with ten thousand thumbnails is a tenth of it."""


def to_json(report: Report) -> str:
    """The document; ASCII, so that names which no text can hold survive the way."""
    return json.dumps(_document(report), indent=1) + "\n"


def _document(report: Report) -> object:
    """What it says, with what it is first: whoever opens the file sees it."""
    said = plain(report)
    return {"format": said.pop("format"), "version": said.pop("version"), **said}


def read(path: str | os.PathLike[str]) -> Report:
    """The report in a file, JSON or HTML. Raises BadReport where it holds none, OSError where it cannot be read."""
    with Path(path).open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise BadReport(f"it is larger than the {MAX_BYTES:,} bytes of the largest report")
    try:
        return from_text(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadReport("it is no text in UTF-8") from error


def from_text(text: str) -> Report:
    """The report in a text, JSON or HTML. Raises BadReport."""
    try:
        said = json.loads(text if text.lstrip()[:1] == "{" else _within(text), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise BadReport(f"its JSON is damaged: {error}") from error
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise BadReport("it is no report of Lookalike")
    if said.get("version") != VERSION:
        raise BadReport(f"it is of version {str(said.get('version'))[:20]!r}, and this Lookalike reads {VERSION}")
    return _checked(said)


def _checked(said: dict[str, object]) -> Report:
    try:
        report: Report = shaped(Report, said, "report")
    except RecursionError:
        raise BadReport("it is nested deeper than any report") from None
    report.check()
    return report


def _within(page: str) -> str:
    """The document that a page holds: all else in it is escaped, so that the mark stands once."""
    _, mark, rest = page.partition(OPEN)
    document, end, _ = rest.partition(CLOSE)
    if not mark or not end or OPEN in rest:
        raise BadReport("it is neither a report's JSON nor a page that holds it whole")
    return html.unescape(document)


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is no number")
