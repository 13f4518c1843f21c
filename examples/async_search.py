"""Many searches at once from async code, over one stream; a broken picture costs its own answer only.

python async_search.py queries/ --collection holiday
"""

import argparse
import asyncio
from pathlib import Path

from lookalike import AsyncClient, LookalikeError

parser = argparse.ArgumentParser(description="The best match of each picture of a folder.")
parser.add_argument("folder", type=Path)
parser.add_argument("--collection", default="holiday")
parser.add_argument("--server", default="localhost:50051")
args = parser.parse_args()


async def main() -> None:
    """Print each query with its best match, as answers come."""
    queries: list[Path] = sorted(path for path in args.folder.iterdir() if path.is_file())
    async with AsyncClient(args.server) as looks:
        async for path, answer in looks.search_many(queries, collection=args.collection, limit=1):
            if isinstance(answer, LookalikeError):
                print(path.name, answer.reason)
            else:
                print(path.name, *(f"{match.distance:.3f} {match.image.path}" for match in answer))


asyncio.run(main())
