"""How clients reach their server: options, leases, forks."""

import json
from typing import Any

import pytest
from tests.client.process import in_a_process

from lookalike import _calls
from lookalike._channel import Endpoint, rpcs
from lookalike.v1 import collection_service_pb2, image_service_pb2, search_service_pb2
from lookalike_server.app import PING_SECONDS


def endpoint(target: str = "localhost:1") -> Endpoint:
    return Endpoint(target, tls=False, ca=None, cert=None, key=None, token=None)


def services() -> list[Any]:
    files = (search_service_pb2, image_service_pb2, collection_service_pb2)
    return [service for file in files for service in file.DESCRIPTOR.services_by_name.values()]


@pytest.mark.parametrize(
    ("target", "policy"),
    [
        ("localhost:50051", "pick_first"),
        ("unix:/tmp/x", "pick_first"),
        ("dns:///looks:50051", "round_robin"),
        ("ipv4:127.0.0.1:1,127.0.0.1:2", "round_robin"),
    ],
)
def test_calls_spread_over_targets_that_name_several_servers(target: str, policy: str) -> None:
    config = json.loads(dict(endpoint(target).options)["grpc.service_config"])
    assert config["loadBalancingConfig"] == [{policy: {}}]


def test_every_unary_rpc_has_its_retries() -> None:
    config = json.loads(dict(endpoint().options)["grpc.service_config"])
    named = sorted((each["service"], each["method"]) for methods in config["methodConfig"] for each in methods["name"])
    unary = [
        (service.full_name, method.name)
        for service in services()
        for method in service.methods
        if not method.client_streaming
    ]
    assert named == sorted(unary)


def test_no_lost_answer_makes_a_call_that_must_not_run_twice_run_twice() -> None:
    config = json.loads(dict(endpoint().options)["grpc.service_config"])
    for methods in config["methodConfig"]:
        if "UNAVAILABLE" in methods["retryPolicy"]["retryableStatusCodes"]:
            names = {each["method"] for each in methods["name"]}
            assert not names & {"DeleteImages", "CreateCollection", "DeleteCollection"}


def test_the_calls_that_the_transport_makes_once_are_made_once_by_the_sdk() -> None:
    config = json.loads(dict(endpoint().options)["grpc.service_config"])
    policies = {
        each["method"]: methods["retryPolicy"]["retryableStatusCodes"]
        for methods in config["methodConfig"]
        for each in methods["name"]
    }
    once: list[_calls.Call[Any]] = [
        _calls.create_collection("c"),
        _calls.delete_collection("c"),
        _calls.delete_images(["ab" * 32], "c", False),
        _calls.remove_sources([], "c", False),
        _calls.switch_model("c", "m", False),
    ]
    assert {call.rpc for call in once} == {name for name, codes in policies.items() if "UNAVAILABLE" not in codes}
    assert not any(call.repeatable for call in once)


def test_servers_are_not_pinged_more_often_than_they_allow() -> None:
    options = dict(endpoint().options)
    assert options["grpc.keepalive_time_ms"] > 1000 * PING_SECONDS
    assert not options["grpc.keepalive_permit_without_calls"]


def test_every_rpc_is_known_by_its_name_alone() -> None:
    with endpoint().open() as channel:
        found = sorted(rpcs(channel))
    assert found == sorted(method.name for service in services() for method in service.methods)


def test_a_client_that_was_used_before_a_fork_says_to_make_a_new_one(target: str) -> None:
    code = """
        import os, sys
        from lookalike import Client, errors
        looks = Client(sys.argv[1])
        looks.server_info()
        if child := os.fork():
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            sys.exit(status if looks.server_info().ready else 3)
        try:
            looks.server_info()
        except errors.ClientUnusable as error:
            looks.close()
            os._exit(0 if "make a new Client in the child" in error.message else 2)
        os._exit(1)
    """
    done = in_a_process(code, target)
    assert done.returncode == 0, done.stderr


def test_a_client_that_was_not_used_before_a_fork_works_in_the_child(target: str) -> None:
    code = """
        import os, sys
        from lookalike import Client
        looks = Client(sys.argv[1])
        if child := os.fork():
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        os._exit(0 if looks.server_info().ready else 1)
    """
    done = in_a_process(code, target)
    assert done.returncode == 0, done.stderr
