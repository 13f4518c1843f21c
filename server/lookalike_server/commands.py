"""The server's own commands; those of `training` and `upkeep` are added to them.

Exit codes: 0 well, 1 not well, 2 wrong usage.
"""

import argparse
import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from lookalike_server import logs
from lookalike_server.app import run
from lookalike_server.config import DEFAULT_ADDRESS, ConfigError, add_flags, settings
from lookalike_server.doctor import examine
from lookalike_server.errors import LookalikeError
from lookalike_server.tracing import exported
from lookalike_server.training.commands import add_evaluating, add_training, evaluate, train
from lookalike_server.upkeep import add_backup, add_restoring, add_verifying, backup, restore, verify


def main(arguments: Sequence[str]) -> int:
    """Run one command."""
    flags, unknown = parser().parse_known_args(arguments)
    if unknown:
        # Not parse_args: it would print the usage of `lookalike`, not of the command.
        flags.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    command: Callable[[argparse.Namespace], int] = flags.run
    try:
        return command(flags)
    except (ConfigError, LookalikeError) as error:
        print(f"lookalike: {error}", file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="lookalike")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    add_flags(add_command(commands, "serve", serve))
    add_verifying(add_command(commands, "verify", verify))
    add_backup(add_command(commands, "backup", backup))
    add_restoring(add_command(commands, "restore", restore))
    add_flags(add_command(commands, "doctor", doctor), only=("model", "scenes", "engine", "threads"))
    add_evaluating(add_command(commands, "evaluate", evaluate))
    add_training(add_command(commands, "train", train))
    health = add_command(commands, "health", check_health)
    health.add_argument("--address", default=DEFAULT_ADDRESS, help="HOST:PORT of the server")
    health.add_argument("--tls-ca", default="", help="PEM file of the authority to trust; asks over TLS")
    return top


def add_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    command: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    """Add one command, in the words of its docstring."""
    added = commands.add_parser(name, help=command.__doc__, description=command.__doc__)
    added.set_defaults(run=command, parser=added)
    return added


def serve(flags: argparse.Namespace) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    chosen = settings(flags)
    logs.setup(chosen.log_format)
    with exported():
        asyncio.run(run(chosen))
    # All is on disk. A thread that a hostile picture keeps busy must not keep the process alive.
    logging.shutdown()
    os._exit(0)


def doctor(flags: argparse.Namespace) -> int:
    """Report versions, processor, model and a self-test as JSON."""
    logging.disable(logging.CRITICAL)
    report = examine(settings(flags))
    print(json.dumps(report, indent=2))
    return 0 if report["ok"] else 1


def check_health(flags: argparse.Namespace) -> int:
    """Ask a running server whether it serves."""
    with channel(flags) as opened:
        try:
            stub: Any = health_pb2_grpc.HealthStub(opened)
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=5)
        except grpc.RpcError as error:
            print(f"lookalike: {flags.address} does not answer: {error.code().name}", file=sys.stderr)
            return 1
    print(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))
    return 0 if answer.status == health_pb2.HealthCheckResponse.SERVING else 1


def channel(flags: argparse.Namespace) -> grpc.Channel:
    """A channel to the server that the flags name."""
    if not flags.tls_ca:
        return grpc.insecure_channel(flags.address)
    authority = Path(flags.tls_ca).read_bytes()
    return grpc.secure_channel(flags.address, grpc.ssl_channel_credentials(authority))
