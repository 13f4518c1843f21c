"""What a DeepRanking network is made of: everything that decides its layers, and nothing about how it was trained.

It is kept as JSON beside the weights; `keras_deepranking` builds the network from it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from lookalike_server.errors import ModelFileError


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """One network of the family."""

    backbone: str = "efficientnet-lite0"
    """Name of an entry point of `lookalike.backbones`."""
    dim: int = 256
    """Length of an embedding."""
    low_resolution: bool = True
    """Whether the two low-resolution paths are there; without them the network is the paper's single-scale one."""
    scenes: tuple[str, ...] = ()
    """Kinds of place that the scene head tells apart; without any there is no head."""
    input_size: tuple[int, int] = (224, 224)
    """Height and width of the pixels that enter."""
    temperature: float = 1.0
    """What the scene head's logits are divided by: found after training, so that probabilities are calibrated."""
    scene_weight: float = 0.0
    """Length of the scenes' part of an embedding beside that of the linear part, 1; 0: there is none.

    It takes as many of the `dim` numbers as there are scenes.
    """

    def __post_init__(self) -> None:
        if self.dim < 1 or min(self.input_size) < 1 or len(self.input_size) != 2 or not self.temperature > 0:
            raise ModelFileError("An architecture needs a dim, an input of height and width, and a temperature over 0.")
        if len(set(self.scenes)) != len(self.scenes):
            raise ModelFileError("An architecture names each scene once.")
        if not self.scene_weight >= 0 or self.linear_dim < 1:
            raise ModelFileError("A part for the scenes has a weight of 0 or more, and leaves room in dim for others.")

    @property
    def linear_dim(self) -> int:
        """Numbers of the linear part of an embedding."""
        return self.dim - (len(self.scenes) if self.scene_weight else 0)

    def as_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, members: Mapping[str, Any]) -> Self:
        """Raises ModelFileError, with the member's name, when one is unknown, missing or of another type."""
        wanted = {field.name: type(field.default) for field in fields(cls)}
        for name in wanted.keys() ^ members.keys():
            raise ModelFileError(f"The architecture has {'no' if name in wanted else 'an unknown'} member {name!r}.")
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in members.items()
        }
        for name, kind in wanted.items():
            if type(values[name]) is not kind:
                raise ModelFileError(f"The architecture's {name} is {members[name]!r}, no {kind.__name__}.")
        return cls(**values)
