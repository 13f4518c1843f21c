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


def gather(folders: Sequence[Path], scenes: Path | None, recipe: Recipe, threads: int) -> Corpus:
    """Read the pictures. Raises TrainingDataError when there is nothing to learn from."""
    found = folder.find(folders)
    read, pictures = _read(found, threads)
    keys = [(str(picture.folder), picture.kind) for picture in pictures]
    names = sorted(set(keys))
    kinds = np.array([names.index(key) for key in keys], np.int64)
    words = tuple(kind for of, kind in names if scenes is not None and of == str(scenes))
    shown = [words.index(kind) if scenes is not None and of == str(scenes) else NOT_A_SCENE for of, kind in keys]
    out = _left_out(names, recipe.leave_out, scenes)
    never = np.isin(kinds, list(out))
    aside = folder.set_aside(pictures, recipe.set_aside)
    lessons = np.flatnonzero(~never & ~aside)
    if len(np.unique(kinds[lessons])) < 2:
        raise TrainingDataError("Training needs pictures of two kinds at least: FOLDER/KIND/PICTURE.jpg.")
    tastes = {str(each): np.flatnonzero(aside & ~never & (_of(pictures) == str(each))) for each in folders}
    judged, exam = _exam(kinds, tastes | {LEFT_OUT: np.flatnonzero(never)}, np.array(shown), recipe)
    labels = Labels(np.unique(kinds[lessons], return_inverse=True)[1], np.array(shown)[lessons])
    left_out = tuple(names[kind][1] for kind in sorted(out))
    return Corpus(read.part(lessons), labels, read.part(judged), exam, words, left_out)


def _read(found: Sequence[Picture], threads: int) -> tuple[Gallery, list[Picture]]:
    progress, unreadable = Progress("reading pictures", len(found)), list[str]()

    def report(path: Path, trouble: str | None) -> None:
        progress.advance()
        if trouble is not None:
            unreadable.append(f"left out: {path}: {trouble}")

    read, paths = gallery.load([picture.path for picture in found], threads, report)
    for line in unreadable:
        progress.remark(line)
    good = set(paths)
    return read, [picture for picture in found if picture.path in good]


def _of(pictures: Sequence[Picture]) -> NDArray[np.str_]:
    return np.array([str(picture.folder) for picture in pictures])


def _left_out(names: Sequence[tuple[str, str]], count: int, scenes: Path | None) -> set[int]:
    """Numbers of the kinds to leave out: the first by the SHA-256 of their name, never of the scenes."""
    free = [number for number, (of, _) in enumerate(names) if scenes is None or of != str(scenes)]
    return set(sorted(free, key=lambda number: sha256(names[number][1].encode()).digest())[:count])


def _exam(
    kinds: NDArray[np.int64], tastes: dict[str, NDArray[np.int64]], scenes: NDArray[np.int64], recipe: Recipe
) -> tuple[NDArray[np.int64], Exam]:
    """The pictures to judge with, not too many of each taste, and their exam."""
    random = np.random.default_rng(recipe.seed)
    chosen = {name: np.sort(random.permutation(rows)[: recipe.exam_pictures]) for name, rows in tastes.items()}
    judged = np.concatenate(list(chosen.values()))
    ends = np.cumsum([0, *(len(rows) for rows in chosen.values())])
    places = {
        name: np.arange(start, end) for name, start, end in zip(chosen, ends, ends[1:], strict=False) if end > start
    }
    originals = np.sort(random.permutation(len(judged))[: recipe.exam_copies])
    return judged, Exam(kinds[judged], scenes[judged], places, originals)
