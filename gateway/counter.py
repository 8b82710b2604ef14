"""What a client asks for besides calls: the models it may use, its runs. Nothing here costs anything upstream."""

from typing import Any

import orjson

from limits.clock import Clock

from .catalogue import Catalogue
from .client import Client
from .dialects.strict import decode
from .errors import InvalidRequest, ModelNotFound, NotAllowed, NotFound
from .papers import Key, Run
from .runs import Runs
from .stages.authenticate import Keys, key_of

_BODY_BYTES_MAX = 65_536
_BODY_READ_S_MAX = 10.0


class Counter:
    """`GET /v1/models[/{id}]`, `POST /v1/runs`, `GET /v1/runs/{id}`, `POST /v1/runs/{id}/cancel`."""

    def __init__(self, keys: Keys, catalogue: Catalogue, runs: Runs, clock: Clock) -> None:
        self._keys = keys
        self._catalogue = catalogue
        self._runs = runs
        self._clock = clock

    async def serve(self, method: str, path: str, client: Client) -> tuple[int, bytes]:
        """Return status and body, or raise an Ending."""
        key = key_of(self._keys, client.headers)
        parts = path.split("/")[2:]
        match (method, *parts):
            case ("GET", "models"):
                return 200, orjson.dumps({"object": "list", "data": self._models(key)})
            case ("GET", "models", *name):
                return 200, orjson.dumps(self._model(key, "/".join(name)))
            case ("POST", "runs"):
                return 201, orjson.dumps(await self._open(key, client))
            case ("GET", "runs", run_id):
                return 200, orjson.dumps(self._tell(self._runs.own(key, run_id)))
            case ("POST", "runs", run_id, "cancel"):
                return 200, orjson.dumps(self._tell(await self._runs.cancel(key, run_id)))
        raise NotFound(f"nothing is served at {method} {path[:128]}")

    def _models(self, key: Key) -> list[dict[str, Any]]:
        return [_model(name) for name in self._catalogue if key.allows_model(name)]

    def _model(self, key: Key, name: str) -> dict[str, Any]:
        if name not in self._catalogue or not key.allows_model(name):
            raise ModelNotFound("no such model for this key; GET /v1/models lists them", param="model")
        return _model(name)

    async def _open(self, key: Key, client: Client) -> dict[str, Any]:
        if key.role not in ("client", "run"):
            raise NotAllowed(f"a key of role {key.role} has no runs")
        body = await client.body(bytes_max=_BODY_BYTES_MAX, read_s_max=_BODY_READ_S_MAX)
        asked = decode(body) if body.strip() else {}
        if type(asked) is not dict:
            raise InvalidRequest("the body must be a JSON object, or empty")
        run, run_key = await self._runs.open(key, asked)
        return {**self._tell(run), "key": run_key}

    def _tell(self, run: Run) -> dict[str, Any]:
        return self._runs.tell(run)


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "tollhouse"}
