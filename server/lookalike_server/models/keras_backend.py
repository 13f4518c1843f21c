"""The one door to Keras: sets what must be set before TensorFlow is first imported.

Importing this module takes seconds and half a gigabyte.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile

# A user's ~/.keras/keras.json may name another backend.
os.environ["KERAS_BACKEND"] = "tensorflow"
# Off by default on AMD, where it doubles the speed.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
# Errors only: TensorFlow otherwise reports on the processor's features and on missing GPUs.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

GREETINGS = (b"WARNING: All log messages before absl::InitializeLog()", b"oneDNN custom operations are on")


@contextmanager
def _no_greetings() -> Iterator[None]:
    """Keep from standard error what TensorFlow says there on import at any log level; all else comes after it."""
    standard_error = os.dup(2)
    with TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(standard_error, 2)
            os.close(standard_error)
            said.seek(0)
            os.write(2, b"".join(line for line in said if not any(words in line for words in GREETINGS)))


with _no_greetings():
    import keras
    import tensorflow as tf

__all__ = ["keras", "tf"]
