"""The table of docs/damaged.md: written by `python -m tests.corpus`, held against each run by the test."""

from collections.abc import Sequence
from itertools import groupby

from tests.corpus.specimen import Specimen

HEAD = """# Damaged and hostile files

What becomes of each file of the corpus, when all of them are sent to a real server in one stream, with good pictures
between them: every good one arrives, and each bad one costs itself. The tests make the files (`tests/corpus`), send
them, and fail where this page says something else than they found. `python -m tests.corpus > docs/damaged.md` writes it
anew.

*taken*: the picture is stored and found. A reason: the item failed with that error, and nothing of it was stored.
Of containers, *sent*: so many pictures came out whole; *refused*: so many members, or the container itself, did not.
"""


def page(specimens: Sequence[Specimen], outcomes: Sequence[str], containers: Sequence[tuple[str, str]]) -> str:
    """The page in Markdown."""
    rows = zip(specimens, outcomes, strict=True)
    parts = [HEAD]
    for group, members in groupby(rows, key=lambda row: row[0].group):
        lines = [f"| {specimen.what} | {outcome} |" for specimen, outcome in members]
        parts.append("\n".join([f"## {group.capitalize()}\n", "| file | outcome |", "|---|---|", *lines, ""]))
    lines = [f"| {title} | {outcome} |" for title, outcome in containers]
    title = "## Containers, as the client opens them\n"
    parts.append("\n".join([title, "| file | members |", "|---|---|", *lines, ""]))
    taken = sum(outcome == "taken" for outcome in outcomes)
    count = f"{len(specimens)} files, of which {taken} are taken and {len(specimens) - taken} refused"
    parts.append(f"{count}; {len(containers)} containers.\n")
    return "\n".join(parts)
