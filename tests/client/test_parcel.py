"""A picture beside its message is read as if it had been in it."""

import pytest

from lookalike._parcel import Parcel, serialised
from lookalike.v1 import image_service_pb2 as images_pb2


@pytest.mark.parametrize("size", [0, 1, 127, 128, 300, 16_383, 16_384, 3_000_000])
def test_a_parcel_is_the_message_with_its_picture(size: int) -> None:
    content = bytes(range(256)) * (size // 256) + bytes(size % 256)
    request = images_pb2.ImportImagesRequest(tag=7, collection="trial", labels={"roll": "3"})
    told = images_pb2.ImportImagesRequest.FromString(serialised(Parcel(request, "content", content)))
    request.content = content
    assert told == request
    assert told.WhichOneof("payload") == "content"


def test_a_message_goes_as_it_is() -> None:
    request = images_pb2.ImportImagesRequest(tag=7, image_id="a" * 64)
    assert serialised(request) == request.SerializeToString()
