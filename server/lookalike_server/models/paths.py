"""Paths as users write them in a model's spec."""

from pathlib import Path

from lookalike_server.errors import ModelFileError


def expanded(path: str) -> Path:
    """The path, `~` and `~user` at its beginning replaced by that home folder. Raises ModelFileError."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise ModelFileError(f"{path} is in no home folder that is known here: write the whole path.") from error
