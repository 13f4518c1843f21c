"""JPEG's scans: how often a file passes over its pixels. Once is usual, ten times progressive, hundreds an attack."""

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from lookalike_server.errors import ImageUndecodable

START_OF_SCAN = b"\xff\xda"
MAX_SCANS = 200


def check_scans(image: Image.Image, content: bytes) -> None:
    """Refuse a JPEG that passes over its pixels again and again; cameras and editors write about ten scans."""
    if isinstance(image, JpegImageFile) and has_scans(image, content) and content.count(START_OF_SCAN) > MAX_SCANS:
        raise ImageUndecodable(f"the picture has more than {MAX_SCANS} JPEG scans: save it anew")


def has_scans(image: JpegImageFile, content: bytes) -> bool:
    """Whether the decoder looks beyond the first scan: it does unless that holds all components, all of them whole.

    Pillow has read to the end of that scan's header: marker, length, number of components, two bytes for each and three
    more (ITU T.81, B.2.3). Looking there is worth it: to count scans takes a millisecond a megabyte.
    """
    length = 6 + 2 * image.layers
    complete = START_OF_SCAN + length.to_bytes(2, "big") + bytes([image.layers])
    start = first_scan(image) - length - len(START_OF_SCAN)
    return "progressive" in image.info or content[start : start + len(complete)] != complete


def first_scan(image: JpegImageFile) -> int:
    """Where its coded pixels begin; of a picture that was opened and not loaded."""
    return image.fp.tell() if image.fp else 0
