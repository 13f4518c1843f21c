"""How a network is trained: every number that decides the outcome, kept as JSON beside the weights."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from lookalike_server.errors import TrainingDataError
from lookalike_server.training.triplets import Rules

T = TypeVar("T")

Range = tuple[str, Callable[[float], bool]]
"""In words, and whether a number is in it; NaN is in none."""

COUNT: Range = ("1 at least", lambda value: value >= 1)
COUNT_OR_NONE: Range = ("0 at least", lambda value: value >= 0)
RATE: Range = ("a number above 0, and finite", lambda value: 0 < value < math.inf)
FACTOR: Range = ("a number from 0 up, and finite", lambda value: 0 <= value < math.inf)

RANGES: Mapping[str, Range] = {
    "set_aside": ("a share between 0 and 1, neither of them", lambda value: 0 < value < 1),
    "dropout": ("a share, from 0 to less than 1", lambda value: 0 <= value < 1),
    **dict.fromkeys(("head_rate", "rate"), RATE),
    **dict.fromkeys(("gap", "weight_decay", "scene_weight"), FACTOR),
    **dict.fromkeys(("leave_out", "head_epochs", "epochs", "small_epochs", "seed"), COUNT_OR_NONE),
    **dict.fromkeys(
        ("head_triplets", "triplets", "small_size", "exam_pictures", "exam_copies", "patience"),
        COUNT,
    ),
}
"""Of the recipe's members."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """How much each part of the loss counts; 0 leaves it out. See `objective` for the parts."""

    rank: float = 4.0
    kinds: float = 1.0
    copies: float = 1.5
    neighbours: float = 1.0
    features: float = 2.0
    scenes: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The hyper-parameters of one training run."""

    seed: int = 0
    set_aside: float = 0.2
    """Share of each kind that is never trained on."""
    leave_out: int = 0
    """Kinds that are never trained on at all: what is learned must not cost them. Never of the scenes."""
    head_epochs: int = 12
    """Passes over the pictures of the first phase: the backbone rests, its features are cached."""
    epochs: int = 5
    """Passes of the second phase, in which everything is trained."""
    small_epochs: int = 4
    """So many of them see small pictures in the backbone: four times as many in the same time."""
    small_size: int = 144
    """Height and width of those, pixels."""
    head_triplets: int = 96
    """Triplets in a batch of the first phase."""
    triplets: int = 16
    """Triplets in a batch of the second phase."""
    head_rate: float = 2e-3
    """Highest learning rate of the first phase."""
    rate: float = 3e-4
    """Highest learning rate of the second phase."""
    dropout: float = 0.4
    """The paper keeps 0.6."""
    gap: float = 0.2
    """Of the hinge, in squared distance."""
    weight_decay: float = 1e-6
    """Lambda of ||W||^2."""
    weights: Weights = field(default_factory=Weights)
    sampling: Rules = field(default_factory=lambda: Rules(capacity=128))
    exam_pictures: int = 1000
    """Pictures of each taste that a validation looks at, at most."""
    exam_copies: int = 100
    """Pictures whose altered copies a validation looks for."""
    scene_weight: float = 0.25
    """Length of the scenes' part of the finished embedding beside that of the linear part, 1; see `joining`."""
    patience: int = 3
    """Validations without a better score after which training stops."""
    mixed_precision: bool = False
    """Whether a GPU computes in half precision."""

    def __post_init__(self) -> None:
        for name, (words, fits) in RANGES.items():
            value = getattr(self, name)
            if not fits(value):
                raise TrainingDataError(f"{name} is {value}: it must be {words}.")

    def as_json(self) -> Mapping[str, Any]:
        """All of it, in plain values."""
        return asdict(self)


def read(path: Path | None, **given: Any) -> Recipe:
    """The recipe of a file, JSON in the form of `as_json`, any part of it; what is given besides replaces what it says.

    Raises TrainingDataError, with the member's name, for what is no recipe.
    """
    try:
        written = json.loads(path.read_text(encoding="utf-8")) if path is not None else {}
    except (OSError, ValueError) as error:
        raise TrainingDataError(f"{path} cannot be read as JSON: {error}") from error
    return replace(_filled(Recipe(), written, str(path)), **given)


def _filled(default: T, written: Any, where: str) -> T:
    """A dataclass with some of its members replaced."""
    if not isinstance(written, Mapping):
        raise TrainingDataError(f"{where} is {written!r}, no JSON object of hyper-parameters.")
    known = {member.name: getattr(default, member.name) for member in fields(default)}  # type: ignore[arg-type]
    for name, value in written.items():
        if name not in known:
            raise TrainingDataError(f"{where} names {name!r}, no hyper-parameter: it may hold {', '.join(known)}.")
        if isinstance(known[name], (Weights, Rules)):
            known[name] = _filled(known[name], value, f"{where}: {name}")
        elif type(value) is type(known[name]) or (type(value) is int and type(known[name]) is float):
            known[name] = type(known[name])(value)
        else:
            raise TrainingDataError(f"{where}: {name} is {value!r}, no {type(known[name]).__name__}.")
    return type(default)(**known)
