"""Embed pictures on several servers at once; one that dies costs nobody an error, and gets calls again when it is back.

python embed_replicas.py photos/*.jpg --servers 127.0.0.1:50051,127.0.0.1:50052,127.0.0.1:50053
"""

import argparse
from concurrent.futures import ThreadPoolExecutor

from lookalike import Client

parser = argparse.ArgumentParser(description="Embed pictures on several servers.")
parser.add_argument("pictures", nargs="+")
parser.add_argument("--servers", default="127.0.0.1:50051", help="HOST:PORT,HOST:PORT,...")
args = parser.parse_args()

# `ipv4:` takes addresses; `dns:///name:port` takes all that a name stands for. One client serves all threads.
with Client(f"ipv4:{args.servers}") as looks, ThreadPoolExecutor(8) as threads:
    for picture, embedding in zip(args.pictures, threads.map(looks.embed, args.pictures), strict=True):
        print(picture, embedding.model_id, len(embedding.vector))
