"""Finds models by entry point (`lookalike.models`): the built-in ones register the same way as a stranger's package.

An entry point names a factory: it is called with the argument of the spec, "" where there is none, and returns a Model.
"""

from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points

from lookalike_server.errors import ModelFileError
from lookalike_server.models.protocol import Model

GROUP = "lookalike.models"


def available() -> Sequence[str]:
    """Names of the models that are installed."""
    return sorted(_known())


def load(spec: str) -> Model:
    """Return the model that a spec asks for: NAME, or NAME:ARGUMENT such as `seed:weights.h5`.

    Raises ModelFileError when there is no such model, or when its factory finds its files missing or damaged.
    """
    name, _, argument = spec.partition(":")
    entry = _known().get(name)
    if entry is None:
        raise ModelFileError(f"There is no model {name!r}; installed: {', '.join(available())}.")
    model: Model = entry.load()(argument)
    return model


def _known() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}
