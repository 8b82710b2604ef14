"""The operator's side over HTTP: health, metrics, tenants, keys, runs. FastAPI; nothing here is on a call's path."""

from .front import Front
from .local import bind_local, serve_local
from .parts import Parts

__all__ = ["Front", "Parts", "bind_local", "serve_local"]
