"""Clients that change a server's collections, all at once and each its own images, until the server is gone."""

import hashlib
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import count
from typing import Any

import grpc
from tests.crash.board import Board
from tests.crash.ledger import STAGED, Change, Ledger, facts, read
from tests.pictures import picture_bytes
from tests.rpc.conftest import Doors

from lookalike.v1 import collection_service_pb2 as collections
from lookalike.v1 import image_service_pb2 as images
from lookalike.v1 import types_pb2 as types

IMPORT, UPDATE, DELETE, DROP = "import", "update labels", "delete", "drop a collection"
MASS = "delete a third (to compact)"
STAGE, SWITCH = "re-embed", "switch models"
TAKE_BACK = "take sources back"
GONE = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
"""How a call ends when its server dies, or cuts it off at the end of a drain."""
MODELS = {"tiny-1": "tiny-32-1", "tiny-32-1": "tiny-1"}
"""Each served model's id with the other's."""
TIMEOUT = 60
MOST = 150
"""Images that a caller keeps, so that a round takes no longer for those before it."""


@cache
def picture_of(seed: int) -> tuple[str, bytes]:
    """The id and the bytes of a small picture."""
    content = picture_bytes(seed, width=40, height=30)
    return hashlib.sha256(content).hexdigest(), content


class Caller(threading.Thread):
    """Takes `turn` after turn against one collection; `fault` says what went wrong other than the server's end.

    `doors` are opened by `run`; whoever calls the other methods without it sets them.
    """

    collection: str

    def __init__(self, number: int, target: str, ledger: Ledger, board: Board, seeds: Iterator[int]) -> None:
        super().__init__(name=f"caller-{number}", daemon=True)
        self._target = target
        self._ledger = ledger
        self._board = board
        self._seeds = seeds
        self._chance = random.Random(next(seeds))  # noqa: S311  for variety
        self.doors: Doors
        self.fault: Exception | None = None

    def run(self) -> None:
        """Work until the server is gone."""
        self.doors = Doors(self._target)
        with self.doors.channel:
            try:
                while True:
                    self.turn()
            except grpc.RpcError as error:
                if error.code() not in GONE:
                    self.fault = error
            except Exception as error:  # told by whoever joins this thread
                self.fault = error

    def turn(self) -> None:
        """Some changes."""
        raise NotImplementedError

    def mine(self) -> list[str]:
        """Ids of the images that this caller alone changes, oldest first."""
        return self._ledger.images(self.collection)

    def labels(self) -> dict[str, str]:
        """Labels unlike those before."""
        return {"by": self.name, "turn": str(self._chance.random())}

    def make(self) -> None:
        """Make the collection unless it is there."""
        if (self.collection,) not in self._ledger.told:
            request = collections.CreateCollectionRequest(collection=collections.Collection(name=self.collection))
            change: Change = {(self.collection,): "tiny-1"}
            self._change(IMPORT, change, self.doors.collections.CreateCollection, request)

    def bring(self, number: int) -> None:
        """Import so many new pictures, and the last of them twice, from another place and with a further label."""
        seeds = [next(self._seeds) for _ in range(number)]
        self._import([self._arrival(seed, f"/{self.name}/{seed}.png", self.labels()) for seed in seeds])
        self._import([self._arrival(seeds[-1], f"/{self.name}/{seeds[-1]}-again.png", {"again": "yes"})])

    def relabel(self, image_id: str) -> None:
        """Give an image other labels."""
        labels = self.labels()
        request = images.UpdateImageRequest(image=types.Image(collection=self.collection, id=image_id, labels=labels))
        _, paths = read(self._ledger.told[(self.collection, image_id)])
        change: Change = {(self.collection, image_id): facts(labels, paths)}
        self._change(UPDATE, change, self.doors.images.UpdateImage, request)

    def delete(self, ids: Sequence[str], phase: str = DELETE) -> None:
        """Delete images, all or none."""
        request = images.DeleteImagesRequest(collection=self.collection, image_ids=ids)
        self._change(phase, self._ledger.removal(self.collection, ids), self.doors.images.DeleteImages, request)

    def take_back(self, ids: Sequence[str]) -> None:
        """Take back one place of each of these images; those that were seen nowhere else go. All or none."""
        known = {image_id: read(self._ledger.told[(self.collection, image_id)]) for image_id in ids}
        sightings = [
            images.Sighting(image_id=image_id, source=types.Source(path=paths[0]))
            for image_id, (_, paths) in known.items()
        ]
        request = images.RemoveSourcesRequest(collection=self.collection, sightings=sightings, remove_images=True)
        left = {image_id: facts(labels, paths[1:]) for image_id, (labels, paths) in known.items() if paths[1:]}
        change = self._ledger.removal(self.collection, [image_id for image_id in ids if image_id not in left])
        change |= {(self.collection, image_id): told for image_id, told in left.items()}
        self._change(TAKE_BACK, change, self.doors.images.RemoveSources, request)

    def drop(self) -> None:
        """Delete the collection."""
        request = collections.DeleteCollectionRequest(name=self.collection)
        self._change(DROP, self._ledger.removal(self.collection), self.doors.collections.DeleteCollection, request)

    def stage(self, ids: Sequence[str], model: str) -> None:
        """Have images embedded by another model."""
        requests = [
            images.ReembedImagesRequest(collection=self.collection, model=model, content=content)
            for _, content in (picture_of(self._ledger.seeds[image_id]) for image_id in ids)
        ]
        changes: list[Change] = [{(self.collection, image_id, model): STAGED} for image_id in ids]
        self._stream(STAGE, requests, changes, self.doors.images.ReembedImages)

    def switch(self, model: str) -> None:
        """Give the collection to the model that all its images are staged for."""
        change: Change = {(self.collection, image_id, model): None for image_id in self.mine()}
        change[(self.collection,)] = model
        request = collections.SwitchModelRequest(name=self.collection, model=model)
        self._change(SWITCH, change, self.doors.collections.SwitchModel, request)

    def _arrival(self, seed: int, path: str, labels: dict[str, str]) -> images.ImportImagesRequest:
        image_id, content = picture_of(seed)
        self._ledger.seeds[image_id] = seed
        source = types.Source(path=path)
        return images.ImportImagesRequest(collection=self.collection, content=content, source=source, labels=labels)

    def _import(self, requests: Sequence[images.ImportImagesRequest]) -> None:
        changes: list[Change] = []
        for request in requests:
            key = (self.collection, hashlib.sha256(request.content).hexdigest())
            labels, paths = read(self._ledger.told.get(key, facts({}, [])))
            changes.append({key: facts({**labels, **request.labels}, [*paths, request.source.path])})
        self._stream(IMPORT, requests, changes, self.doors.images.ImportImages)

    def _change(self, phase: str, change: Change, call: Callable[..., Any], request: Any) -> None:
        with self._board.doing(phase):
            self._ledger.begin(change)
            call(request, timeout=TIMEOUT)
            self._ledger.confirm(change)

    def _stream(self, phase: str, requests: Sequence[Any], changes: Sequence[Change], call: Callable[..., Any]) -> None:
        for tag, (request, change) in enumerate(zip(requests, changes, strict=True)):
            request.tag = tag
            self._ledger.begin(change)
        with self._board.doing(phase):
            for answer in call(iter(requests), timeout=TIMEOUT):
                if answer.status.code == 0:
                    self._ledger.confirm(changes[answer.tag])
                elif answer.status.reason != "SHUTTING_DOWN":
                    raise AssertionError(f"an item was refused: {answer.status}")


