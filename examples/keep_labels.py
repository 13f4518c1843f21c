"""Label a picture and all that look like it, then search among what bears the label; other labels stay.

python keep_labels.py pier.jpg place=pier --collection holiday --distance 0.5
"""

import argparse

from lookalike import Client, Filter

parser = argparse.ArgumentParser(description="Label a picture and all that look like it.")
parser.add_argument("picture")
parser.add_argument("label", help="KEY=VALUE")
parser.add_argument("--collection", default="holiday")
parser.add_argument("--distance", type=float, default=0.5)
parser.add_argument("--server", default="localhost:50051")
args = parser.parse_args()

key, _, value = args.label.partition("=")
with Client(args.server) as looks:
    for match in looks.search(args.picture, collection=args.collection, max_distance=args.distance, limit=100):
        labels = {**match.image.labels, key: value}  # an update gives an image these labels and no others
        looks.update_image(match.image.id, labels=labels, collection=args.collection)
    labelled = Filter(labels={key: value})
    for match in looks.search(args.picture, collection=args.collection, filter=labelled, limit=100):
        print(f"{match.distance:.3f} {match.image.path} {dict(match.image.labels)}")
