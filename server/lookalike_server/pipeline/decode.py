"""Stage 1: encoded bytes enter, the network's pixels leave, in a small pool of threads.

A bad picture fails here, alone, before it can share a batch with others. The pixels that are decoded at once, by all
threads together, are bounded by `max_pixels`: one huge picture, or many small ones. Interactive pictures have threads
of their own, so that an import's backlog is never in front of a person.
"""

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from lookalike_server import yielding
from lookalike_server.errors import BadRegion, DeadlineExceeded, ImageTooLarge, ImageUndecodable, LookalikeError
from lookalike_server.models.protocol import Model
from lookalike_server.pipeline import formats
from lookalike_server.pipeline.budget import PixelBudget
from lookalike_server.pipeline.cost import CostModel
from lookalike_server.pipeline.exif import SIDEWAYS, UPRIGHT, capture_time, exif_of, location, orientation
from lookalike_server.pipeline.formats import tails, tiff
from lookalike_server.pipeline.formats.scans import check_scans
from lookalike_server.pipeline.lane import Lane
from lookalike_server.pipeline.turning import turned
from lookalike_server.pipeline.waiting import TOO_LATE, Drops
from lookalike_server.records import AS_IT_IS, Location, Turn

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How to turn a picture by its EXIF orientation; Pillow's `exif_transpose` writes EXIF anew, and fails on damage."""


@dataclass(frozen=True, slots=True)
class Region:
    """A box as fractions of width and height, origin top left, after orientation."""

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        # Written so that a NaN fails too.
        if not (0 <= self.left < self.right <= 1 and 0 <= self.top < self.bottom <= 1):
            raise BadRegion("a region needs 0 <= left < right <= 1 and 0 <= top < bottom <= 1")

    def box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """The box in whole pixels, at least one each way."""
        left, top = min(int(self.left * width), width - 1), min(int(self.top * height), height - 1)
        right, bottom = max(round(self.right * width), left + 1), max(round(self.bottom * height), top + 1)
        return left, top, right, bottom


