"""What is said of a search's answer and of its matches, at the command line, on contact sheets and in notebooks."""

from collections.abc import Sequence

from lookalike.counting import counted
from lookalike.safe import printable
from lookalike.types import DuplicateSummary, Match, Scene, SearchResult


def standing(result: SearchResult) -> str:
    """Say what the answer stands on."""
    measured = "" if result.measured_recall is None else f": recall {result.measured_recall:.3f} measured"
    kind = "exact: every image compared" if result.exact else f"approximate{measured}"
    return f"{result.model_id} · {kind} · generation {result.generation:,}"


def in_words(scenes: Sequence[Scene]) -> str:
    """Say what kind of place a picture shows, and how sure the classifier is."""
    return " · ".join(f"{printable(scene.name)} {scene.probability:.0%}" for scene in scenes)


def altered(match: Match) -> str:
    """Say how the query was altered when it came nearest to this image; nothing where it was as it is."""
    ways = [*(["mirrored"] if match.mirrored else []), *([f"turned {match.turned}°"] if match.turned else [])]
    return " and ".join(ways)


def heading(match: Match) -> str:
    """Give rank and distance, how the query was altered, how far it shows the preferred scenes, how many are folded in.

    Where scenes are preferred distance alone does not rank.
    """
    agrees = "" if match.scene_agreement is None else f" · agrees {match.scene_agreement:.0%}"
    folded = f" · +{len(match.similar)}" if match.similar else ""
    way = f" · {altered(match)}" if altered(match) else ""
    return f"{match.rank} · {match.distance:.4f}{way}{agrees}{folded}"


def summarised(summary: DuplicateSummary) -> str:
    """Say what a search for duplicates came to."""
    return (
        f"{counted(summary.image_count, 'image')}: {doubled(summary)}, "
        f"at most {summary.max_distance:.4g} from another of theirs"
    )


def doubled(summary: DuplicateSummary) -> str:
    """Say how many images are there more than once."""
    groups = counted(summary.group_count, "group")
    return f"{summary.many_sources_count:,} at several places, {summary.grouped_count:,} in {groups} of near-duplicates"
