"""Which JPEG decoder this installation has: part of what an embedding depends on, and so of every model's id.

IJG's libjpeg and libjpeg-turbo decode the same file differently: up to 43 of 255 grey levels in places where colour is
subsampled, 1 to 2e-3 in an embedding. Vectors made with one must not silently meet vectors made with the other.
"""

from PIL import features


def decoder() -> tuple[str, str]:
    """The library under Pillow and its version, such as `("libjpeg-turbo", "3.2.0")`."""
    turbo = features.version("libjpeg_turbo")
    return ("libjpeg-turbo", turbo) if turbo else ("libjpeg", str(features.version("jpg")))


def decoder_tag() -> str:
    """The last part of a model's id, such as `turbo3` or `ijg9`: the library and its major version.

    Minor releases keep the pixels bit-exact (libjpeg-turbo's own tests compare checksums), and naming them would orphan
    every collection at each security update. A major release may change pixels: then collections answer MODEL_MISMATCH
    until they are embedded anew.
    """
    library, version = decoder()
    return f"{'turbo' if library == 'libjpeg-turbo' else 'ijg'}{version.partition('.')[0]}"
