"""A described network with pictures going in and rows of numbers coming out.

Pictures wait as uint8 [height, width, 3], a quarter of what floats take in the waiting room, and nothing is lost:
resizing ends in whole grey levels. Scale, order of colours and layout are applied to a batch when it is run.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike_server.errors import ModelFileError
from lookalike_server.models import pixels
from lookalike_server.models.description import NetworkDescription
from lookalike_server.models.files import open_file
from lookalike_server.models.keys import FILTERS


def prepared(description: NetworkDescription, image: Image.Image) -> NDArray[np.uint8]:
    """Turn a decoded picture, of any mode and size, into RGB pixels [height, width, 3] as described."""
    kernel = FILTERS[description.filter]
    if description.resize == "crop":
        return pixels.centre(pixels.to_rgb(image), description.size, description.shorter, kernel)
    return pixels.resized(pixels.to_rgb(image), description.size, kernel)


def draft_size(description: NetworkDescription) -> tuple[int, int]:
    """Twice what a picture is scaled to: down to there, decoding at a reduced scale hardly shows in the pixels."""
    side = 2 * max(*description.size, description.shorter)
    return side, side


class FedNetwork:
    """Maps RGB pixels, uint8 [n, height, width, 3], to rows, float32 [n, k]."""

    def __init__(self, description: NetworkDescription, threads: int) -> None:
        """Raises ModelFileError when the file cannot be opened or takes something else than described."""
        self._description = description
        self._file = open_file(description, threads)
        self.version = self._file.version
        scale, offset = scaling(description)
        self._scale, self._offset = scale.astype(np.float32), offset.astype(np.float32)
        self._check_shape()
        self._check_type()

    def rows(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Run it. Raises ModelFileError when what comes out is not a row a picture."""
        outputs = self._file.run(self._batch(pictures)).astype(np.float32)
        if outputs.ndim == 4:
            outputs = outputs.mean(axis=(2, 3) if self._is_planar else (1, 2))
        if outputs.ndim != 2 or len(outputs) != len(pictures):
            shape = f"{list(outputs.shape)} for {len(pictures)} pictures"
            raise ModelFileError(f"{self._description.file} gives {shape}: choose an output of [n, k] or of 4 axes.")
        return outputs

    @property
    def _is_planar(self) -> bool:
        return self._description.layout == "NCHW"

    def _batch(self, pictures: NDArray[np.uint8]) -> NDArray[np.generic]:
        """What the network takes."""
        ordered = pictures[..., ::-1] if self._description.colour == "BGR" else pictures
        if self._file.dtype != np.uint8:
            ordered = (ordered * self._scale + self._offset).astype(self._file.dtype)
        return np.ascontiguousarray(ordered.transpose(0, 3, 1, 2) if self._is_planar else ordered)

    def _check_shape(self) -> None:
        height, width = self._description.size
        fed = (1, 3, height, width) if self._is_planar else (1, height, width, 3)
        takes = self._file.shape
        if takes and (len(takes) != 4 or any(n not in (None, m) for n, m in zip(takes, fed, strict=True))):
            words = f"takes {shown(takes)}, and would be fed {shown((None, *fed[1:]))}"
            raise ModelFileError(
                f"{self._description.file} {words}: correct size or layout, or export it for any batch."
            )

    def _check_type(self) -> None:
        is_scaled = np.any(self._scale != 1) or np.any(self._offset != 0)
        if self._file.dtype == np.uint8 and is_scaled:
            words = "takes whole grey levels (uint8), so it scales them itself"
            raise ModelFileError(f"{self._description.file} {words}: write range = [0, 255], and no mean or std.")


def scaling(description: NetworkDescription) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What each channel of grey levels 0 to 255 is multiplied by, and what is then added, [3] each."""
    low, high = description.range
    std = np.array(description.std)
    return (high - low) / 255 / std, (low - np.array(description.mean)) / std


def shown(shape: tuple[int | None, ...]) -> str:
    """A shape as people write it."""
    return f"[{', '.join('n' if length is None else str(length) for length in shape)}]"
