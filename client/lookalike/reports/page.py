"""A report as one page of HTML that needs nothing else: no script, no font, no picture from anywhere.

All that comes from outside is escaped, and a policy in the page forbids what could slip through. Thumbnails, where
there are any, are blurred until somebody ticks "show pictures", so that a page can be opened beside other people. The
JSON document is in the page too, so that the page is all that has to be kept.
"""

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import PurePath

from lookalike.counting import counted
from lookalike.reports.document import Answer, Report
from lookalike.reports.gallery import Gallery, Thumbnails
from lookalike.reports.question import Asked
from lookalike.reports.style import STYLE
from lookalike.safe import escaped
from lookalike.showing.words import altered, in_words, standing
from lookalike.types import Image, Match, SearchResult

OPEN, CLOSE = '<pre id="lookalike-report">', "</pre>"
"""Around the JSON document."""

_HEAD = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="lookalike.report">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<style>{STYLE}</style>
"""
_SWITCH = '<input type="checkbox" id="show"{}><label for="show">Show pictures</label>\n'


def page(report: Report, document: str, thumbnails: Thumbnails | None = None, *, blurred: bool = True) -> Iterator[str]:
    """The page in parts, with the report's JSON document in it; without thumbnails it has no place for any."""
    title = f"Pictures that look alike in {report.collection.name}"
    gallery = None if thumbnails is None else Gallery(thumbnails)
    yield f"{_HEAD}<title>{escaped(title)}</title>\n"
    yield from gallery.style() if gallery else ()
    yield f"</head>\n<body>\n<h1>{escaped(title)}</h1>\n"
    yield _facts(_standing(report))
    if gallery:
        yield _SWITCH.format("" if blurred else " checked")
    yield "<main>\n"
    for place, answer in enumerate(report.answers, 1):
        yield from _answer(place, answer, gallery)
    yield "</main>\n<details>\n<summary>This report as JSON, for lookalike replay</summary>\n"
    yield f"{OPEN}{escape(document, quote=False)}{CLOSE}\n</details>\n</body>\n</html>\n"


def _facts(facts: Mapping[str, str]) -> str:
    rows = "".join(f"<dt>{escaped(name)}</dt><dd>{escaped(value)}</dd>\n" for name, value in facts.items() if value)
    return f"<dl>\n{rows}</dl>\n"


def _standing(report: Report) -> dict[str, str]:
    """What all answers stand on."""
    versions = ", ".join(f"{name} {version}" for name, version in sorted(report.server.versions.items()))
    return {
        "Made": report.created.strftime("%Y-%m-%d %H:%M:%S %Z"),
        "Collection": f"{report.collection.name}: {counted(report.collection.image_count, 'image')}, "
        f"generation {report.collection.generation:,}",
        "Model": report.collection.model_id,
        "Search": "exact: every image compared",
        **_terms(report),
        "Server": f"{report.server.address}, Lookalike {report.server.version} ({versions})",
        "Written by": f"Lookalike {report.lookalike}",
    }


def _terms(report: Report) -> dict[str, str]:
    """The options that are not what they are by themselves."""
    names = {"tta": "Turned, mirrored"}
    return {names.get(name, name.replace("_", " ").capitalize()): said for name, said in report.terms.words.items()}


def _answer(place: int, answer: Answer, gallery: Gallery | None) -> Iterator[str]:
    yield f"<section>\n<h2>{place}. {escaped(_title(answer))}</h2>\n"
    for role, those in (("like", answer.question.positives), ("unlike", answer.question.negatives)):
        yield from (_asked(each, role, gallery) for each in those)
    if answer.error:
        yield f'<p class="error"><b>{escaped(answer.error.reason)}</b> {escaped(answer.error.message)}</p>\n'
    elif answer.result is not None:
        yield from _found(answer.result, gallery)
    yield "</section>\n"


def _title(answer: Answer) -> str:
    """The query's file name; its path stands below."""
    return PurePath(answer.question.positives[0].path or "stored image").name


def _asked(asked: Asked, role: str, gallery: Gallery | None) -> str:
    picture = gallery.frame(asked.sha256) if gallery else ""
    words = f"<b>{role}</b> {escaped(asked.name)}<br><code>SHA-256 {escaped(asked.sha256 or 'unknown')}</code>"
    return f'<div class="asked">{picture}<p>{words}</p></div>\n'


def _found(result: SearchResult, gallery: Gallery | None) -> Iterator[str]:
    more = " More lie within that distance." if result.more_within else ""
    shows = f" The query shows {in_words(result.query_scenes)}." if result.query_scenes else ""
    said = f"{counted(len(result), 'match')} · {standing(result)}.{more}{shows}"
    yield f'<p class="standing">{escaped(said)}</p>\n'
    if not result:
        return
    column = "<th>picture</th>" if gallery else ""
    yield f"<table>\n<thead><tr><th>#</th>{column}<th>distance</th><th>score</th><th>image</th></tr></thead>\n<tbody>\n"
    for match in result:
        yield _match(match, gallery)
        yield from (_match(similar, gallery, "similar") for similar in match.similar)
    yield "</tbody>\n</table>\n"


def _match(match: Match, gallery: Gallery | None, kind: str = "") -> str:
    picture = f"<td>{gallery.frame(match.image.id)}</td>" if gallery else ""
    rank = str(match.rank) if match.rank else "≈"
    figures = f"<td>{match.distance:.6f}</td><td>{match.score:.6f}</td>"
    return f'<tr class="{kind}"><td>{rank}</td>{picture}{figures}<td>{_image(match)}</td></tr>\n'


def _image(match: Match) -> str:
    """Where it lies, what is known of it, and its id."""
    places = "<br>".join(escaped(source.path) for source in match.image.sources) or "no source"
    return (
        f"{places}<br><small>{escaped(' · '.join(_known(match, match.image)))}</small><br><code>{match.image.id}</code>"
    )


def _known(match: Match, image: Image) -> list[str]:
    parts = [f"{image.format} {image.width} x {image.height}"] if image.format else []
    # By the camera, or by its file where that says nothing: an investigator shall not read "taken" there.
    parts += [f"dated {image.captured:%Y-%m-%d %H:%M}"] if image.captured else []
    parts += [f"{key}={value}" for key, value in sorted(image.labels.items())]
    parts += [in_words(image.scenes[:1])] if image.scenes else []
    parts += [f"query {altered(match)}"] if altered(match) else []
    parts += [] if match.scene_agreement is None else [f"agrees {match.scene_agreement:.0%}"]
    return parts
