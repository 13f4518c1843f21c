"""Any sequence of changes, searches, restarts and crashes leaves the catalog as a plain dict would be.

Its graph is used from the sixth image on, and a snapshot written every few changes. `make crash` runs many more
sequences than the suite does (LOOKALIKE_EXAMPLES).
"""

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass, field, replace
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.catalog.catalog_makers import MODELS, arrival, ids, image_id, open_catalog, sighting, vector_of

from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.sqlite_store import SqliteStore
from lookalike_server.errors import (
    CollectionExists,
    CollectionNotFound,
    ImageNotFound,
    ModelMismatch,
    ReembedIncomplete,
)
from lookalike_server.records import Arrival, Filter, Location, Outcome, Sighting, Source

EXAMPLES = int(os.environ.get("LOOKALIKE_EXAMPLES", "20"))
NAMES = st.sampled_from("cd")
NUMBERS = st.integers(0, 25)
SEVERAL = st.lists(NUMBERS, min_size=1, max_size=8, unique=True)
PATHS = st.sampled_from(["", "/a/1", "/a/2", "/b/1"])
LABELS = st.dictionaries(st.sampled_from("kl"), st.sampled_from("xy"), max_size=2)
PLACES = st.sampled_from([None, Location(1.0, 2.0), Location(-3.0, 4.0)])
WANTED = st.builds(
    Filter,
    labels=LABELS,
    path_prefix=st.sampled_from(["", "", "/a", "/a/1"]),
    not_ids=st.frozensets(NUMBERS.map(image_id), max_size=3),
)


@dataclass
class Held:
    """What is told of an image."""

    paths: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    place: Location | None = None

    def see(self, path: str, labels: dict[str, str]) -> None:
        """Once more."""
        if path and path not in self.paths:
            self.paths.append(path)
        self.labels = self.labels | labels

    def lose(self, paths: set[str], last_too: bool) -> int:
        """Some of the paths; how many."""
        left = [path for path in self.paths if path not in paths] or ([] if last_too else self.paths[-1:])
        lost, self.paths = len(self.paths) - len(left), left
        return lost


@dataclass
class Shelf:
    """A collection: by number, in the order in which they came; and the numbers staged for the other model."""

    model: str = next(iter(MODELS))
    held: dict[int, Held] = field(default_factory=dict)
    staged: set[int] = field(default_factory=set)

    def passing(self, wanted: Filter) -> list[int]:
        """Those that a filter admits."""
        return [number for number, image in self.held.items() if admits(wanted, number, image)]


def admits(wanted: Filter, number: int, image: Held) -> bool:
    if not wanted.labels.items() <= image.labels.items() or image_id(number) in wanted.not_ids:
        return False
    return not wanted.path_prefix or any(path.startswith(wanted.path_prefix) for path in image.paths)


def another(model: str) -> str:
    return next(one for one in MODELS if one != model)


def opened(folder: Path) -> Catalog:
    return open_catalog(folder, models=MODELS, small=5, save_every=10, rewrite_after=0)


