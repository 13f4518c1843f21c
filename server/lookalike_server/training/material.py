"""What every model is asked when models are compared: the same pictures, the same triplets, the same copies to find.

Folders enter; rows into one list of pictures leave. Relevance, and with it the triplets, stands on the ImageNet
features of `efficientnet-lite0` whichever models are judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike_server.config import Settings
from lookalike_server.errors import ImageTooLarge, ImageUndecodable, TrainingDataError
from lookalike_server.hosting import decoder_for
from lookalike_server.pipeline.decode import Decoder
from lookalike_server.training import folder
from lookalike_server.training.embedding import Embedder, mapped
from lookalike_server.training.folder import Picture
from lookalike_server.training.progress import Progress
from lookalike_server.training.relevance import Looks, Relevance, looks
from lookalike_server.training.triplets import Rules, TripletSampler

SEED = 2014
REFERENCE = "efficientnet-lite0"
"""The model whose features tell relevance."""
BUFFER = 256
"""Pictures of a kind that triplets are drawn from; all of them, unless a kind is huge."""


@dataclass(frozen=True)
class Taste:
    """One folder's pictures: what is alike to one taste."""

    folder: Path
    rows: NDArray[np.int64]
    """Of its pictures among all, [n]."""
    names: tuple[str, ...]
    """Of its kinds."""
    kinds: NDArray[np.int64]
    """[n] indices into the names."""
    triplets: NDArray[np.int64]
    """[t, 3] indices into its own pictures, 0 to n - 1."""


@dataclass(frozen=True)
class Material:
    """Readable pictures and what is asked about them."""

    pictures: Sequence[Picture]
    tastes: Sequence[Taste]
    originals: NDArray[np.int64]
    """Rows of the pictures whose altered copies are looked for; no two have the same bytes."""
    unreadable: Sequence[str]
    """Path and reason of each picture that was left out."""


def gather(folders: Sequence[Path], *, everything: bool, triplets: int, copies: int, settings: Settings) -> Material:
    """Look at the pictures set aside, or at everything. Raises TrainingDataError where there is nothing to look at."""
    if min(triplets, copies) < 0:
        raise TrainingDataError(f"{triplets} triplets and {copies} copies cannot be asked: give 0 at least of each.")
    pictures = folder.find(folders)
    if not everything:
        kept = folder.set_aside(pictures)
        pictures = [picture for picture, keep in zip(pictures, kept, strict=True) if keep]
    embedder = Embedder(REFERENCE, replace(settings, engine="auto"))
    decoder = decoder_for(embedder.model, settings)
    pictures, seen, unreadable = _readable(pictures, decoder, settings.cores)
    if not pictures:
        raise TrainingDataError("No picture to judge with. Small kinds have none set aside: try --all.")
    features = embedder.files([picture.path for picture in pictures]).embeddings
    tastes = [_taste(each, pictures, features, seen, triplets) for each in folder.distinct(folders)]
    return Material(pictures, tastes, _originals(pictures, copies), unreadable)


def _readable(
    pictures: Sequence[Picture], decoder: Decoder, threads: int
) -> tuple[list[Picture], list[Looks], list[str]]:
    """The pictures that can be decoded, what they look like, and why the others cannot."""
    progress, good, seen, bad = Progress("pictures", len(pictures)), list[Picture](), list[Looks](), list[str]()
    paths = [picture.path for picture in pictures]
    looked = mapped(partial(_look, decoder), paths, threads=threads, ahead=8 * threads)
    for picture, found in zip(pictures, looked, strict=True):
        if isinstance(found, Looks):
            good.append(picture)
            seen.append(found)
        else:
            bad.append(found)
        progress.advance()
    return good, seen, bad


def _look(decoder: Decoder, path: Path) -> Looks | str:
    """What is to be seen, or why nothing: what the server would refuse is not decoded at its full size either."""
    try:
        decoder.decode_now(path.read_bytes())
        return looks(folder.read(path))
    except (OSError, ImageTooLarge, ImageUndecodable) as error:
        return f"{path}: {error}"


def _taste(
    chosen: Path, pictures: Sequence[Picture], features: NDArray[np.float32], seen: Sequence[Looks], triplets: int
) -> Taste:
    rows = np.array([row for row, picture in enumerate(pictures) if picture.folder == chosen], np.int64)
    names, kinds = np.unique([pictures[row].kind for row in rows], return_inverse=True)
    relevance = Relevance(features[rows], [seen[row] for row in rows], kinds)
    try:
        drawn = TripletSampler(kinds, relevance, Rules(capacity=BUFFER), SEED).draw(triplets)
    except TrainingDataError:  # nothing to rank in this folder: it has no triplets, and may still have copies
        drawn = np.empty((0, 3), np.int64)
    return Taste(chosen, rows, tuple(names.tolist()), kinds, drawn)


def _originals(pictures: Sequence[Picture], n: int) -> NDArray[np.int64]:
    """Up to n pictures over all folders, by key, each content once."""
    contents, chosen = set[bytes](), list[int]()
    for row in sorted(range(len(pictures)), key=lambda row: pictures[row].key):
        if len(chosen) == n:
            break
        content = sha256(pictures[row].path.read_bytes()).digest()
        if content not in contents:
            contents.add(content)
            chosen.append(row)
    return np.array(chosen, np.int64)
