"""nginx with proxy_pass and kept connections: the limit. It looks at nothing, so nothing that looks can be cheaper."""

import getpass
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.overhead.targets.target import Launch

_CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
{user}
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_buffer_size 64k;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000000;
  upstream provider {{ server 127.0.0.1:{upstream_port}; keepalive 512; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location / {{
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}
}}
"""


class Nginx:
    """One worker, HTTP/1.1 on both sides, no buffering, so that a stream's events pass as they come."""

    name = "nginx proxy_pass"

    def missing(self) -> str | None:
        """Tell how to get it."""
        if _program():
            return None
        return "nginx is not installed: apt-get install nginx-light (as root), then run this again"

    @contextmanager
    def prepared(self, folder: Path, port: int, upstream_port: int) -> Iterator[Launch]:
        """Write its configuration; as root the worker stays root, for the folder is root's."""
        user = "user root;" if getpass.getuser() == "root" else ""
        path = folder / "nginx.conf"
        path.write_text(_CONFIGURATION.format(folder=folder, port=port, upstream_port=upstream_port, user=user))
        program = _program() or "nginx"
        yield Launch([program, "-p", str(folder), "-c", str(path), "-e", "stderr"], ready="/seen")


def _program() -> str | None:
    return shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin") or shutil.which("nginx")
