"""What a file is that is no picture to this server: said in words, so that nobody has to guess why it was refused."""

from lookalike_server.pipeline.formats.boxes import brands

PICTURES = "save it as JPEG or PNG"
BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"8BPS", f"it is a Photoshop document (PSD): {PICTURES}"),
    (b"%PDF-", "it is a PDF document: `lookalike index` opens its pages"),
    (b"PK\3\4", "it is a zip archive, or an office document: `lookalike index` opens the pictures in an archive"),
    (b"\0\0\0\x0cjP  ", f"it is JPEG 2000: {PICTURES}"),
    (b"\0\0\1\0", f"it is an icon (ICO): {PICTURES}"),
    (b"v/1\1", f"it is OpenEXR: {PICTURES}"),
    (b"#?RADIANCE", f"it is Radiance HDR: {PICTURES}"),
    (b"DDS ", f"it is a texture (DDS): {PICTURES}"),
    (b"gimp xcf", f"it is a GIMP document (XCF): {PICTURES}"),
    (b"%!PS", f"it is PostScript: {PICTURES}"),
    (b"\x1aE\xdf\xa3", "it is a video (Matroska or WebM): `lookalike index` opens its frames"),
    (b"\x1f\x8b", "it is compressed by gzip: unpack it"),
    (b"7z\xbc\xaf\x27\x1c", "it is a 7-Zip archive: unpack it"),
    (b"Rar!", "it is a RAR archive: unpack it"),
    (b"ID3", "it is sound (MP3)"),
    (b"\x7fELF", "it is a program"),
    (b"MZ", "it is a program"),
)
"""What files begin with, and what to say of them."""
OURS = (
    (b"\xff\xd8", "JPEG"),
    (b"\x89PNG", "PNG"),
    (b"GIF8", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"BM", "BMP"),
)
"""What files that are read here begin with."""
SKETCHED = (b"<svg", b"<SVG")
PORTABLE = frozenset({b"P1", b"P2", b"P3", b"P4", b"P5", b"P6", b"P7"})
HEAD = 1024
"""Bytes in which a text says what it is."""


def described(content: bytes) -> str:
    """A few words about bytes that no reader knows."""
    known = next((words for beginning, words in BEGINNINGS if content.startswith(beginning)), None)
    ours = next((name for mark, name in OURS if content.startswith(mark)), None)
    begun = f"it begins as {ours}, and is damaged there or of a rare kind: {PICTURES}" if ours else None
    told = known or begun or _of_chunks(content) or _of_boxes(content) or _of_text(content[:HEAD])
    if told is None and not content.strip(b"\0"):
        return "it holds nothing but zeros: the copy failed, or the disk is damaged"
    return told or "it is of no kind that this server knows, or its beginning is damaged"


def _of_chunks(content: bytes) -> str | None:
    kinds = {b"AVI ": "it is a video (AVI): `lookalike index` opens its frames", b"WEBP": "it is a damaged WebP"}
    return kinds.get(content[8:12]) if content.startswith(b"RIFF") else None


def _of_boxes(content: bytes) -> str | None:
    named = brands(content)
    if {b"avif", b"avis"} & set(named):
        return "it is a damaged AVIF, or this server's Pillow reads no AVIF"
    return "it is a video, or of a kind of HEIF that this server does not know" if named else None


def _of_text(head: bytes) -> str | None:
    if any(mark in head for mark in SKETCHED):
        return f"it is a drawing (SVG): {PICTURES}"
    if b"<html" in head.lower():
        return "it is a web page, perhaps one that says why the picture could not be had"
    return f"it is a portable pixmap (PNM): {PICTURES}" if head[:2] in PORTABLE and head[2:3].isspace() else None
