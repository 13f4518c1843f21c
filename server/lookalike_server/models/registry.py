"""Finds models by entry point (`lookalike.models`): the built-in ones register the same way as a stranger's package.

An entry point names a factory: it is called with the argument of the spec, "" where there is none, and returns a Model.
"""

from collections.abc import Sequence

from lookalike_server import plugins
from lookalike_server.errors import ModelFileError
from lookalike_server.models.protocol import Model

GROUP = "lookalike.models"


def available() -> Sequence[str]:
    """Names of the models that are installed."""
    return plugins.names(GROUP)


def load(spec: str) -> Model:
    """Return the model that a spec asks for: NAME, or NAME:ARGUMENT such as `seed:weights.h5`.

    Raises ModelFileError when there is no such model, when its package cannot be imported, or when its factory finds
    its files missing or damaged.
    """
    name, _, argument = spec.partition(":")
    model: Model = plugins.load(GROUP, name, ModelFileError)(argument)
    return model
