"""One damaged file through the server's decoder, and what may become of it: pixels, or an error of the domain."""

import os
import resource
from collections.abc import Sequence
from functools import cache

from tests.corpus.run import specimens
from tests.corpus.seeds import seeds
from tests.fuzz.mutations import mutated

from lookalike_server.errors import ImageTooLarge, ImageUndecodable
from lookalike_server.models import tiny
from lookalike_server.pipeline.decode import Decoder

MAX_PIXELS = 4_000_000
"""Small, so that a picture that is large and sound takes no time."""
MEMORY = 3 << 30
"""Bytes of address space of a child: more than any library reserves, less than a bomb would take."""


@cache
def material() -> Sequence[bytes]:
    """What is damaged: a file of each format, and the corpus's small ones."""
    small = (specimen.content for specimen in specimens() if 0 < len(specimen.content) < 20_000)
    return (*seeds().values(), *small)


@cache
def decoder() -> Decoder:
    """The decoder of a server, with the whole way that a picture goes: header, limits, pixels, EXIF, model."""
    return Decoder(tiny.load(""), threads=1, max_bytes=1 << 20, max_pixels=MAX_PIXELS)


def confine() -> None:
    """Bound what this process may take, so that a bomb fails here and not the machine; libraries' words go nowhere."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def decode(seed: int) -> str:
    """What became of the file of that seed: its format or the reason. Raises what must not be."""
    try:
        return decoder().decode_now(mutated(seed, material())).format
    except (ImageUndecodable, ImageTooLarge) as error:
        if isinstance(error.__cause__, AttributeError | NameError | MemoryError):
            raise TypeError(f"more than damage: {error.__cause__!r}") from error
        return error.reason
