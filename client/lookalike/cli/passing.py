"""The images of a collection passing through a page at a time: a million need no more memory than a thousand."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from lookalike.cli.progress import progress_bar
from lookalike.counting import counted
from lookalike.types import Collection, Filter, Image

if TYPE_CHECKING:
    import lookalike

PAGE = 250
"""Images in memory: 1.3 MB of vectors at 1,280 numbers."""


@dataclass(slots=True)
class Tally:
    """How many images passed so far."""

    count: int = 0
    seconds: float = 0.0

    @property
    def words(self) -> str:
        """The count for a person."""
        return counted(self.count, "image")


@dataclass(frozen=True, slots=True)
class Passing:
    """Which images pass, and who counts them; unless it is `silent` with a bar, where there is a person to see it."""

    client: "lookalike.Client"
    collection: str
    wanted: Filter
    tally: Tally
    silent: bool

    def held(self) -> Collection:
        """What the collection is now."""
        return self.client.collection(self.collection)

    def pages(self, *, include_embeddings: bool = False) -> Iterator[list[Image]]:
        """Give the images a page at a time."""
        images = self.client.images(
            self.collection, filter=self.wanted, include_embeddings=include_embeddings, page_size=PAGE
        )
        # Of a part of the collection nobody knows how many images it is.
        total = self.held().image_count if self.wanted == Filter() else None
        with progress_bar(self.silent) as bar:
            task = bar.add_task("", total=total)
            while page := list(islice(images, PAGE)):
                yield page
                self.tally.count += len(page)
                bar.update(task, completed=self.tally.count, description=self.tally.words)