@dataclass(frozen=True, slots=True)
class Decoded:
    """A picture ready for the network, and what its bytes told on the way."""

    views: tuple[NDArray[np.uint8], ...]
    """[height, width, 3] each, as the model wants it: of the picture turned in each way that was asked for."""
    width: int
    """Of the whole picture as a person sees it."""
    height: int
    format: str
    captured: int | None
    """When it was taken, in microseconds since 1970, from EXIF."""
    location: Location | None
    """Where, likewise."""
    began: float
    """When decoding began, by `time.perf_counter`, and the seconds that it took."""
    seconds: float

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The first view."""
        return self.views[0]


class Decoder:
    """Decodes pictures for one model within limits."""

    def __init__(
        self,
        model: Model,
        *,
        threads: int,
        max_bytes: int,
        max_pixels: int,
        pixels: PixelBudget | None = None,
    ) -> None:
        """`pixels`: the budget to share with the decoders of other models."""
        self._model = model
        self._max_bytes = max_bytes
        self._max_pixels = max_pixels
        self.pixels = pixels or PixelBudget(max_pixels)
        """What may be decoded at once."""
        self.drops: Drops = Counter()
        self._threads = threads
        self._costs = {lane: CostModel() for lane in Lane}
        self._noting = threading.Lock()
        self._pools = {
            lane: ThreadPoolExecutor(
                threads,
                f"decode-{lane.label}",
                initializer=yielding.to_others,
                initargs=(yielding.BULK if lane is Lane.BULK else 0,),
            )
            for lane in Lane
        }

    def decode(
        self,
        content: bytes,
        region: Region | None,
        lane: Lane,
        check: Callable[[], None] = lambda: None,
        deadline: float = math.inf,
        *,
        turns: Sequence[Turn] = (AS_IT_IS,),
    ) -> "Future[Decoded]":
        """Have a thread decode one picture, after a `check` whose error is the picture's; cancel it to leave.

        Turned in several ways, it counts as so many pictures. The deadline is on the monotonic clock. Raises
        ImageUndecodable (nothing in it) or ImageTooLarge. The future fails as `decode_now` does, and with
        DeadlineExceeded where decoding has not begun in time.
        """
        self._check_size(len(content))
        decoding = self._pools[lane].submit(self._checked, content, region, check, deadline, turns)
        decoding.add_done_callback(partial(self._note, lane))
        return decoding

    def seconds(self, pictures: int) -> float:
        """Predicted time for so many of people's pictures: an import of large ones says nothing of those."""
        return self._costs[Lane.INTERACTIVE].seconds(pictures) / self._threads

    def close(self) -> None:
        """Drop what waits; what has begun is nobody's any more, and ends by itself."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)

    def _check_size(self, size: int) -> None:
        if size == 0:
            raise ImageUndecodable("the picture is empty (0 bytes)")
        if size > self._max_bytes:
            raise ImageTooLarge(
                f"the picture has {size:,} bytes, over the limit of {self._max_bytes:,}: send a smaller one"
            )

    def _note(self, lane: Lane, decoding: "Future[Decoded]") -> None:
        """Learn what a picture takes, or count why it was dropped; on any thread."""
        with self._noting:
            if decoding.cancelled():
                self.drops["cancelled", lane] += 1
            elif (error := decoding.exception()) is None:
                self._costs[lane].learn(len(decoding.result().views), decoding.result().seconds)
            elif isinstance(error, DeadlineExceeded):
                self.drops["deadline", lane] += 1

    def _checked(
        self, content: bytes, region: Region | None, check: Callable[[], None], deadline: float, turns: Sequence[Turn]
    ) -> Decoded:
        if deadline <= time.monotonic():
            raise DeadlineExceeded(TOO_LATE)
        check()
        return self.decode_now(content, region, turns)

    def decode_now(self, content: bytes, region: Region | None = None, turns: Sequence[Turn] = (AS_IT_IS,)) -> Decoded:
        """Decode one picture on the calling thread; raises as `decode` does."""
        try:
            return self._decoded(content, region, turns)
        except LookalikeError:
            raise
        except Image.DecompressionBombError as error:  # Pillow's own limit, of twice its MAX_IMAGE_PIXELS
            limit = min(self._max_pixels, 2 * (Image.MAX_IMAGE_PIXELS or self._max_pixels))
            raise ImageTooLarge(f"the picture has more than {limit:,} pixels: send a smaller one") from error
        except MemoryError as error:
            raise ImageTooLarge("the picture is too large for the memory that is left: send a smaller one") from error
        except Exception as error:  # hostile bytes make Pillow raise nearly anything
            raise ImageUndecodable(f"the picture cannot be decoded: {describe(error)}") from error

    def _decoded(self, content: bytes, region: Region | None, turns: Sequence[Turn]) -> Decoded:
        began = time.perf_counter()
        try:
            return self._decode(content, region, turns, began)
        except OSError:
            if not tails.is_jpeg(content):
                raise
        return self._decode(tails.mended(content), region, turns, began)

    def _decode(self, content: bytes, region: Region | None, turns: Sequence[Turn], began: float) -> Decoded:
        with formats.opened(content) as opened:
            self._check_pixels(opened)
            check_scans(opened, content)
            size = opened.size
            self._reduce(opened, region)
            # All bytes in one call of the decoder, not 64 kB: each call would wait for its turn in Python.
            if isinstance(opened, ImageFile.ImageFile):
                opened.decodermaxblock = max(len(content), ImageFile.MAXBLOCK)
            with formats.alone(opened), self.pixels.taken(pixels_of(opened)):
                # Inside, because for some formats asking for EXIF decodes the picture.
                exif = exif_of(opened)
                tails.check_end(opened, content)
                stored = orientation(exif) if self._model.honours_orientation else UPRIGHT
                shades = tiff.in_shades(opened)
                image = shades.transpose(TURNS[stored]) if stored in TURNS else shades
                if region is not None:
                    image = image.crop(region.box(*image.size))
                views = tuple(self._model.prepare(turned(image, turn)) for turn in turns)
            width, height = reversed(size) if stored in SIDEWAYS else size
            seconds = time.perf_counter() - began
            told = capture_time(exif), location(exif)
            return Decoded(views, width, height, opened.format or "", *told, began, seconds)

    def _check_pixels(self, image: Image.Image) -> None:
        pixels = pixels_of(image)
        if pixels > self._max_pixels:
            raise ImageTooLarge(
                f"the picture has {pixels:,} pixels, over the limit of {self._max_pixels:,}: send a smaller one"
            )

    def _reduce(self, image: Image.Image, region: Region | None) -> None:
        """Let the JPEG decoder scale while it decodes, as far as the model permits: 4x less time at 12 megapixels."""
        if self._model.draft_size is None:
            return
        width, height = self._model.draft_size
        across, down = (region.right - region.left, region.bottom - region.top) if region else (1.0, 1.0)
        # The region may be on either axis before orientation, so the smaller share decides for both.
        share = min(across, down)
        image.draft(None, (int(width / share), int(height / share)))


def pixels_of(image: Image.Image) -> int:
    """Pixels that decoding takes in memory: of the picture, or of one tile where a TIFF's are larger than itself."""
    return max(image.width * image.height, tiff.tile_pixels(image))


def describe(error: Exception) -> str:
    """The library's words, without the address of our buffer."""
    words = str(error).split("<_io", maxsplit=1)[0].strip()
    return words or type(error).__name__
