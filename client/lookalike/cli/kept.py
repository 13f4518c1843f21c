"""What has become of the files so far: counts for people and programs, and a line of JSON for each."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rich.text import Text

from lookalike.cli.output import error_fields, fail, printable
from lookalike.cli.progress import failure_fields, failure_line

if TYPE_CHECKING:
    from lookalike.folders import Step

OUTCOMES = ("created", "existed", "moved", "changed", "unchanged", "gone", "pruned", "failed")
"""In the order in which people read them."""
ABSENT = frozenset({"gone", "pruned"})
"""Outcomes of what is no picture here any more."""


@dataclass(slots=True)
class Kept:
    """One run, of which a rehearsal only says what would be."""

    is_rehearsal: bool = False
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: "list[Step]" = field(default_factory=list)
    unchanged: int = 0
    """Files that were passed over by size and time."""
    sent_bytes: int = 0
    seconds: float = 0.0

    def add(self, step: "Step") -> None:
        """Count one more picture."""
        self.outcomes[step.outcome] += 1
        self.sent_bytes = step.sent_bytes
        if step.error:
            self.failures.append(step)

    @property
    def counts(self) -> dict[str, int]:
        """By outcome."""
        return {name: self.outcomes[name] + (self.unchanged if name == "unchanged" else 0) for name in OUTCOMES}

    @property
    def total(self) -> int:
        """Pictures that are there."""
        return sum(count for name, count in self.counts.items() if name not in ABSENT)

    @property
    def rate(self) -> float:
        """Pictures in a second."""
        return self.total / self.seconds if self.seconds else 0.0

    @property
    def words(self) -> str:
        """The counts for a person; what there is none of is left out."""
        told = [f"{count:,} {name}" for name, count in self.counts.items() if count]
        return " · ".join(told) or "nothing"

    def fields(self, collection: str) -> dict[str, Any]:
        """The summary for programs."""
        return {
            "collection": collection,
            "dry_run": self.is_rehearsal,
            "total": self.total,
            **self.counts,
            "sent_bytes": self.sent_bytes,
            "seconds": round(self.seconds, 3),
            "images_per_second": round(self.rate, 1),
            "failures": failure_fields([(each.path, each.error) for each in self.failures]),
        }


def step_line(step: "Step") -> Text:
    """One file's outcome for people to read."""
    if step.error:
        return failure_line(printable(step.path), step.error.reason, step.error.message)
    origin = f"  from {printable(step.moved_from)}" if step.moved_from else ""
    return Text.assemble((f"  {step.outcome} ", "dim"), printable(step.path), origin)


class Log:
    """A file with a line of JSON for each file that was met; without a path, nowhere."""

    def __init__(self, path: Path | None) -> None:
        with _told():
            # Each line is out at once: what was done is told, however this ends.
            self._file = path.open("ab", buffering=0) if path else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()

    def write(self, step: "Step") -> None:
        """Append what became of one file."""
        if self._file is None:
            return
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "path": step.path,
            "outcome": step.outcome,
            "image_id": step.image_id,
            **({"moved_from": step.moved_from} if step.moved_from else {}),
            **({"error": error_fields(step.error)} if step.error else {}),
        }
        with _told():
            self._file.write(f"{json.dumps(line)}\n".encode())


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise fail(f"the log cannot be written: {error}") from None
