"""Damaged and hostile containers, and what becomes of each: a picture, or words of the reason why there is none."""

import gzip
import os
import struct
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.client.containers.makers import album, write_pages, write_tar, write_video, write_zip
from tests.pictures import picture, picture_bytes

PICTURE = ""
"""What stands for a member that is read."""

ALBUM = {f"!/{name}": PICTURE for name in album()}
FIRST = {"!/album/0.png": PICTURE}


@dataclass(frozen=True)
class Case:
    """A file that `make` writes at a path of this suffix; of each member, or of "", words of what is said of it."""

    title: str
    suffix: str
    make: Callable[[Path], object]
    expected: Mapping[str, str]


def zipped(path: Path) -> bytes:
    return write_zip(path, album()).read_bytes()


def cut(make: Callable[[Path], object], size: Callable[[int], int]) -> Callable[[Path], object]:
    """The file that this makes, cut to a part of its size."""

    def made(path: Path) -> None:
        make(path)
        os.truncate(path, size(path.stat().st_size))

    return made


def content(made: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(made)


def patched(make: Callable[[Path], object], at: Callable[[bytes], int], new: bytes) -> Callable[[Path], object]:
    """The file that this makes, with other bytes at a place."""

    def made(path: Path) -> None:
        make(path)
        whole = bytearray(path.read_bytes())
        start = at(bytes(whole))
        whole[start : start + len(new)] = new
        path.write_bytes(whole)

    return made


def as_album_zip(path: Path) -> None:
    write_zip(path, album())


def stored_zip(path: Path) -> None:
    write_zip(path, album(), zipfile.ZIP_STORED)


def with_directory(change: Callable[[list[zipfile.ZipInfo]], None]) -> Callable[[Path], object]:
    """An archive whose directory tells something else than what was written."""

    def made(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, each in album().items():
                archive.writestr(name, each)
            change(archive.infolist())

    return made


def second(**changes: int) -> Callable[[Path], object]:
    def change(infos: list[zipfile.ZipInfo]) -> None:
        for name, value in changes.items():
            setattr(infos[1], name, value)

    return with_directory(change)


def overlapped(infos: list[zipfile.ZipInfo]) -> None:
    infos[1].header_offset = infos[0].header_offset
    infos[1].CRC, infos[1].file_size, infos[1].compress_size = infos[0].CRC, infos[0].file_size, infos[0].compress_size


def link(path: Path) -> None:
    info = zipfile.ZipInfo("passwd.png")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, "/etc/passwd")


def named(*names: str) -> Callable[[Path], object]:
    return lambda path: write_zip(path, {name: picture_bytes(seed) for seed, name in enumerate(names)})


def as_album_tar(path: Path) -> None:
    write_tar(path, album())


def second_header(whole: bytes) -> int:
    return whole.index(b"album/1.png")


def tar_header(**fields: object) -> bytes:
    info = tarfile.TarInfo("x.png")
    for name, value in fields.items():
        setattr(info, name, value)
    return info.tobuf(tarfile.GNU_FORMAT)


NEGATIVE = tar_header(size=-1024)
ENDLESS_NAME = tar_header(type=tarfile.GNUTYPE_LONGNAME, size=8 << 30)
PAX_CHAIN = tar_header(type=tarfile.XHDTYPE, size=0) * 5_000

PDF_HEAD = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
ENCRYPTED_PDF = (
    PDF_HEAD + b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>endobj\n"
    b"4 0 obj<</Filter/Standard/V 1/R 2/P -4/O<" + b"ab" * 32 + b">/U<" + b"cd" * 32 + b">>>endobj\n"
    b"trailer<</Root 1 0 R/Encrypt 4 0 R/ID[<00><00>]>>\n%%EOF\n"
)
LOOPED_PDF = PDF_HEAD + b"2 0 obj<</Type/Pages/Kids[2 0 R]/Count 1>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
NARROW_PDF = (
    PDF_HEAD + b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 14400 0.01]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)


def pages(path: Path) -> None:
    write_pages(path, range(3))


def directories(whole: bytes) -> list[int]:
    """Where the pages of a little-endian TIFF begin."""
    found, at = [], struct.unpack_from("<L", whole, 4)[0]
    while at:
        found.append(at)
        at = struct.unpack_from("<L", whole, at + 2 + 12 * struct.unpack_from("<H", whole, at)[0])[0]
    return found


