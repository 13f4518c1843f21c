"""What every server of the comparison does: a picture's bytes enter, its embedding's bytes leave.

The very functions of our server, imported from the same checkout: nobody wins by another decoder, engine or thread.
Runs in the others' environments, which hold Lookalike with its extra `server-lite`.
"""

import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike_server import memory
from lookalike_server.config import Settings
from lookalike_server.hosting import decoder_for, warm
from lookalike_server.models import registry

Pixels = NDArray[Any]

VARIABLE = "LOOKALIKE_PEER"
"""Of the environment: the setup as JSON."""
MIME = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Setup:
    """How one server is to be run. Times are in seconds unless their names say otherwise."""

    port: int
    """On loopback."""
    model: str
    cores: int
    delay_ms: int | None
    """Longest wait for a batch to fill; None: no batches, but a process of one thread for each core."""
    patience: float
    """When callers give up: a server that can drop what is older is told so."""
    in_flight: int
    """Requests beyond which a server that can refuse refuses."""
    max_batch: int = 16

    @property
    def processes(self) -> int:
        """Processes that run the network."""
        return self.cores if self.delay_ms is None else 1

    @property
    def threads(self) -> int:
        """Threads of the network in each of them."""
        return 1 if self.delay_ms is None else self.cores

    @property
    def rows(self) -> int:
        """Largest batch."""
        return 1 if self.delay_ms is None else self.max_batch

    def environment(self) -> Mapping[str, str]:
        """Carries the setup into the server's processes."""
        return {VARIABLE: json.dumps(asdict(self))}

    @classmethod
    def current(cls) -> "Setup":
        """The setup that this process was started with."""
        return cls(**json.loads(os.environ[VARIABLE]))


class Task:
    """Decodes and embeds on at most `threads` threads."""

    def __init__(self, model: str, threads: int) -> None:
        """Loads the network and warms it; the process keeps freed memory, as ours does."""
        memory.keep_freed()
        settings = Settings(threads=threads)
        loaded = registry.load(model)
        self._decoder = decoder_for(loaded, settings)
        self._engine = loaded.engine(settings.engine, threads=threads)
        self._pool = ThreadPoolExecutor(threads, "decode")
        warm(loaded, self._engine)

    def decode(self, content: bytes) -> Pixels:
        """One picture's pixels, [height, width, 3]."""
        return self._decoder.decode_now(content).pixels

    def decode_all(self, contents: Sequence[bytes]) -> list[Pixels]:
        """Several pictures' pixels, decoded on all threads."""
        return list(self._pool.map(self.decode, contents))

    def embed(self, pixels: Sequence[Pixels]) -> list[bytes]:
        """One embedding for each picture: little-endian float32."""
        return [vector.astype("<f4").tobytes() for vector in self._engine.embed(np.stack(pixels)).embeddings]
