"""Memory that a picture has left is kept for the next one.

The C library gives every large block back to the system when it is freed, and the system fills it with zeros when it is
asked for again: page by page, a tenth of the time of an import of 12-megapixel photographs. What seldom comes again is
another matter: vectors that a snapshot has from now on leave with `give_back`.
"""

import ctypes

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""The parameters of mallopt(3) in glibc."""
KEPT_BYTES = 256 * 2**20
"""Free memory at the end of a heap that is kept."""
LARGEST_BYTES = 32 * 2**20
"""Blocks up to here come from the heap; glibc allows no more."""


def keep_freed() -> None:
    """Have this process keep what it frees; nothing where the C library is not glibc."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(TRIM_THRESHOLD, KEPT_BYTES)
        mallopt(MMAP_THRESHOLD, LARGEST_BYTES)


def give_back() -> None:
    """Return to the system all that this process has freed; nothing where the C library is not glibc."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
