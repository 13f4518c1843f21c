"""Weights between a Keras network and the file that ships."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike_server.errors import ModelFileError
from lookalike_server.models.keras_backend import keras
from lookalike_server.models.network import Weights


def stored(arrays: Mapping[str, NDArray[np.float32]]) -> dict[str, Any]:
    """Round the kernels to half precision.

    Batch normalisation stays float32: it is 2% of the numbers and half of what rounding would cost.
    """
    return {path: array.astype(np.float16) if path.endswith("/kernel") else array for path, array in arrays.items()}


def npz(arrays: Mapping[str, NDArray[np.float32]]) -> bytes:
    """The file's bytes, the same for the same weights."""
    return exact(stored(arrays))


def exact(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """As `npz`, in the precision that they have: what training goes on with."""
    file = io.BytesIO()
    kept: dict[str, Any] = dict(arrays)
    np.savez(file, **kept)
    return file.getvalue()


def of(model: keras.Model) -> Weights:
    """The weights by the path of their variable, without the seeds that a network keeps for training alone."""
    return {variable.path: np.asarray(variable, np.float32) for variable in model.weights}


def assign(model: keras.Model, arrays: Weights) -> list[str]:
    """Give the model every weight that it has a variable for; returns the paths of those given.

    Raises ModelFileError when a shape differs.
    """
    known = {variable.path: variable for variable in model.weights if variable.path in arrays}
    for path, variable in known.items():
        if variable.shape != arrays[path].shape:
            raise ModelFileError(f"{path} is {tuple(variable.shape)} here and {arrays[path].shape} in the weights.")
        variable.assign(arrays[path])
    return list(known)
