"""What one training run learns from, and what it is judged on while it learns.

Folders of kinds enter; pictures by number with what is known of them leave. Three parts: lessons; set aside, of the
same kinds; and left out, of kinds that no lesson shows. The last two are the exam.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike_server.errors import TrainingDataError
from lookalike_server.training import folder, gallery
from lookalike_server.training.folder import Picture
from lookalike_server.training.gallery import Gallery
from lookalike_server.training.progress import Progress
from lookalike_server.training.recipe import Recipe
from lookalike_server.training.validation import Exam

NOT_A_SCENE = -1
"""Scene of a picture whose kind is none."""

LEFT_OUT = "kinds left out"
"""The taste of the kinds that no lesson shows."""


@dataclass(frozen=True)
class Labels:
    """What is known of pictures, by number."""

    kinds: NDArray[np.int64]
    """[n] 0 to the number of kinds - 1; kinds of the same name in two folders are two."""
    scenes: NDArray[np.int64]
    """[n] place of the kind among the scenes, or NOT_A_SCENE."""


@dataclass(frozen=True)
class Corpus:
    """Lessons and exam."""

    lessons: Gallery
    labels: Labels
    exam_pictures: Gallery
    exam: Exam
    scenes: tuple[str, ...]
    """Names of the scenes, the kinds of the folder that was named for it."""
    left_out: tuple[str, ...]
    """Kinds that no lesson shows."""
    digest: str
    """SHA-256 of the lessons' kinds and names: with other lessons it is another run."""


def gather(folders: Sequence[Path], scenes: Path | None, recipe: Recipe, threads: int) -> Corpus:
    """Read the pictures. Raises TrainingDataError when there is nothing to learn from, or nothing to judge with."""
    folders = folder.distinct(folders)
    scenic = _among(folders, scenes)
    found = folder.find(folders)
    read, rows = _read(found, threads)
    pictures = [found[row] for row in rows]
    keys = [(str(picture.folder), picture.kind) for picture in pictures]
    names = sorted(set(keys))
    kinds = np.array([names.index(key) for key in keys], np.int64)
    words = tuple(kind for of, kind in names if of == scenic)
    shown = np.array([words.index(kind) if of == scenic else NOT_A_SCENE for of, kind in keys], np.int64)
    out = _left_out(names, recipe.leave_out, scenic)
    never = np.isin(kinds, list(out))
    aside = folder.set_aside(found, recipe.set_aside)[rows]
    lessons = np.flatnonzero(~never & ~aside)
    if len(np.unique(kinds[lessons])) < 2:
        raise TrainingDataError("Training needs pictures of two kinds at least: FOLDER/KIND/PICTURE.jpg.")
    of = np.array([str(picture.folder) for picture in pictures])
    tastes = {name: np.flatnonzero(aside & ~never & (of == str(each))) for each, name in _titles(folders).items()}
    judged, exam = _exam(kinds, tastes | {LEFT_OUT: np.flatnonzero(never)}, shown, recipe)
    labels = Labels(np.unique(kinds[lessons], return_inverse=True)[1], shown[lessons])
    left_out = tuple(names[kind][1] for kind in sorted(out))
    learnt = [(int(kinds[row]), pictures[row].kind, pictures[row].path.name) for row in lessons]
    digest = sha256(repr(learnt).encode()).hexdigest()
    return Corpus(read.part(lessons), labels, read.part(judged), exam, words, left_out, digest)


def _among(folders: Sequence[Path], scenes: Path | None) -> str | None:
    """The folder of the scenes as it is spelt among the others."""
    found = [str(each) for each in folders if scenes is not None and folder.same(each, scenes)]
    if scenes is not None and not found:
        raise TrainingDataError(f"--scenes {scenes} is none of the folders: name it among them too.")
    return found[0] if found else None


def _titles(folders: Sequence[Path]) -> dict[Path, str]:
    """What the folders' tastes are called: by the last part of their path where it tells them apart."""
    names = [each.resolve().name for each in folders]
    return {each: name if names.count(name) == 1 else str(each) for each, name in zip(folders, names, strict=True)}


def _read(found: Sequence[Picture], threads: int) -> tuple[Gallery, list[int]]:
    """Those that can be read, and their numbers among all: what is set aside is a share of all, as it is elsewhere."""
    progress, unreadable = Progress("reading pictures", len(found)), list[str]()

    def report(path: Path, trouble: str | None) -> None:
        progress.advance()
        if trouble is not None:
            unreadable.append(f"left out: {path}: {trouble}")

    read, paths = gallery.load([picture.path for picture in found], threads, report)
    for line in unreadable:
        progress.remark(line)
    good = set(paths)
    return read, [row for row, picture in enumerate(found) if picture.path in good]


def _left_out(names: Sequence[tuple[str, str]], count: int, scenic: str | None) -> set[int]:
    """Numbers of the kinds to leave out: the first by the SHA-256 of their name, never of the scenes."""
    free = [number for number, (of, _) in enumerate(names) if of != scenic]
    return set(sorted(free, key=lambda number: sha256(names[number][1].encode()).digest())[:count])


def _exam(
    kinds: NDArray[np.int64], tastes: dict[str, NDArray[np.int64]], scenes: NDArray[np.int64], recipe: Recipe
) -> tuple[NDArray[np.int64], Exam]:
    """The pictures to judge with, not too many of each taste, and their exam."""
    random = np.random.default_rng(recipe.seed)
    chosen = {name: np.sort(random.permutation(rows)[: recipe.exam_pictures]) for name, rows in tastes.items()}
    judged = np.concatenate(list(chosen.values()))
    if not len(judged):
        raise TrainingDataError("Nothing is set aside to judge with: give kinds of three pictures and more.")
    ends = np.cumsum([0, *(len(rows) for rows in chosen.values())])
    places = {
        name: np.arange(start, end) for name, start, end in zip(chosen, ends, ends[1:], strict=False) if end > start
    }
    originals = np.sort(random.permutation(len(judged))[: recipe.exam_copies])
    return judged, Exam(kinds[judged], scenes[judged], places, originals)
