"""Files through a model as the server would take them: the same decoder, the same engine.

Decoding runs in threads, a bounded number of pictures ahead of the engine.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np

from lookalike_server.config import Settings
from lookalike_server.hosting import decoder_for
from lookalike_server.models import registry
from lookalike_server.models.protocol import Inputs, Outputs
from lookalike_server.training import folder
from lookalike_server.training.alterations import ALTERATIONS
from lookalike_server.training.progress import Progress

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 4
"""Batches that may be decoded before the engine asks for them."""


class Embedder:
    """One model in one engine."""

    def __init__(self, spec: str, settings: Settings) -> None:
        """Load the model; its engine, threads and limits are those of the settings.

        Raises ModelFileError and EngineMissing.
        """
        self.spec = spec
        self.model = registry.load(spec)
        self.engine = self.model.engine(settings.engine, threads=settings.cores)
        self._threads, self._batch = settings.cores, settings.max_batch
        self._decoder = decoder_for(self.model, settings)

    def files(self, paths: Sequence[Path]) -> Outputs:
        """Embed pictures as they are. Raises ImageUndecodable and ImageTooLarge."""
        return self._embed(self._decoded, paths, f"{self.spec}: pictures", each=1)

    def altered(self, paths: Sequence[Path]) -> Outputs:
        """Embed every alteration of each picture, one picture's alterations after another."""
        return self._embed(self._alterations, paths, f"{self.spec}: altered copies", each=len(ALTERATIONS))

    def _decoded(self, path: Path) -> list[Inputs]:
        return [self._decoder.decode_now(path.read_bytes()).pixels]

    def _alterations(self, path: Path) -> list[Inputs]:
        picture = folder.read(path)
        return [self.model.prepare(alter(picture)) for alter in ALTERATIONS.values()]

    def _embed(self, prepare: Callable[[Path], list[Inputs]], paths: Sequence[Path], label: str, each: int) -> Outputs:
        progress, parts = Progress(label, len(paths) * each), list[Outputs]()
        prepared = mapped(prepare, paths, threads=self._threads, ahead=max(AHEAD * self._batch // each, 1))
        inputs = (each_input for several in prepared for each_input in several)
        while batch := list(islice(inputs, self._batch)):
            parts.append(self.engine.embed(np.stack(batch)))
            progress.advance(len(batch))
        return Outputs.joined(parts)


def mapped(function: Callable[[T], R], items: Iterable[T], *, threads: int, ahead: int) -> Iterator[R]:
    """`function` of each item, in order, worked out by threads that are at most `ahead` items ahead."""
    rest, running = iter(items), deque[Future[R]]()
    with ThreadPoolExecutor(threads) as pool:
        try:
            running.extend(pool.submit(function, item) for item in islice(rest, ahead))
            while running:
                yield running.popleft().result()
                running.extend(pool.submit(function, item) for item in islice(rest, 1))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
