"""What this server is: its models, what it accepts, and the versions that a result depends on."""

import platform
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata

from lookalike_server.config import Settings
from lookalike_server.models.decoder import decoder
from lookalike_server.models.protocol import Engine, Model
from lookalike_server.records import IndexState

version = cache(metadata.version)
"""Reads files each time: a millisecond for all that is told."""


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model in service."""

    id: str
    name: str
    dim: int
    engine: str
    input_width: int
    input_height: int
    scenes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What this server is."""

    version: str
    models: tuple[ServedModel, ...]
    settings: Settings
    versions: Mapping[str, str]
    ready: bool
    indexes: Sequence[IndexState]


def server_info(
    settings: Settings, served: Sequence[tuple[Model, Engine]], ready: bool, indexes: Sequence[IndexState]
) -> ServerInfo:
    """Gather it; nothing is `served`, and nothing is indexed, while the models load."""
    models = tuple(describe(*each) for each in served)
    engines = dict.fromkeys(engine.version for _, engine in served)
    parts = versions() | ({"engine": ", ".join(engines)} if engines else {})
    return ServerInfo(version("lookalike"), models, settings, parts, ready, indexes)


def describe(model: Model, engine: Engine) -> ServedModel:
    """A model and its engine."""
    height, width = model.input_size
    return ServedModel(model.id, model.name, model.dim, engine.name, width, height, tuple(model.scenes))


def versions() -> dict[str, str]:
    """Versions of the parts that a result depends on, but for the engine's."""
    return {
        "python": platform.python_version(),
        "pillow": version("pillow"),
        "jpeg": jpeg_decoder(),
        "numpy": version("numpy"),
        "hnswlib": version("hnswlib"),
        "sqlite": sqlite3.sqlite_version,
        "grpcio": version("grpcio"),
    }


def jpeg_decoder() -> str:
    """The JPEG library in full; of its version, a model's id names the major part alone."""
    return " ".join(decoder())
