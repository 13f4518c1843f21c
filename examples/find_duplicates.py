"""Files of the same bytes, and groups of pictures that are nearly the same; nothing is removed.

python find_duplicates.py --collection holiday --distance 0.3
"""

import argparse

from lookalike import Client
from lookalike.types import DuplicateGroup, DuplicateProgress, DuplicateSummary, ExactDuplicates

parser = argparse.ArgumentParser(description="Duplicates of a collection.")
parser.add_argument("--collection", default="holiday")
parser.add_argument("--distance", type=float, default=0.3)
parser.add_argument("--server", default="localhost:50051")
args = parser.parse_args()

with Client(args.server) as looks:
    for found in looks.duplicates(args.collection, max_distance=args.distance):
        match found:
            case ExactDuplicates():
                print("the same bytes:", *found.paths)
            case DuplicateGroup():
                print("nearly the same:", *(image.path for image in found.images))
            case DuplicateProgress():
                print(f"{found.done} of {found.total} looked at", end="\r")
            case DuplicateSummary():
                print(found.group_count, "groups among", found.image_count, "images")
