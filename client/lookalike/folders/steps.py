"""What becomes of each file: the words in which bringing a collection in step is told."""

from dataclasses import dataclass
from enum import StrEnum

from lookalike.errors import LookalikeError


class Outcome(StrEnum):
    """How one picture fared."""

    CREATED = "created"
    """The collection did not hold it."""
    EXISTED = "existed"
    """The collection held its bytes; that it lies here too was added, and nothing was sent."""
    MOVED = "moved"
    """It lay elsewhere: its image has this place instead, and keeps its labels."""
    CHANGED = "changed"
    """Another picture than before lies here."""
    UNCHANGED = "unchanged"
    """Only its time was new."""
    GONE = "gone"
    """No file is there any more, or another picture by now; its image stays."""
    PRUNED = "pruned"
    """No file is there any more, or another picture by now; the image went where it lies nowhere else."""
    FAILED = "failed"
    """See the error."""


@dataclass(frozen=True, slots=True)
class Step:
    """One picture that is settled: `done` of `total` are; the total grows as containers are opened."""

    path: str
    outcome: Outcome
    image_id: str | None
    error: LookalikeError | None
    moved_from: str | None
    done: int
    total: int
    sent_bytes: int
    """Of pictures, since the start."""