class Keeper(Caller):
    """Brings pictures into a collection that others fill as well, changes their labels, deletes some."""

    collection = "shared"

    def mine(self) -> list[str]:
        """Those that it has brought itself, in whatever life of the server."""
        return self._ledger.images(self.collection, f'"/{self.name}/')

    def turn(self) -> None:
        """Some changes."""
        self.bring(self._chance.randint(5, 20))
        for _ in range(3):
            self.relabel(self._chance.choice(self.mine()))
        self.delete(self._chance.sample(self.mine(), 2))
        self.take_back(self.mine()[-2:])
        if len(self.mine()) > MOST:
            self.delete(self.mine()[: MOST // 3], MASS)


class Churner(Caller):
    """Fills a collection, deletes a third of it again and again, and in the end the whole."""

    collection = "churned"

    def turn(self) -> None:
        """Some changes."""
        self.make()
        self.bring(40)
        self.delete(self._chance.sample(self.mine(), len(self.mine()) // 3), MASS)
        if len(self.mine()) > MOST or self._chance.random() < 0.2:
            self.drop()


class Mover(Caller):
    """Gives a collection to another model, and back."""

    collection = "moved"

    def turn(self) -> None:
        """Some changes."""
        self.make()
        model = MODELS[self._ledger.told[(self.collection,)]]
        self.bring(4)
        lacking = [one for one in self.mine() if (self.collection, one, model) not in self._ledger.told]
        self.stage(lacking, model)
        self.switch(model)
        self.delete(self.mine()[:2])
        if len(self.mine()) > MOST:
            self.delete(self.mine()[: MOST // 3], MASS)


def callers(target: str, ledger: Ledger, board: Board, seeds: Iterator[int]) -> list[Caller]:
    """Four of them, not started."""
    numbers = count()
    return [kind(next(numbers), target, ledger, board, seeds) for kind in (Keeper, Keeper, Churner, Mover)]
