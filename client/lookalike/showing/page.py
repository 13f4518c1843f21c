"""Cards as HTML for a notebook, dark or light: no script, and nothing is fetched from anywhere.

Enters: rows of cards. Leaves: a piece of HTML, the thumbnails within it as `data:` URIs. Every text is escaped. Colours
are the notebook's own, or half transparent, so that they fit any theme.
"""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from lookalike.safe import escaped
from lookalike.showing.cards import Card, Row

DENSITY = 1.5
"""Pixels of a thumbnail to one of the page: screens are finer than pages say."""
NO_PILLOW = "thumbnails need Pillow"

STYLE = """
.lookalike-show{font:13px/1.4 system-ui,sans-serif;color:inherit}
.lookalike-show *{box-sizing:border-box}
.lookalike-show .note{opacity:.65;overflow-wrap:anywhere}
.lookalike-show .row{display:flex;flex-wrap:wrap;gap:10px;margin:8px 0 14px}
.lookalike-show figure{width:var(--card);margin:0;padding:6px;border:1px solid rgba(128,128,128,.35);border-radius:6px}
.lookalike-show figure.query{border:2px solid #1f6feb;padding:5px}
.lookalike-show .picture{height:var(--size);display:flex;align-items:center;justify-content:center;overflow:hidden}
.lookalike-show img{max-width:100%;max-height:100%;margin:0;border-radius:3px}
.lookalike-show .blurred img{filter:blur(14px)}
.lookalike-show .blurred figure:hover img{filter:none}
.lookalike-show .missing{border:1px dashed rgba(128,128,128,.6);border-radius:3px;background:rgba(128,128,128,.12);
text-align:center;padding:8px}
.lookalike-show figcaption{margin-top:5px;overflow-wrap:anywhere}
.lookalike-show figcaption div{opacity:.7;font-size:12px}
"""


@dataclass(frozen=True, slots=True)
class Look:
    """How cards are drawn: `size` is a thumbnail's longest side in pixels of the page; blurred until pointed at."""

    size: int = 160
    thumbnails: bool = True
    blurred: bool = False


def html(title: str, notes: Sequence[str], rows: Sequence[Row], look: Look) -> str:
    """The whole of it."""
    sizes = f"--size:{look.size}px;--card:{look.size + 14}px"
    parts = [f'<div class="lookalike-show" style="{sizes}"><style>{STYLE}</style>']
    parts += [f"<b>{escaped(title)}</b>"] if title else []
    parts += [part for row in rows for part in _row(row, look)]
    parts += [f'<div class="note">{escaped(note)}</div>' for note in notes]
    return "\n".join([*parts, "</div>"])


def _row(row: Row, look: Look) -> Iterable[str]:
    if row.title:
        yield f"<div>{escaped(row.title)}</div>"
    yield f'<div class="row{" blurred" if look.blurred else ""}">'
    yield from (_card(card, look) for card in row.cards)
    yield "</div>"


def _card(card: Card, look: Look) -> str:
    kind = ' class="query"' if card.is_query else ""
    details = "".join(f"<div>{escaped(detail)}</div>" for detail in card.details)
    words = f"<b>{escaped(card.heading)}</b><br>" if card.heading else ""
    hint = "&#10;".join(map(escaped, card.hint.split("\n")))
    picture = _picture(card, look) if look.thumbnails else ""
    return (
        f'<figure{kind} title="{hint}">{picture}<figcaption>{words}{escaped(card.name)}{details}</figcaption></figure>'
    )


def _picture(card: Card, look: Look) -> str:
    jpeg, missing = _thumbnail(card, round(DENSITY * look.size))
    if jpeg is None:
        return f'<div class="picture missing">{escaped(missing)}</div>'
    data = base64.b64encode(jpeg).decode("ascii")
    return f'<div class="picture"><img src="data:image/jpeg;base64,{data}" alt="{escaped(card.name)}"></div>'


def _thumbnail(card: Card, size: int) -> tuple[bytes | None, str]:
    """The JPEG, or None and the reason."""
    if card.picture is None:
        return None, card.missing
    if find_spec("PIL") is None:
        return None, NO_PILLOW
    from lookalike.thumbnails import thumbnail  # noqa: PLC0415 - Pillow is loaded for thumbnails only

    return thumbnail(card.picture, size, card.region), card.missing or "cannot be read here"
