"""Answers as rows for a spreadsheet: one row a match, or one for a query without any, its texts made harmless.

A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, and a file's name may begin so: such a
text gets an apostrophe before it, which spreadsheets read as "this is text". What would steer a terminal or cannot be
encoded is replaced by a mark; the JSON has it as it is.
"""

from collections.abc import Iterator, Sequence

from lookalike.reports.document import Answer
from lookalike.reports.words import written
from lookalike.safe import printable
from lookalike.types import Image, Match

IMAGE_COLUMNS = ("paths", "width", "height", "format", "captured", "scenes", "labels")
"""What `cells` are."""
COLUMNS = (
    "query",
    "query_sha256",
    "rank",
    "similar_to",
    "distance",
    "score",
    "image_id",
    *IMAGE_COLUMNS,
    "model_id",
    "generation",
    "turned",
    "mirrored",
    "error",
)

Cell = str | int | float | None
_FORMULAS = tuple(
    "=+-@\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)


def rows(answer: Answer) -> Iterator[list[Cell]]:
    """A row of cells for each match, in the order of `COLUMNS`; near-duplicates follow. No query is without a row."""
    if not answer.result:
        yield _empty(answer)
    for match in answer.result or ():
        yield _row(answer, match, None)
        for similar in match.similar:
            yield _row(answer, similar, match.rank)


def _empty(answer: Answer) -> list[Cell]:
    """What was asked, and why nothing came of it."""
    error = f"{answer.error.reason}: {answer.error.message}" if answer.error else ""
    told: dict[str, Cell] = {**_asked(answer), "error": error}
    return harmless([told.get(column) for column in COLUMNS])


def _asked(answer: Answer) -> dict[str, Cell]:
    return {"query": answer.question.name, "query_sha256": answer.question.positives[0].sha256}


def _row(answer: Answer, match: Match, similar_to: int | None) -> list[Cell]:
    result, image = answer.result, match.image
    return harmless(
        [
            *_asked(answer).values(),
            match.rank or None,
            similar_to,
            match.distance,
            match.score,
            image.id,
            *cells(image),
            result.model_id if result else None,
            result.generation if result else None,
            match.turned,
            int(match.mirrored),
            None,
        ]
    )


def cells(image: Image) -> list[Cell]:
    """What is known of an image, in the order of `IMAGE_COLUMNS`."""
    return [
        joined([source.path for source in image.sources]),
        image.width,
        image.height,
        image.format,
        written(image.captured),
        joined([f"{scene.name} {scene.probability:.3f}" for scene in image.scenes]),
        joined([f"{key}={value}" for key, value in sorted(image.labels.items())]),
    ]


def joined(texts: Sequence[str]) -> str:
    """Several texts in one cell."""
    return " | ".join(texts)


def harmless(row: Sequence[Cell]) -> list[Cell]:
    """The cells with their texts made harmless; numbers stay numbers."""
    return [_harmless(cell) if isinstance(cell, str) else cell for cell in row]


def _harmless(text: str) -> str:
    shown = printable(text)
    return f"'{shown}" if shown.lstrip(" \N{REPLACEMENT CHARACTER}").startswith(_FORMULAS) else shown
