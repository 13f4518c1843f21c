"""Reports as files: which form, whether it may be written there, and with which pictures."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from lookalike.cli.output import printable, remark
from lookalike.cli.saving import check_file, writing
from lookalike.reports import Report, page, to_json
from lookalike.reports.document import FORMAT

if TYPE_CHECKING:
    import lookalike

PAGES, DOCUMENTS = (".html", ".htm"), (".json",)


@dataclass(frozen=True, slots=True)
class Keeping:
    """How a report is kept."""

    file: Path
    thumbnails: bool
    blurred: bool

    @property
    def is_page(self) -> bool:
        """Whether it is HTML."""
        return self.file.suffix.lower() in PAGES

    def check(self) -> None:
        """Refuse what cannot be written before anything is asked."""
        if self.file.suffix.lower() not in (*PAGES, *DOCUMENTS):
            hint = f"{printable(str(self.file))} is neither FILE.html nor FILE.json"
            raise typer.BadParameter(hint, param_hint="--report")
        check_file(self.file, FORMAT, "--report")


def read_keeping(report: Path | None, thumbnails: bool, no_blur: bool) -> Keeping | None:
    """Read the options of a report."""
    keeping = Keeping(report, thumbnails, not no_blur) if report else None
    if thumbnails and not (keeping and keeping.is_page):
        raise typer.BadParameter("thumbnails stand in --report FILE.html only", param_hint="--thumbnails")
    if no_blur and not thumbnails:
        raise typer.BadParameter("there is nothing to show without --thumbnails", param_hint="--no-blur")
    return keeping


def write_report(client: "lookalike.Client", report: Report, keeping: Keeping) -> None:
    """Write the report, and say where."""
    found = None
    if keeping.thumbnails:
        from lookalike.cli import thumbnails  # noqa: PLC0415 - Pillow is loaded for pictures only

        found = thumbnails.of_answers(client, report.collection.name, report.answers)
    document = to_json(report)
    with writing(keeping.file) as file:
        parts = page(report, document, found, blurred=keeping.blurred) if keeping.is_page else [document]
        file.writelines(parts)
    remark(f"Report: {printable(str(keeping.file))}")
