"""The one door to Keras: sets what must be set before TensorFlow is first imported.

Importing this module takes seconds and half a gigabyte.
"""

import os

# A user's ~/.keras/keras.json may name another backend.
os.environ["KERAS_BACKEND"] = "tensorflow"
# Off by default on AMD, where it doubles the speed.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
# Errors only: TensorFlow otherwise reports on the processor's features and on missing GPUs.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import tensorflow as tf

__all__ = ["keras", "tf"]
