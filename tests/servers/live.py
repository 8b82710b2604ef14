"""Real servers on loopback, each in its own temporary folder and on its own port; they can be killed and come back."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from bench.overhead.processes import free_port, tree
from tests.servers.binaries import postgres_programs, redis_server

START_S_MAX = 30.0
STOP_S_MAX = 10.0


class Server(ABC):
    """One server process; a context manager that starts it and, at its end, kills it and removes its folder.

    ``host`` and ``port`` stay the same over ``kill`` and ``start``, and so does what it has written.
    """

    def __init__(self) -> None:
        self.host = "127.0.0.1"
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="tollhouse-server-"))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """The address that client libraries take."""

    @property
    def pid(self) -> int:
        """The id of its process, which may have children. It must run."""
        assert self._process is not None
        return self._process.pid

    @abstractmethod
    def _command(self) -> list[str]:
        """Return what is run in the foreground."""

    @abstractmethod
    def _answers(self) -> bool:
        """Tell whether the server takes commands."""

    def _user(self) -> str | None:
        """Return whom the server runs as, if not as ourselves."""
        return None

    def start(self) -> None:
        """Start, and return once it answers. Raises RuntimeError with its last words."""
        log = self.folder / "output.log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command(), cwd=self.folder, user=self._user(), stdout=output, stderr=subprocess.STDOUT
            )
        ends = time.monotonic() + START_S_MAX
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > ends:
                self.kill()
                raise RuntimeError(f"{type(self).__name__} did not start: {log.read_text(errors='replace')[-1500:]}")
            time.sleep(0.01)

    def stop(self) -> None:
        """End it in good order."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End it as a crash does."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        """Signal the process, and wait for it and for its children: they may still write."""
        if self._process is None:
            return
        children = tree(self._process.pid)[1:]
        self._process.send_signal(how)
        self._process.wait(STOP_S_MAX)
        self._process = None
        ends = time.monotonic() + STOP_S_MAX
        while any(Path(f"/proc/{child}").exists() for child in children):
            if time.monotonic() > ends:
                raise RuntimeError(f"children of {type(self).__name__} outlive it by {STOP_S_MAX} s: {children}")
            time.sleep(0.01)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            shutil.rmtree(self.folder)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()  # nothing of it is needed any more: a PostgreSQL that ends in good order flushes all first
        shutil.rmtree(self.folder)


class Redis(Server):
    """redis-server without snapshots; with ``durable`` every write is synced to its append-only file.

    With ``cluster`` it is a node of a cluster that has no other.
    """

    def __init__(self, *, durable: bool = False, cluster: bool = False) -> None:
        super().__init__()
        self._cluster = ["--cluster-enabled", "yes"] if cluster else []
        self._program = redis_server()
        self._durable = durable

    @property
    def url(self) -> str:
        """A redis:// address of database 0."""
        return f"redis://{self.host}:{self.port}/0"

    def _command(self) -> list[str]:
        keeping = ["--appendonly", "yes", "--appendfsync", "always"] if self._durable else ["--appendonly", "no"]
        where = ["--bind", self.host, "--port", str(self.port), "--dir", str(self.folder)]
        return [str(self._program), *where, "--save", "", *keeping, *self._cluster]

    def _answers(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16) == b"+PONG\r\n"
        except OSError:
            return False


class S3(Server):
    """moto's server, which speaks S3 with object lock; whatever credentials are sent will do."""

    @property
    def url(self) -> str:
        """An http:// address."""
        return f"http://{self.host}:{self.port}"

    def _command(self) -> list[str]:
        return [sys.executable, "-m", "moto.server", "-H", self.host, "-p", str(self.port)]

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}/moto-api/", timeout=1).close()
        except OSError:
            return False
        return True


class Postgres(Server):
    """PostgreSQL with a fresh cluster: user ``tollhouse``, database ``postgres``, no password.

    It survives ``kill`` of its process; of the machine only with ``durable``, which costs an fsync a commit. As root it
    runs as ``postgres`` or ``nobody``, for it refuses root.
    """

    def __init__(self, *, durable: bool = False) -> None:
        super().__init__()
        self._durable = durable
        self._programs = postgres_programs()
        self._cluster = self.folder / "cluster"
        if user := self._user():
            shutil.chown(self.folder, user)
        command = [str(self._programs / "initdb"), "-D", str(self._cluster), "-U", "tollhouse", "--auth=trust"]
        options = ["--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run([*command, *options], cwd=self.folder, user=user, check=True, capture_output=True)

    @property
    def url(self) -> str:
        """A postgresql:// address."""
        return f"postgresql://tollhouse@{self.host}:{self.port}/postgres"

    def database(self) -> str:
        """Make an empty database and return its address."""
        name = f"d{secrets.token_hex(8)}"
        with psycopg.connect(self.url, autocommit=True) as conn:
            conn.execute(f"CREATE DATABASE {name}".encode())
        return f"postgresql://tollhouse@{self.host}:{self.port}/{name}"

    def _user(self) -> str | None:
        if os.geteuid() != 0:
            return None
        return "postgres" if any(entry.pw_name == "postgres" for entry in pwd.getpwall()) else "nobody"

    def _command(self) -> list[str]:
        settings = {
            "listen_addresses": self.host,
            "unix_socket_directories": "",
            "fsync": "on" if self._durable else "off",
            "max_connections": 200,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self._programs / "postgres"), "-D", str(self._cluster), "-p", str(self.port), *options]

    def _answers(self) -> bool:
        asked = [str(self._programs / "pg_isready"), "-h", self.host, "-p", str(self.port)]
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0
