"""What has become of the items of a move so far: counts, and those that were left out with their reasons."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from lookalike.types import ImportOutcome

Failure = TypeVar("Failure")


@dataclass(slots=True)
class Tally(Generic[Failure]):
    """Each command says in its own words what it left out."""

    outcomes: Counter[ImportOutcome] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    seconds: float = 0.0

    def left_out(self, failure: Failure) -> None:
        """Count an item that was left out."""
        self.outcomes[ImportOutcome.FAILED] += 1
        self.failures.append(failure)

    @property
    def words(self) -> str:
        """The counts for a person."""
        return " · ".join(f"{self.outcomes[outcome]:,} {outcome}" for outcome in ImportOutcome)
