"""What was found of duplicates as messages."""

from lookalike.v1 import image_service_pb2 as pb
from lookalike_server.catalog.duplicates import Exact, Finding, Group, Progress, Summary
from lookalike_server.rpc.messages import image_to


def finding_to(finding: Finding) -> pb.FindDuplicatesResponse:
    """One answer of the stream."""
    match finding:
        case Exact(image):
            return pb.FindDuplicatesResponse(exact=image_to(image))
        case Progress(done, total):
            return pb.FindDuplicatesResponse(progress=pb.DuplicateProgress(done_count=done, total_count=total))
        case Group():
            return pb.FindDuplicatesResponse(group=group_to(finding))
        case Summary():
            return pb.FindDuplicatesResponse(summary=summary_to(finding))


def group_to(group: Group) -> pb.DuplicateGroup:
    """Near-duplicates."""
    return pb.DuplicateGroup(images=map(image_to, group.images), distances=group.distances, image_count=group.count)


def summary_to(summary: Summary) -> pb.DuplicateSummary:
    """What was found in all."""
    return pb.DuplicateSummary(
        max_distance=summary.radius,
        image_count=summary.looked_at,
        group_count=summary.groups,
        grouped_count=summary.grouped,
        many_sources_count=summary.many_sourced,
        random_pairs=summary.random_pairs,
        random_pairs_within=summary.random_pairs_within,
    )
