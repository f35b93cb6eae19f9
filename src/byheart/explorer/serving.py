"""Listens on this machine only, says where, and ends on Ctrl-C."""

import errno
import os
import socket
import sys
from collections.abc import Callable

import uvicorn

from byheart.errors import BackendError
from byheart.explorer.app import Explorer
from byheart.explorer.guard import Guard
from byheart.study.exploring.exploration import Exploration

ADDRESS = "127.0.0.1"
PORT = 8321
_PORTS_TRIED = 100


def listening(port: int | None) -> socket.socket:
    """A socket on 127.0.0.1.

    Args:
        port: to listen on, 0 for any; None for PORT or the next that is free.
    Raises:
        BackendError: the port is taken, or all that were tried are.
    """
    wanted = range(PORT, PORT + _PORTS_TRIED) if port is None else (port,)
    for number in wanted:
        it = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        # A server that has just ended leaves its port in a state from which only this takes it.
        it.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            it.bind((ADDRESS, number))
            it.listen(16)
        except OSError as error:
            it.close()
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            continue
        return it
    raise BackendError(
        f"Port {port} is taken." if port is not None else f"Ports {PORT} to {PORT + _PORTS_TRIED - 1} are taken.",
        why="Another program listens there, or the port is not for everyone.",
        next_step="Choose another with --port, or leave it out to take the next that is free.",
    )


def serve(exploration: Exploration, port: int | None, started: Callable[[str], None]) -> None:
    """Answers until Ctrl-C.

    Args:
        exploration: the run.
        port: as for `listening`.
        started: told the address when it can be opened.
    Raises:
        BackendError: the port is taken.
    """
    explorer = Explorer(exploration)
    with listening(port) as it:
        own_port = it.getsockname()[1]
        config = uvicorn.Config(
            Guard(explorer.app(), own_port),
            log_level="critical",
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            ws="none",
            lifespan="off",
            h11_max_incomplete_event_size=32_768,
            timeout_graceful_shutdown=1,
            timeout_keep_alive=30,
            limit_concurrency=64,
        )
        server = uvicorn.Server(config)
        started(f"http://{ADDRESS}:{own_port}/")
        try:
            server.run(sockets=[it])
        except KeyboardInterrupt:  # uvicorn has ended in order, and raises it once more
            pass
    if explorer.is_busy:
        # Python would wait for a thread in which a model still computes. Everything is said, and nothing is half
        # written: an index that is being built is complete only with its manifest.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
