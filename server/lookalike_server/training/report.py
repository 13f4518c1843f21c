"""An evaluation as tables that people read: Markdown, columns aligned."""

from collections.abc import Iterator, Sequence
from typing import Any

Figures = dict[str, Any]

RETRIEVAL = {
    "P@1": "precision_at_1",
    "P@5": "precision_at_5",
    "mAP": "mean_average_precision",
    "similarity precision": "similarity_precision",
    "score at 30": "score_at_30",
}
SCENES = {"top-1": "top_1", "top-5": "top_5", "calibration error": "calibration_error"}


def tables(report: Figures) -> str:
    """What was asked, then a table of retrieval, one of copies and one of scenes, as far as there are any."""
    parts = [_asked(report["material"]), _retrieval(report), _copies(report), _scenes(report)]
    return "\n\n".join(part for part in parts if part)


def _asked(material: Figures) -> str:
    share = "all pictures" if material["share"] == 1 else f"the {material['share']:.0%} of each kind set aside"
    lines = [
        f"{each['folder']}: {each['pictures']:,} pictures of {each['kinds']:,} kinds, {each['triplets']:,} triplets"
        for each in material["folders"]
    ]
    lines += [f"left out: {words}" for words in material["unreadable"]]
    return "\n".join([f"Asked with {share}; seed {material['seed']}.", *lines])


def _retrieval(report: Figures) -> str:
    rows = [
        [model["model"], each["folder"], *(said(each[name]) for name in RETRIEVAL.values())]
        for model, each in _pairs(report)
    ]
    return table(["model", "folder", *RETRIEVAL], rows)


def _copies(report: Figures) -> str:
    judged = [model for model in report["models"] if model["copies"]]
    rows = [
        [model["model"], *(said(model["copies"][name], 4) for name in ("recall_at_1", "recall_at_fpr"))]
        for model in judged
    ]
    asked = report["material"]
    heading = f"copies: {asked['copies']:,} of {asked['originals']:,}"
    return table([heading, "recall@1", "recall at FPR 1e-5"], rows) if rows else ""


def _scenes(report: Figures) -> str:
    rows = [
        [model["model"], each["folder"], *(said(each["scenes"][name]) for name in SCENES.values())]
        for model, each in _pairs(report)
        if each["scenes"]
    ]
    return table(["scenes", "folder", *SCENES], rows) if rows else ""


def _pairs(report: Figures) -> Iterator[tuple[Figures, Figures]]:
    return ((model, each) for model in report["models"] for each in model["folders"])


def said(value: float | None, digits: int = 3) -> str:
    """A figure with so many digits, a count in full, a dash for what is not known."""
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.{digits}f}"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown; the first columns of words are aligned left, figures right."""
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    words = [column for column in range(len(heads)) if heads[column] == "folder" or column == 0]
    rule = ["-" * width if column in words else "-" * (width - 1) + ":" for column, width in enumerate(widths)]
    return "\n".join(
        "| "
        + " | ".join(
            cell.ljust(width) if column in words else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in (heads, rule, *rows)
    )
