"""The two lanes in which work travels: people who wait, and jobs that do not mind."""

from enum import IntEnum


class Lane(IntEnum):
    """Who waits for the answer."""

    INTERACTIVE = 0
    """Somebody waits: goes first."""
    BULK = 1
    """An import: fills the room that is left."""

    @property
    def label(self) -> str:
        """The name in logs and metrics."""
        return self.name.lower()
