"""Bring a folder's pictures into a collection; what failed is told with its reason. Run it as often as you like.

python index_a_folder.py photos/ --collection holiday
"""

import argparse
import sys

from lookalike import Client

parser = argparse.ArgumentParser(description="Bring a folder's pictures into a collection.")
parser.add_argument("folder")
parser.add_argument("--collection", default="holiday")
parser.add_argument("--server", default="localhost:50051")
args = parser.parse_args()

failed = 0
with Client(args.server) as looks:
    for step in looks.import_folder(args.folder, collection=args.collection):
        print(f"{step.done}/{step.total} {step.outcome} {step.path}")
        if step.error:
            failed += 1
            print(f"    {step.error.reason}: {step.error}", file=sys.stderr)
    print(looks.collection(args.collection).image_count, "images in all")
sys.exit(1 if failed else 0)
