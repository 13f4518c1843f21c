"""More like these pictures, and less like those; of copies that are nearly the same, only the best.

python more_like_these.py pier.jpg beach.jpg --unlike street.jpg --collection holiday
"""

import argparse

from lookalike import Client, Examples

parser = argparse.ArgumentParser(description="More like these, less like those.")
parser.add_argument("like", nargs="+")
parser.add_argument("--unlike", nargs="*", default=[])
parser.add_argument("--collection", default="holiday")
parser.add_argument("--server", default="localhost:50051")
args = parser.parse_args()

with Client(args.server) as looks:
    examples = Examples(positives=args.like, negatives=args.unlike)
    for match in looks.search(examples, collection=args.collection, group_distance=0.1):
        print(f"{match.rank} {match.distance:.3f} {match.image.path}", f"and {len(match.similar)} like it")