def looped_tiff(path: Path) -> None:
    """The second page says that the first comes next."""
    pages(path)
    whole = bytearray(path.read_bytes())
    first, second_, _ = directories(bytes(whole))
    entries = struct.unpack_from("<H", whole, second_)[0]
    struct.pack_into("<L", whole, second_ + 2 + 12 * entries, first)
    path.write_bytes(whole)


def huge_page(path: Path) -> None:
    """The second page is said to have 100,000 pixels in each direction."""
    picture(1).save(path, save_all=True, append_images=[picture(2, 301, 302), picture(3)])
    whole = path.read_bytes()
    size = struct.pack("<L", 100_000)
    for tag, side in ((256, 301), (257, 302)):
        for kind, form in ((3, "<HHLHH"), (4, "<HHLL")):
            entry = struct.pack(form, tag, kind, 1, side, *([0] if kind == 3 else []))
            whole = whole.replace(entry, struct.pack("<HHL", tag, 4, 1) + size)
    path.write_bytes(whole)


def film(path: Path) -> None:
    write_video(path, 40)


def film_mp4(path: Path) -> None:
    write_video(path, 40, "mp4v")


PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"

CUT_ZIP = "its directory is damaged or cut off"
BAD_DEFLATE = "while decompressing|CRC"

CASES = [
    Case("zip of no bytes", ".zip", content(b""), {"": "it is empty"}),
    Case("zip without members", ".zip", named(), {}),
    Case("JPEG that is called zip", ".zip", content(picture_bytes(1, "JPEG")), {"": "it is no zip archive"}),
    Case("zip cut in its first header", ".zip", cut(as_album_zip, lambda _: 20), {"": CUT_ZIP}),
    Case("zip cut in its second member", ".zip", cut(as_album_zip, lambda size: size // 2), {**FIRST, "": CUT_ZIP}),
    Case("zip cut in its directory", ".zip", cut(as_album_zip, lambda size: size - 60), {**ALBUM, "": CUT_ZIP}),
    Case("zip cut by its last byte", ".zip", cut(as_album_zip, lambda size: size - 1), {**ALBUM, "": CUT_ZIP}),
    Case(
        "zip with a damaged directory",
        ".zip",
        patched(as_album_zip, lambda whole: whole.index(b"PK\1\2"), b"XXXX"),
        {**ALBUM, "": CUT_ZIP},
    ),
    Case(
        "zip with a damaged header",
        ".zip",
        patched(as_album_zip, lambda whole: whole.index(b"album/1.png") - 30, b"XXXX"),
        {**ALBUM, "!/album/1.png": "the header before it is damaged"},
    ),
    Case(
        "zip with a changed byte in a stored member",
        ".zip",
        patched(stored_zip, lambda whole: whole.index(b"album/1.png") + 2_000, b"\0\1\2\3"),
        {**ALBUM, "!/album/1.png": "CRC"},
    ),
    Case(
        "zip with changed bytes in a deflated member",
        ".zip",
        patched(as_album_zip, lambda whole: whole.index(b"album/1.png") + 100, b"\xff" * 200),
        {**ALBUM, "!/album/1.png": BAD_DEFLATE},
    ),
    Case("zip with a wrong sum", ".zip", second(CRC=1), {**ALBUM, "!/album/1.png": "CRC"}),
    Case(
        "zip with an encrypted member",
        ".zip",
        second(flag_bits=1),
        {**ALBUM, "!/album/1.png": "it is encrypted: unpack"},
    ),
    Case(
        "zip with bzip2",
        ".zip",
        lambda path: write_zip(path, album(1), zipfile.ZIP_BZIP2),
        {"!/album/0.png": "its compression .method 12. is not read here"},
    ),
    Case(
        "zip with an unknown compression",
        ".zip",
        second(compress_type=99),
        {**ALBUM, "!/album/1.png": "its compression .method 99. is not read here"},
    ),
    Case(
        "zip whose member says more than a limit",
        ".zip",
        second(file_size=100 << 20),
        {**ALBUM, "!/album/1.png": "104,857,600 bytes, and the server accepts"},
    ),
    Case(
        "zip whose member says more than is there",
        ".zip",
        second(file_size=1 << 20),
        {**ALBUM, "!/album/1.png": "CRC|cut short"},
    ),
    Case("zip whose member says less than is there", ".zip", second(file_size=10), {**ALBUM, "!/album/1.png": "CRC"}),
    Case(
        "zip that unpacks to gigabytes",
        ".zip",
        second(file_size=3 << 30),
        {
            **FIRST,
            "!/album/1.png": "unpacks to far more than it may",
            "!/album/2.png": "unpacks to far more than it may",
        },
    ),
    Case(
        "zip whose members share their bytes",
        ".zip",
        with_directory(overlapped),
        {**ALBUM, "!/album/0.png": "it overlaps with another member"},
    ),
    Case(
        "zip whose member reaches into the next",
        ".zip",
        second(compress_size=5 << 20),
        {**ALBUM, "!/album/1.png": "it overlaps with another member"},
    ),
    Case(
        "zip whose member lies beyond its end",
        ".zip",
        second(header_offset=1 << 30),
        {**ALBUM, "!/album/1.png": "the header before it is damaged"},
    ),
    Case(
        "zip behind a program that unpacks it",
        ".zip",
        lambda path: path.write_bytes(b"MZ" * 500 + zipped(path)),
        ALBUM,
    ),
    Case(
        "zip slip",
        ".zip",
        named("../../../etc/a.png", "/etc/b.png", "C:\\Windows\\c.png", "x/../../d.png"),
        {"!/etc/a.png": PICTURE, "!/etc/b.png": PICTURE, "!/Windows/c.png": PICTURE, "!/x/d.png": PICTURE},
    ),
    Case(
        "zip with names that steer terminals",
        ".zip",
        named("\x1b]0;owned\x07.png", "a\nb.png"),
        {"!/_]0;owned_.png": PICTURE, "!/a_b.png": PICTURE},
    ),
    Case(
        "zip with names that collide",
        ".zip",
        named("a.png", "/a.png", "../a.png", "a~2.png"),
        {"!/a.png": PICTURE, "!/a~2.png": PICTURE, "!/a~3.png": PICTURE, "!/a~2~2.png": PICTURE},
    ),
    Case("zip with names that look like other containers", ".zip", named("b.zip!/a.png"), {"!/b.zip!/a.png": PICTURE}),
    Case("zip with hidden files", ".zip", named(".a.png", "__MACOSX/._a.png", ".thumbs/a.png"), {}),
    Case("zip with a symbolic link", ".zip", link, {}),
    Case(
        "zip in a zip",
        ".zip",
        lambda path: write_zip(path, {"more.zip": b"", "doc.pdf": b"", **album(1)}),
        {"!/more.zip": "it lies in an archive: take it out", "!/doc.pdf": "it lies in an archive", **FIRST},
    ),
    Case("pipe that is called zip", ".zip", os.mkfifo, {"": "it is no regular file"}),
    Case("folder that is called zip", ".zip", os.mkdir, {"": "Is a directory"}),
    Case("zip that is not there", ".zip", lambda path: None, {"": "No such file"}),
    Case("tar of no bytes", ".tar", content(b""), {"": "empty file"}),
    Case("text that is called tar", ".tar", content(b"hello\n" * 1_000), {"": "invalid header|bad checksum"}),
    Case("tar without members", ".tar", content(bytes(10_240)), {}),
    Case(
        "tar cut in its second member",
        ".tar",
        cut(as_album_tar, lambda _: 512 + len(picture_bytes(0)) // 512 * 512 + 512 + 600),
        {**FIRST, "!/album/1.png": "is cut short", "": "unexpected end of data"},
    ),
    Case(
        "tar cut at the end of a member",
        ".tar",
        cut(as_album_tar, lambda size: 512 + -(-len(picture_bytes(0)) // 512) * 512),
        {**FIRST, "": "cut short at byte"},
    ),
    Case("tar cut in a header", ".tar", cut(as_album_tar, lambda _: 100), {"": "truncated header"}),
    Case(
        "tar with a damaged header",
        ".tar",
        patched(as_album_tar, second_header, b"\xff" * 40),
        {**FIRST, "": "damaged or cut short at byte"},
    ),
    Case(
        "tar with a size below zero",
        ".tar",
        content(NEGATIVE * 3 + bytes(1024)),
        {"": "is damaged|below|bytes is none"},
    ),
    Case("tar with a name of gigabytes", ".tar", content(ENDLESS_NAME + bytes(1024)), {"": "bytes is none"}),
    Case("tar with headers without end", ".tar", content(PAX_CHAIN + bytes(1024)), {"": "cannot be read"}),
    Case(
        "tar whose member says more than is there",
        ".tar",
        content(tar_header(size=1 << 20) + bytes(512)),
        {"!/x.png": "is cut short", "": "unexpected end of data"},
    ),
    Case(
        "tar whose member says terabytes",
        ".tar",
        content(tar_header(size=1 << 40) + bytes(512)),
        {"!/x.png": "and the server accepts", "": "unexpected end of data"},
    ),
    Case(
        "tar slip",
        ".tar",
        lambda path: write_tar(path, {"/../../etc/a.png": picture_bytes(0)}),
        {"!/etc/a.png": PICTURE},
    ),
    Case(
        "plain tar that is called compressed",
        ".tar.gz",
        lambda path: path.write_bytes(write_tar(path.with_suffix(".tar"), album()).read_bytes()),
        ALBUM,
    ),
    Case(
        "compressed tar that is cut",
        ".tar.gz",
        cut(lambda path: write_tar(path, album()), lambda size: size // 2),
        {**FIRST, "!/album/1.png": "end-of-stream", "": "end-of-stream"},
    ),
    Case(
        "compressed text that is called tar", ".tar.gz", content(gzip.compress(b"hello" * 500)), {"": "invalid header"}
    ),
    Case("bzip2 of nothing", ".tar.bz2", content(b"BZh9" + bytes(50)), {"": "Invalid data stream"}),
    Case("xz of nothing", ".tar.xz", content(b"\xfd7zXZ\0" + bytes(50)), {"": "Corrupt|not support|Unsupported"}),
    Case("PDF of no bytes", ".pdf", content(b""), {"": "it is no PDF, or is damaged"}),
    Case("text that is called PDF", ".pdf", content(b"hello"), {"": "it is no PDF, or is damaged"}),
    Case("PDF cut in its middle", ".pdf", cut(pages, lambda size: size // 3), {"": "it is no PDF, or is damaged"}),
    Case("encrypted PDF", ".pdf", content(ENCRYPTED_PDF), {"": "it is encrypted: save a copy"}),
    Case("PDF whose pages hold themselves", ".pdf", content(LOOPED_PDF), {"#page=1": "Failed to load page"}),
    Case("PDF with a page like a thread", ".pdf", content(NARROW_PDF), {"#page=1": PICTURE}),
    Case("TIFF whose pages go round", ".tif", looped_tiff, {"": PICTURE, "#page=2": PICTURE}),
    Case(
        "TIFF with a page of ten thousand million pixels",
        ".tif",
        huge_page,
        {"": PICTURE, "#page=2": "100,000 x 100,000 pixels", "#page=3": PICTURE},
    ),
    Case(
        "TIFF whose second page is cut off",
        ".tif",
        cut(pages, lambda size: size - len(picture(2).tobytes()) - len(picture(1).tobytes()) + 40),
        {"": PICTURE, "#page=2": "cannot be read", "#page=3": "cannot be read"},
    ),
    Case("PNG that is called TIFF", ".tif", content(picture_bytes(1)), {"": PICTURE}),
    Case("TIFF of no bytes", ".tif", content(b""), {"": PICTURE}),
    Case("video of no bytes", ".mp4", content(b""), {"": "it is empty"}),
    Case("text that is called video", ".mov", content(b"hello" * 100), {"": "it is no video"}),
    Case("playlist that is called video", ".mp4", content(PLAYLIST), {"": "it is no video"}),
    Case("zip that is called video", ".mkv", as_album_zip, {"": "it is no video"}),
    Case(
        "video that breaks off",
        ".avi",
        cut(film, lambda size: size // 2),
        {"#t=0": PICTURE, "#t=10": PICTURE, "": "breaks off after"},
    ),
    Case("video without its index", ".mp4", cut(film_mp4, lambda size: size // 2), {"": "it is damaged"}),
    Case(
        "video of zeros behind its head", ".mp4", content(b"\0\0\0\x18ftypmp42" + bytes(5_000)), {"": "it is damaged"}
    ),
]
