"""What all tables of one run share: where things lie, which model, how long."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Plan:
    """One run. Times are in seconds."""

    scratch: Path
    """A folder for the run's files."""
    model: str
    """As for serve --model."""
    small: tuple[Path, ...]
    """JPEGs of 500 x 375."""
    large: tuple[Path, ...]
    """JPEGs of 12 megapixels."""
    rounds: int
    """Alternating rounds of things that are compared."""
    seconds: float
    """Of each phase under load."""
    calls: int
    """Of each caller whose calls are counted."""
    vectors: int
    """In the collection that is searched."""
    streams: int
    """Import streams that are cancelled."""

    @property
    def sizes(self) -> dict[str, tuple[Path, ...]]:
        """The files by what a person calls their size."""
        return {"500 x 375": self.small, "12 MP": self.large}
