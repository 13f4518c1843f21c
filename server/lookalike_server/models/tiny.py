"""A model for tests: tells pictures apart by their coarse layout of colours, with numpy alone and no file.

It is deterministic, loads at once and embeds thousands of pictures a second. Copies of a picture, recompressed or
slightly cropped, come near each other; what is in a picture it does not know. `tiny:scenes` tells scenes besides, by
the mean colour alone: the numbers are probabilities of nothing, and there for whoever tests what is done with scenes.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike_server.errors import EngineMissing, ModelFileError
from lookalike_server.models import pixels
from lookalike_server.models.protocol import Engine, Inputs, Model, Outputs

SIDE = 32
"""Height and width of the input, pixels."""
CELLS = 8
"""Cells in a row and in a column of the thumbnail."""
DIM = 64
"""Length of an embedding, unless another is asked for."""
MAX_DIM = 4096

COLOURS = {
    "night": (20, 20, 30),
    "snow": (240, 240, 245),
    "sea": (40, 90, 200),
    "forest": (40, 140, 50),
    "desert": (210, 150, 60),
    "street": (128, 128, 128),
}
"""RGB of each scene that `tiny:scenes` tells."""
DOUBT = 20.0
"""Grey levels; a scene's odds fall by e with each of them that its colour lies farther away."""


def load(argument: str) -> Model:
    """Return the model; its argument is `scenes`, to tell these too, or another length of its embeddings."""
    if argument in {"", "scenes"}:
        return TinyModel(argument, tells_scenes=bool(argument))
    if not (argument.isascii() and argument.isdigit() and 2 <= int(argument) <= MAX_DIM):
        raise ModelFileError(f"tiny takes no argument but 'scenes' or a length of 2 to {MAX_DIM}, not {argument!r}.")
    return TinyModel(argument, dim=int(argument))


class TinyModel:
    """Pictures of any size, squeezed to 32 x 32, to embeddings of length `dim`."""

    input_size = (SIDE, SIDE)
    honours_orientation = True
    draft_size: tuple[int, int] | None = (2 * SIDE, 2 * SIDE)

    def __init__(self, argument: str = "", *, dim: int = DIM, tells_scenes: bool = False) -> None:
        self.name = f"tiny:{argument}" if argument else "tiny"
        self.id = f"tiny-{argument}-1" if argument else "tiny-1"
        self.dim = dim
        self.scenes = tuple(COLOURS) if tells_scenes else ()

    def prepare(self, image: Image.Image) -> NDArray[np.uint8]:
        """Turn a decoded picture, of any mode and size, into pixels [32, 32, 3]."""
        return pixels.resized(pixels.to_rgb(image), self.input_size)

    def engines(self) -> Sequence[str]:
        """Only `numpy`."""
        return [NumpyEngine.name]

    def engine(self, name: str = "auto", *, threads: int) -> Engine:
        """Return the numpy engine, which uses one thread. Raises EngineMissing for any other name."""
        if name not in {"auto", NumpyEngine.name}:
            raise EngineMissing(f"The tiny model runs in the engine 'numpy' only, not in {name!r}.")
        return NumpyEngine(self.dim, np.array([COLOURS[name] for name in self.scenes], np.float64).reshape(-1, 3))


class NumpyEngine:
    """A thumbnail of 8 x 8 cells, without its mean brightness, through a fixed random projection."""

    name = "numpy"
    version = f"numpy {np.__version__}"

    def __init__(self, dim: int, colours: NDArray[np.float64]) -> None:
        """`colours`: RGB of the scenes to tell, [scenes, 3]."""
        self._colours = colours
        # RandomState's stream is frozen, default_rng's may change with numpy; the extra row is for the constant below.
        self._projection = np.random.RandomState(2014).standard_normal((CELLS * CELLS * 3 + 1, dim))

    def embed(self, inputs: Inputs) -> Outputs:
        """Map pixels [n, 32, 32, 3] to unit vectors [n, dim]."""
        cell = SIDE // CELLS
        cells = inputs.reshape(len(inputs), CELLS, cell, CELLS, cell, 3).mean(axis=(2, 4)).reshape(len(inputs), -1)
        layout = cells - cells.mean(axis=1, keepdims=True)
        # One grey level's worth of a constant: a picture of one grey has no layout, and must not become a zero vector.
        projected = np.insert(layout, 0, 1.0, axis=1) @ self._projection
        return Outputs.of([projected / np.linalg.norm(projected, axis=1, keepdims=True), self._scenes(inputs)])

    def _scenes(self, inputs: Inputs) -> NDArray[np.float32]:
        """Probabilities [n, scenes] that add up to 1, by how near the mean colour lies to each scene's."""
        means = inputs.mean(axis=(1, 2))
        odds = np.exp(-np.linalg.norm(means[:, None] - self._colours, axis=2) / DOUBT)
        probabilities: NDArray[np.float32] = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
        return probabilities
