"""The pictures of a collection that look most like a file, or like a part of it.

python search_by_picture.py query.jpg --collection holiday --left-half
"""

import argparse
import sys

from lookalike import Client, LookalikeError, Region

parser = argparse.ArgumentParser(description="The pictures that look most like a file.")
parser.add_argument("picture")
parser.add_argument("--collection", default="holiday")
parser.add_argument("--limit", type=int, default=5)
parser.add_argument("--left-half", action="store_true", help="look at the left half of the picture only")
parser.add_argument("--server", default="localhost:50051")
args = parser.parse_args()

region = Region(0, 0, 0.5, 1) if args.left_half else None
with Client(args.server) as looks:
    try:
        result = looks.search(args.picture, collection=args.collection, limit=args.limit, region=region)
    except LookalikeError as error:  # every failure has a stable reason, and a sentence that says what to do
        sys.exit(f"{error.reason}: {error}")
    for match in result:
        print(f"{match.rank} {match.distance:.3f} {match.image.path}")
