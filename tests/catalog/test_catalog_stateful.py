"""Any sequence of changes and restarts leaves the catalog as a plain dict would be."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.catalog.catalog_makers import arrival, ids, image_id, open_catalog, sighting, vector_of

from lookalike_server.errors import ImageNotFound
from lookalike_server.records import Filter, Outcome

NUMBERS = st.integers(0, 25)
PATHS = st.sampled_from(["", "/a/1", "/a/2", "/b/1"])
LABELS = st.dictionaries(st.sampled_from("kl"), st.sampled_from("xy"), max_size=2)


class CatalogMachine(RuleBasedStateMachine):
    """`held` is the model: number -> (paths, labels), in the order in which they came."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.catalog = open_catalog(self.folder, small=5)
        self.catalog.create_collection("c")
        self.held: dict[int, tuple[list[str], dict[str, str]]] = {}

    def teardown(self) -> None:
        assert self.catalog.verify() == []
        self.catalog.close()
        shutil.rmtree(self.folder)

    @rule(batch=st.lists(st.tuples(NUMBERS, PATHS, LABELS), min_size=1, max_size=8))
    def add(self, batch: list[tuple[int, str, dict[str, str]]]) -> None:
        results = self.catalog.add([arrival(number, path=path, labels=labels) for number, path, labels in batch])
        for (number, path, labels), outcome in zip(batch, results, strict=True):
            assert outcome is (Outcome.EXISTED if number in self.held else Outcome.CREATED)
            self.see(number, path, labels)

    @rule(number=NUMBERS, path=PATHS, labels=LABELS)
    def sight(self, number: int, path: str, labels: dict[str, str]) -> None:
        (result,) = self.catalog.add([sighting(number, path=path, labels=labels)])
        if number in self.held:
            assert result is Outcome.EXISTED
            self.see(number, path, labels)
        else:
            assert isinstance(result, ImageNotFound)

    @rule(numbers=st.lists(NUMBERS, min_size=1, max_size=6, unique=True))
    def delete(self, numbers: list[int]) -> None:
        gone = self.catalog.delete_images("c", [image_id(number) for number in numbers], allow_missing=True)
        assert gone == len([self.held.pop(number) for number in numbers if number in self.held])

    @precondition(lambda self: self.held)
    @rule(data=st.data(), labels=LABELS)
    def update(self, data: Any, labels: dict[str, str]) -> None:
        number = data.draw(st.sampled_from(sorted(self.held)))
        assert self.catalog.update_image("c", image_id(number), labels).labels == labels
        self.held[number] = (self.held[number][0], labels)

    @rule()
    def restart(self) -> None:
        self.catalog.close()
        self.catalog = open_catalog(self.folder, small=5)

    @rule()
    def lose_snapshots(self) -> None:
        self.catalog.close()
        shutil.rmtree(self.folder / "indexes", ignore_errors=True)
        self.catalog = open_catalog(self.folder, small=5)

    @rule(number=NUMBERS, labels=LABELS, limit=st.integers(1, 30), exact=st.booleans())
    def search(self, number: int, labels: dict[str, str], limit: int, exact: bool) -> None:
        found = self.catalog.search("c", vector_of(number), limit=limit, wanted=Filter(labels=labels), exact=exact)
        apart = {one: float(np.linalg.norm(vector_of(one) - vector_of(number))) for one in self.passing(labels)}
        nearest = sorted(apart, key=lambda one: apart[one])[:limit]
        assert ids(found) == [image_id(one) for one in nearest]

    @rule(labels=LABELS, prefix=st.sampled_from(["", "/a", "/a/1"]), size=st.integers(1, 7))
    def list_all(self, labels: dict[str, str], prefix: str, size: int) -> None:
        wanted, found, token = Filter(labels=labels, path_prefix=prefix), list[str](), ""
        while True:
            page, token = self.catalog.images("c", wanted, size, token)
            found += ids(page)
            if not token:
                break
        passing = [one for one in self.passing(labels) if not prefix or self.begins(one, prefix)]
        assert found == [image_id(one) for one in passing]

    @invariant()
    def records_are_the_models(self) -> None:
        assert self.catalog.collection("c").image_count == len(self.held)
        found = self.catalog.images("c", Filter(), 100)[0]
        kept = {image.id: ([source.path for source in image.sources], image.labels) for image in found}
        assert kept == {image_id(number): facts for number, facts in self.held.items()}

    def see(self, number: int, path: str, labels: dict[str, str]) -> None:
        paths, old = self.held.setdefault(number, ([], {}))
        if path and path not in paths:
            paths.append(path)
        self.held[number] = (paths, old | labels)

    def passing(self, labels: dict[str, str]) -> list[int]:
        return [number for number, (_, borne) in self.held.items() if labels.items() <= borne.items()]

    def begins(self, number: int, prefix: str) -> bool:
        return any(path.startswith(prefix) for path in self.held[number][0])


TestCatalogMachine = CatalogMachine.TestCase
TestCatalogMachine.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
