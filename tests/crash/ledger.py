"""What the callers of a server were told: what must be there after a kill, and what may be.

    begin(change)   before the call: from now on it is doubtful
    confirm(change) at the answer: from now on it must be there
    settle(actual)  after a restart: each doubtful change is there as a whole or not at all, all else is as it was told

A key `(collection,)` stands for the id of the collection's model, `(collection, image)` for the image's facts, and
`(collection, image, model)` for a vector staged for that model. What is not there is None.
"""

import json
import threading
from collections.abc import Mapping, Sequence

Key = tuple[str, ...]
Change = dict[Key, str | None]

STAGED = "staged"


def facts(labels: Mapping[str, str], paths: Sequence[str]) -> str:
    """An image's record as one text."""
    return json.dumps([dict(labels), sorted(paths)], sort_keys=True)


def read(text: str) -> tuple[dict[str, str], list[str]]:
    """Labels and paths from such a text."""
    labels, paths = json.loads(text)
    return labels, paths


class Ledger:
    """Kept by all callers of one server, through all its lives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._doubtful: list[Change] = []
        self.told: dict[Key, str] = {}
        self.deleted: list[Key] = []
        """Images whose deletion was confirmed, or came true, oldest first."""
        self.seeds: dict[str, int] = {}
        """Seeds of the pictures, by image id."""
        self.confirmed = 0
        """Changes that were acknowledged."""
        self.applied = self.dropped = 0
        """Changes that were under way at a kill, and were found whole afterwards, or not at all."""

    def begin(self, change: Change) -> None:
        """It is about to be asked for."""
        with self._lock:
            self._doubtful.append(change)

    def confirm(self, change: Change) -> None:
        """It was acknowledged."""
        with self._lock:
            self._doubtful.remove(change)
            self._apply(change)
            self.confirmed += 1

    def images(self, collection: str, word: str = "") -> list[str]:
        """Ids of the images that a collection must hold and whose facts have this word, as they came."""
        with self._lock:
            return [
                key[1] for key, told in self.told.items() if len(key) == 2 and key[0] == collection and word in told
            ]

    def removal(self, collection: str, ids: Sequence[str] | None = None) -> Change:
        """The change that a deletion of these images makes, or of the whole collection."""
        with self._lock:
            mine = [key for key in self.told if key[0] == collection]
        return {key: None for key in mine if ids is None or (key[1:] and key[1] in ids)}

    def settle(self, actual: Mapping[Key, str]) -> list[str]:
        """Compares with what there is; the faults, a sentence each."""
        faults = []
        for change in self._doubtful:
            if all(actual.get(key) == state for key, state in change.items()):
                self._apply(change)
                self.applied += 1
            elif all(actual.get(key) == self.told.get(key) for key in change):
                self.dropped += 1
            else:
                faults.append(f"half applied: {change}")
        self._doubtful.clear()
        for key in sorted(self.told.keys() | actual.keys()):
            if self.told.get(key) != actual.get(key):
                faults.append(f"{key} is {actual.get(key)}, and was acknowledged as {self.told.get(key)}")
        return faults

    def _apply(self, change: Change) -> None:
        for key, state in change.items():
            if state is not None:
                self.told[key] = state
            elif self.told.pop(key, None) and len(key) == 2:
                self.deleted.append(key)
