"""The operator's side over HTTP: health, metrics, tenants, keys, runs. FastAPI; nothing here is on a call's path."""

from .app import build
from .local import bind_local, serve_local
from .parts import Parts

__all__ = ["Parts", "bind_local", "build", "serve_local"]
