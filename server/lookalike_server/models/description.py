"""What a user's own network expects, read from a small TOML file beside it; docs/models.md explains each key.

A path enters; out comes a description whose every value has been checked, or ModelFileError naming the key and what to
write instead. Nothing is opened here but the TOML.
"""

import difflib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from lookalike_server.errors import ModelFileError
from lookalike_server.models.keys import KEYS, Channels

FILES = (".keras", ".onnx")
"""What a network's file may end in; a SavedModel is a folder."""
PATHS = ("file", "labels")
"""Keys that name a file, relative to the TOML."""
NOT_SHAPING = ("name", "file", "dim", "labels")
"""Keys that change nothing about the numbers that come out; what is in the file is hashed by itself."""


@dataclass(frozen=True, kw_only=True)
class NetworkDescription:
    """What every network's description holds."""

    name: str
    """In the model's id."""
    file: Path
    """A .keras or .onnx file, or the folder of a SavedModel."""
    size: tuple[int, int]
    """Height and width of the pixels to feed."""
    layout: str
    """NHWC or NCHW: of the input, and of an output that still has height and width."""
    range: tuple[float, float]
    """What 0 and 255 become."""
    mean: Channels = (0.0, 0.0, 0.0)
    """Subtracted after `range`; in the order of `colour`."""
    std: Channels = (1.0, 1.0, 1.0)
    """Divided by after `mean`."""
    colour: str = "RGB"
    resize: str = "squeeze"
    shorter: int = 0
    """Pixels of the shorter side before the centre is cut out, where `resize` is `crop`."""
    filter: str = "bilinear"
    input: str = ""
    """Empty where there is but one; likewise `output`."""
    output: str = ""

    def __post_init__(self) -> None:
        if not (self.file.is_dir() or self.file.suffix in FILES):
            raise ValueError(f"file is {self.file.name}: give {KEYS['file'].example}")
        if self.resize == "crop" and self.shorter < max(self.size):
            raise ValueError(f'resize = "crop" needs shorter, of {max(self.size)} pixels or more')
        if self.resize == "squeeze" and self.shorter:
            raise ValueError('shorter goes with resize = "crop": add that, or remove shorter')

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the TOML at `path`, or the one beside the network's file at `path`. Raises ModelFileError."""
        toml = path if path.suffix == ".toml" else beside(path)
        table = {"name": toml.stem, **read_toml(toml)}
        if path != toml and table.setdefault("file", path.name) != path.name:
            raise ModelFileError(f"{toml}: file is not {path.name}: remove file, or ask for the model by this TOML.")
        try:
            return cls(**cls._values(table, toml.parent))
        except ValueError as error:
            raise ModelFileError(f"{toml}: {error}.") from error

    @classmethod
    def _values(cls, table: Mapping[str, object], folder: Path) -> dict[str, Any]:
        known = {each.name: each for each in fields(cls)}
        for key in table.keys() - known.keys():
            raise ValueError(f"there is no key {key!r}{suggestion(key, known)}")
        for key, each in known.items():
            if each.default is MISSING and key not in table:
                raise ValueError(f"{key} is missing: add {key} = {KEYS[key].example}")
        values: dict[str, Any] = {key: KEYS[key](key, value) for key, value in table.items()}
        return values | {key: existing(folder / values[key], key) for key in PATHS if key in values}

    def shaping(self) -> str:
        """All that shapes what comes out for a picture, in the same words however the TOML was written."""
        told = asdict(self)
        return json.dumps({key: told[key] for key in sorted(told) if key not in NOT_SHAPING})


@dataclass(frozen=True, kw_only=True)
class ModelDescription(NetworkDescription):
    """Of a network that embeds."""

    orientation: bool = True
    """Whether the EXIF orientation is applied first."""
    dim: int = 0
    """Length of an embedding, which the network is held to; 0: whatever it gives."""


@dataclass(frozen=True, kw_only=True)
class ClassifierDescription(NetworkDescription):
    """Of a network that tells scenes. It sees a picture as the model beside it does, turned or not."""

    labels: Path
    """A text file of names, one a line, in the order of the outputs."""
    softmax: bool
    """Whether the outputs are logits, which a softmax turns into probabilities."""


def beside(path: Path) -> Path:
    """Where the description of a network's file lies: model.toml for model.onnx, folder.toml for a SavedModel."""
    name = path.stem if path.suffix in FILES else path.name
    return path.parent / f"{name}.toml"


def read_toml(path: Path) -> dict[str, Any]:
    """The file's keys. Raises ModelFileError."""
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError as error:
        raise ModelFileError(f"There is no {path}: describe the network in it, as docs/models.md says.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelFileError(f"Cannot read {path}: {error}.") from error


def existing(path: Path, key: str) -> Path:
    """The path, which must be there."""
    if not path.exists():
        raise ValueError(f"{key} names {path}, which is not there: give its path, relative to this TOML")
    return path


def suggestion(key: str, known: Iterable[str]) -> str:
    """What may have been meant."""
    near = difflib.get_close_matches(key, known, n=1)
    return f": did you mean {near[0]}?" if near else f", but {', '.join(known)}"