class CatalogMachine(RuleBasedStateMachine):
    """`world` is the model: collections by name. `older` is a backup of the database, with the world of its moment."""

    def __init__(self) -> None:
        super().__init__()
        self.folders = [Path(tempfile.mkdtemp())]
        self.catalog = opened(self.folder)
        self.world: dict[str, Shelf] = {}
        self.older: tuple[Path, dict[str, Shelf]] | None = None

    def teardown(self) -> None:
        try:
            assert self.catalog.verify() == []
        finally:
            self.catalog.close()
            for folder in self.folders:
                shutil.rmtree(folder)

    @property
    def folder(self) -> Path:
        return self.folders[-1]

    @initialize(name=NAMES, numbers=st.sets(NUMBERS))
    def fill(self, name: str, numbers: set[int]) -> None:
        self.create(name)
        self.add([(name, number, "", {}, None) for number in numbers])

    @rule(name=NAMES)
    def create(self, name: str) -> None:
        if name in self.world:
            with pytest.raises(CollectionExists):
                self.catalog.create_collection(name)
        else:
            self.catalog.create_collection(name)
            self.world[name] = Shelf()

    @rule(name=NAMES)
    def delete_collection(self, name: str) -> None:
        if name not in self.world:
            with pytest.raises(CollectionNotFound):
                self.catalog.delete_collection(name)
        else:
            assert self.catalog.delete_collection(name) == len(self.world.pop(name).held)

    @rule(batch=st.lists(st.tuples(NAMES, NUMBERS, PATHS, LABELS, PLACES), max_size=20))
    def add(self, batch: list[tuple[str, int, str, dict[str, str], Location | None]]) -> None:
        results = self.catalog.add([self.arrival(*one) for one in batch])
        for (name, number, path, labels, place), outcome in zip(batch, results, strict=True):
            if name not in self.world:
                assert isinstance(outcome, CollectionNotFound)
                continue
            held = self.world[name].held
            assert outcome is (Outcome.EXISTED if number in held else Outcome.CREATED)
            held.setdefault(number, Held(place=place)).see(path, labels)

    @rule(name=NAMES, number=NUMBERS, path=PATHS, labels=LABELS)
    def sight(self, name: str, number: int, path: str, labels: dict[str, str]) -> None:
        (result,) = self.catalog.add([replace(sighting(number, path=path, labels=labels), collection=name)])
        if name not in self.world:
            assert isinstance(result, CollectionNotFound)
        elif number not in self.world[name].held:
            assert isinstance(result, ImageNotFound)
        else:
            assert result is Outcome.EXISTED
            self.world[name].held[number].see(path, labels)

    @precondition(lambda self: self.world)
    @rule(data=st.data(), numbers=SEVERAL)
    def delete(self, data: Any, numbers: list[int]) -> None:
        name, shelf = self.some(data)
        gone = self.catalog.delete_images(name, [image_id(number) for number in numbers], allow_missing=True)
        assert gone == len([shelf.held.pop(number) for number in numbers if number in shelf.held])
        shelf.staged -= set(numbers)

    @precondition(lambda self: self.world)
    @rule(data=st.data(), seen=st.lists(st.tuples(NUMBERS, PATHS), min_size=1, max_size=40), with_images=st.booleans())
    def take_back(self, data: Any, seen: list[tuple[int, str]], with_images: bool) -> None:
        name, shelf = self.some(data)
        before = self.catalog.collection(name).generation
        asked = [Sighting(image_id(number), Source(path)) for number, path in seen]
        sources, images = self.catalog.remove_sources(name, asked, remove_images=with_images)
        touched = {number for number, _ in seen if number in shelf.held and shelf.held[number].paths}
        lost = sum(
            shelf.held[one].lose({path for number, path in seen if number == one}, with_images) for one in touched
        )
        emptied = {number for number in touched if not shelf.held[number].paths}
        assert (sources, images) == (lost, len(emptied))
        shelf.held = {number: image for number, image in shelf.held.items() if number not in emptied}
        shelf.staged -= emptied
        assert (self.catalog.collection(name).generation > before) is (lost > 0)

    @precondition(lambda self: self.world)
    @rule(data=st.data(), number=NUMBERS, labels=LABELS)
    def update(self, data: Any, number: int, labels: dict[str, str]) -> None:
        name, shelf = self.some(data)
        if number in shelf.held:
            assert self.catalog.update_image(name, image_id(number), labels).labels == labels
            shelf.held[number].labels = labels
        else:
            with pytest.raises(ImageNotFound):
                self.catalog.update_image(name, image_id(number), labels)

    @precondition(lambda self: self.world)
    @rule(data=st.data(), numbers=SEVERAL | st.just(list(range(26))))
    def stage(self, data: Any, numbers: list[int]) -> None:
        name, shelf = self.some(data)
        model = another(shelf.model)
        results = self.catalog.stage([self.restaged(name, number, model) for number in numbers])
        for number, result in zip(numbers, results, strict=True):
            assert result is None if number in shelf.held else isinstance(result, ImageNotFound)
        shelf.staged |= set(numbers) & shelf.held.keys()

    @precondition(lambda self: self.world)
    @rule(data=st.data(), drop=st.booleans())
    def switch(self, data: Any, drop: bool) -> None:
        name, shelf = self.some(data)
        with pytest.raises(ModelMismatch):
            self.catalog.switch_model(name, shelf.model)
        model, lacking = another(shelf.model), shelf.held.keys() - shelf.staged
        if lacking and not (drop and shelf.staged):
            with pytest.raises(ReembedIncomplete):
                self.catalog.switch_model(name, model, drop_missing=drop)
        else:
            assert self.catalog.switch_model(name, model, drop_missing=drop)[1] == len(lacking)
            kept = {number: image for number, image in shelf.held.items() if number not in lacking}
            self.world[name] = Shelf(model, kept)

    @precondition(lambda self: self.world)
    @rule(data=st.data(), number=NUMBERS, wanted=WANTED, limit=st.integers(1, 30), exact=st.booleans())
    def search(self, data: Any, number: int, wanted: Filter, limit: int, exact: bool) -> None:
        name, shelf = self.some(data)
        dim = MODELS[shelf.model]
        query = vector_of(number, dim)
        found = self.catalog.search(name, query, limit=limit, wanted=wanted, exact=exact)
        apart = {one: float(np.linalg.norm(vector_of(one, dim) - query)) for one in shelf.passing(wanted)}
        nearest = sorted(apart, key=lambda one: apart[one])[:limit]
        assert ids(found) == [image_id(one) for one in nearest]
        assert [match.distance for match in found.matches] == pytest.approx([apart[one] for one in nearest], abs=1e-5)

    @precondition(lambda self: self.world)
    @rule(data=st.data(), wanted=WANTED, size=st.integers(1, 7))
    def list_all(self, data: Any, wanted: Filter, size: int) -> None:
        name, shelf = self.some(data)
        found, token = list[str](), ""
        while True:
            page, token = self.catalog.images(name, wanted, size, token)
            found += ids(page)
            if not token:
                break
        assert found == [image_id(one) for one in shelf.passing(wanted)]

    @precondition(lambda self: self.world)
    @rule(data=st.data(), prefix=st.sampled_from(["", "/a", "/a/1", "/c"]), size=st.integers(1, 7))
    def list_sources(self, data: Any, prefix: str, size: int) -> None:
        name, shelf = self.some(data)
        found, token = list[Sighting](), ""
        while True:
            page, token = self.catalog.sources(name, prefix, size, token)
            found += page
            if not token:
                break
        seen = [(path, number) for number, image in shelf.held.items() for path in image.paths]
        by_path = sorted((one for one in seen if one[0].startswith(prefix)), key=itemgetter(0))
        assert [(one.source.path, one.image_id) for one in found] == [(path, image_id(n)) for path, n in by_path]

    @rule()
    def restart(self) -> None:
        self.catalog.close()
        self.catalog = opened(self.folder)

    @rule(harm=st.sampled_from(["none", "cut", "remove one", "remove all"]), which=st.integers(0, 9))
    def crash(self, harm: str, which: int) -> None:
        """Goes on with a copy of the open catalog's folder, which is what SIGKILL leaves."""
        copy = Path(tempfile.mkdtemp())
        assert isinstance(self.catalog._store, SqliteStore)
        with self.catalog._store._database._lock:  # one moment of the database; snapshots may be caught in mid-write
            copy_files(self.folder, copy)
        self.catalog.close()
        self.folders.append(copy)
        damage(copy / "indexes", harm, which)
        self.catalog = opened(copy)

    @rule()
    def back_up(self) -> None:
        path = self.folders[0] / "backup"
        with closing(sqlite3.connect(self.folder / "catalog.db")) as source, closing(sqlite3.connect(path)) as target:
            source.backup(target)
        self.older = (path, deepcopy(self.world))

    @precondition(lambda self: self.older)
    @rule()
    def bring_back_the_backup(self) -> None:
        """An older database under snapshots that are newer."""
        assert self.older is not None
        self.catalog.close()
        shutil.copy(self.older[0], self.folder / "catalog.db")
        self.world = deepcopy(self.older[1])
        self.catalog = opened(self.folder)

    @rule()
    def verify(self) -> None:
        assert self.catalog.verify() == []

    @invariant()
    def records_are_the_models(self) -> None:
        assert [one.name for one in self.catalog.collections(10)[0]] == sorted(self.world)
        for name, shelf in self.world.items():
            record = self.catalog.collection(name)
            assert (record.image_count, record.model_id) == (len(shelf.held), shelf.model)
            found = self.catalog.images(name, Filter(), 100)[0]
            told = [(one.id, [each.path for each in one.sources], one.labels, one.location) for one in found]
            assert told == [
                (image_id(number), image.paths, image.labels, image.place) for number, image in shelf.held.items()
            ]
            lacking = self.catalog.images(name, Filter(not_embedded_by=another(shelf.model)), 100)[0]
            assert ids(lacking) == [image_id(number) for number in shelf.held if number not in shelf.staged]

    def some(self, data: Any) -> tuple[str, Shelf]:
        name = data.draw(st.sampled_from(sorted(self.world)))
        return name, self.world[name]

    def arrival(
        self, name: str, number: int, path: str, labels: dict[str, str], place: Location | None = None
    ) -> Arrival:
        dim = MODELS[self.world.get(name, Shelf()).model]
        made = arrival(number, collection=name, path=path, labels=labels, vector=vector_of(number, dim))
        assert made.content is not None
        return replace(made, content=replace(made.content, location=place))

    def restaged(self, name: str, number: int, model: str) -> Arrival:
        made = arrival(number, collection=name, vector=vector_of(number, MODELS[model]))
        assert made.content is not None
        return replace(made, content=replace(made.content, model_id=model))


def copy_files(folder: Path, copy: Path) -> None:
    for path in sorted(folder.rglob("*")):
        target = copy / path.relative_to(folder)
        try:
            target.mkdir(exist_ok=True) if path.is_dir() else shutil.copy(path, target)
        except FileNotFoundError:  # a file that was just renamed or removed is not there, as after a kill
            continue


def damage(indexes: Path, harm: str, which: int) -> None:
    """To one of the files, whichever there are: how far the snapshots have come is not Hypothesis' to know."""
    files = sorted(path for path in indexes.rglob("*") if path.is_file())
    if harm == "remove all":
        shutil.rmtree(indexes, ignore_errors=True)
    elif harm != "none" and files:
        chosen = files[which % len(files)]
        if harm == "cut":
            chosen.write_bytes(chosen.read_bytes()[: -chosen.stat().st_size // 2])
        else:
            chosen.unlink()


TestCatalogMachine = CatalogMachine.TestCase
TestCatalogMachine.settings = settings(max_examples=EXAMPLES, stateful_step_count=25, deadline=None)
