"""Sightings whose files are gone, until their pictures are met elsewhere."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from lookalike.types import Sighting


class Lost:
    """By image; a picture that is met again claims where it was."""

    def __init__(self, sightings: Iterable[Sighting] = ()) -> None:
        self._by_image: defaultdict[str, list[Sighting]] = defaultdict(list)
        self.add(sightings)

    def add(self, sightings: Iterable[Sighting]) -> None:
        """These are gone too."""
        for seen in sightings:
            self._by_image[seen.image_id].append(seen)

    def claim(self, image_id: str, path: str) -> Sighting | None:
        """Where the image that lies at this path now was before: rather there where its file had the same name."""
        places = self._by_image.get(image_id)
        if not places:
            return None
        name = PurePosixPath(path).name
        claimed = next((seen for seen in places if PurePosixPath(seen.source.path).name == name), places[0])
        places.remove(claimed)
        return claimed

    def __iter__(self) -> Iterator[Sighting]:
        return (seen for places in self._by_image.values() for seen in places)
