"""`python -m benchmarks.duplicates FOLDER`: how far altered copies of a photograph lie from it, and how far others do.

Of `--copies` photographs each is altered and saved as JPEG again, as happens to files on their way through the world;
the distance of each copy from its original is set against those of all pairs of `--photographs` different ones. The
table says for each max_distance which share of the copies it finds, and which share of other pairs it takes for copies.
"""

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from io import BytesIO
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFont

from benchmarks.machine import describe
from benchmarks.markdown import table
from benchmarks.photographs import sources
from lookalike.types import DuplicateSummary
from lookalike_server.config import Settings
from lookalike_server.hosting import decoder_for
from lookalike_server.models import registry
from lookalike_server.models.protocol import Engine
from lookalike_server.pipeline.decode import Decoder
from lookalike_server.training import folder

Rows = NDArray[np.float32]
Alteration = Callable[[Image.Image], bytes]

RADII = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6)
BATCH, BLOCK = 16, 500


def saved(picture: Image.Image, quality: int = 90) -> bytes:
    """The picture's JPEG file."""
    file = BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


def half(picture: Image.Image) -> bytes:
    """Half as wide and half as high."""
    return saved(picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS))


def cropped(share: float, picture: Image.Image) -> bytes:
    """Without this share of the width and of the height, cut off evenly."""
    left, top = round(picture.width * share / 2), round(picture.height * share / 2)
    return saved(picture.crop((left, top, picture.width - left, picture.height - top)))


def lit(factor: float, picture: Image.Image) -> bytes:
    """Brighter or darker."""
    return saved(ImageEnhance.Brightness(picture).enhance(factor))


def rotated(degrees: float, picture: Image.Image) -> bytes:
    """Askew inside the frame, with black corners."""
    return saved(picture.rotate(degrees, Image.Resampling.BICUBIC))


def watermarked(picture: Image.Image) -> bytes:
    """White words, half transparent, across the middle."""
    width, height = picture.size
    marked = picture.copy()
    font = ImageFont.load_default(max(width / 8, 1))
    ImageDraw.Draw(marked, "RGBA").text((width / 2, height / 2), "SAMPLE", (255, 255, 255, 128), font, anchor="mm")
    return saved(marked)


ALTERATIONS: Mapping[str, Alteration] = {
    "JPEG quality 60": partial(saved, quality=60),
    "JPEG quality 30": partial(saved, quality=30),
    "half the size": half,
    "5% cropped": partial(cropped, 0.05),
    "10% cropped": partial(cropped, 0.1),
    "brighter by 20%": partial(lit, 1.2),
    "darker by 20%": partial(lit, 0.8),
    "rotated by 2°": partial(rotated, 2),
    "rotated by 5°": partial(rotated, 5),
    "watermark": watermarked,
}


class Embedder:
    """One model, as the server runs it."""

    def __init__(self, name: str) -> None:
        settings = Settings(model=(name,))
        model = registry.load(name)
        self._engine: Engine = model.engine(settings.engine, threads=settings.cores)
        self._decoder: Decoder = decoder_for(model, settings)

    def embed(self, files: Iterable[bytes]) -> Rows:
        """Unit vectors [n, dim]."""
        pixels, parts = (self._decoder.decode_now(file).pixels for file in files), []
        while batch := list(islice(pixels, BATCH)):
            parts.append(self._engine.embed(np.stack(batch)).embeddings)
        return np.concatenate(parts)


def main() -> None:
    """Measure and print."""
    flags = parse()
    photographs = sources(flags.folder, flags.photographs)
    chosen = photographs[:: max(1, len(photographs) // flags.copies)][: flags.copies]
    embedder = Embedder(flags.model)
    rows = embedder.embed(path.read_bytes() for path in photographs)
    originals = embedder.embed(path.read_bytes() for path in chosen)
    apart = {name: distances(originals, altered(embedder, alter, chosen)) for name, alter in ALTERATIONS.items()}
    print(f"{describe()}\n{len(photographs):,} photographs, {len(chosen):,} of them altered; model {flags.model}\n")
    report(apart, strangers(rows), len(rows) * (len(rows) - 1) // 2)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, help="folder of different photographs")
    parser.add_argument("--photographs", type=int, default=4_000, help="different photographs, compared in pairs")
    parser.add_argument("--copies", type=int, default=1_000, help="of these so many are altered")
    parser.add_argument("--model", default="deepranking-lite0")
    return parser.parse_args()


def altered(embedder: Embedder, alter: Alteration, photographs: Sequence[Path]) -> Rows:
    """The embeddings of one kind of copies, in the order of their originals."""
    return embedder.embed(alter(folder.read(path)) for path in photographs)


def distances(originals: Rows, copies: Rows) -> NDArray[np.float32]:
    """Of each copy from its original."""
    apart: NDArray[np.float32] = np.linalg.norm(originals - copies, axis=1)
    return apart


def strangers(rows: Rows) -> NDArray[np.int64]:
    """For each of `RADII`, how many pairs of different photographs are at most so far apart."""
    within = np.zeros(len(RADII), np.int64)
    for start in range(0, len(rows), BLOCK):
        cosines = rows[start : start + BLOCK] @ rows[: start + BLOCK].T
        later = np.tri(len(cosines), cosines.shape[1], start - 1, dtype=np.bool_)  # each pair once
        apart = np.sqrt(np.maximum(2 - 2 * cosines[later], 0))
        within += [np.count_nonzero(apart <= radius) for radius in RADII]
    return within


def report(apart: Mapping[str, NDArray[np.float32]], within: NDArray[np.int64], pairs: int) -> None:
    """One table of the choice, and one of what happens to each alteration."""
    together = np.concatenate(list(apart.values()))
    table(
        ["max_distance", "copies found", f"other pairs within, of {pairs:,}", "false-positive rate", "at most (95%)"],
        (
            [radius, found(together, radius), f"{count:,}", *rates(int(count), pairs)]
            for radius, count in zip(RADII, within, strict=True)
        ),
    )
    head = ["copies found within", *map(str, RADII)]
    table(head, ([name, *(found(each, radius) for radius in RADII)] for name, each in apart.items()))


def found(apart: NDArray[np.float32], radius: float) -> str:
    """The share at most so far apart."""
    return f"{np.mean(apart <= radius):.3f}"


def rates(within: int, pairs: int) -> tuple[str, str]:
    """The rate, and the upper bound that the SDK states."""
    summary = DuplicateSummary(0, 0, 0, 0, 0, random_pairs=pairs, random_pairs_within=within)
    return f"{summary.false_positive_rate:.1e}", f"{summary.false_positive_bound:.1e}"


if __name__ == "__main__":
    main()
