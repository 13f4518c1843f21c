"""Results that people keep: what was asked, what was found and what that stands on, to be handed on and asked again.

Enters: the answers to searches. Leaves: a JSON document, a page of HTML that holds it, rows for a spreadsheet; and, on
the way back, a `Report` to compare with what the same questions find today. Nothing here needs more than the standard
library.

    report = reports.read("case-17.html")
    for step in reports.replay(client, report):
        print(step.verdict, step.question.name, step.changes)
"""

from lookalike.reports.comparing import NEAR, Change, Kind, Place, compare
from lookalike.reports.document import (
    Answer,
    BadReport,
    CollectionState,
    Failure,
    Report,
    ServerState,
    Terms,
)
from lookalike.reports.files import from_text, read, to_json
from lookalike.reports.gallery import Thumbnail
from lookalike.reports.page import page
from lookalike.reports.question import Asked, Question
from lookalike.reports.replaying import Replayed, Verdict, in_order, replay, standing_changes
from lookalike.reports.table import COLUMNS, rows

__all__ = [
    "COLUMNS",
    "NEAR",
    "Answer",
    "Asked",
    "BadReport",
    "Change",
    "CollectionState",
    "Failure",
    "Kind",
    "Place",
    "Question",
    "Replayed",
    "Report",
    "ServerState",
    "Terms",
    "Thumbnail",
    "Verdict",
    "compare",
    "from_text",
    "in_order",
    "page",
    "read",
    "replay",
    "rows",
    "standing_changes",
    "to_json",
]
