"""Where spans go, how many calls are sampled, and who gets the trace context."""

import urllib.parse
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from .values import Secret, Settings

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class TraceSettings(Settings):
    """OpenTelemetry traces, over OTLP/HTTP."""

    endpoint: Annotated[str, Field(max_length=2_048)] | None = Field(
        default=None, description="collector's address, such as `http://127.0.0.1:4318/v1/traces`; none: no spans"
    )
    header: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")] = Field(
        default="authorization", description="header that carries the credential"
    )
    credential: Secret | None = Field(default=None, description="the header's whole value, if the collector wants one")
    sample_ratio: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.0, description="share of calls; findings, refusals and errors are always sampled"
    )
    follow_client: bool = Field(
        default=True, description="continue the client's trace, and sample where its `traceparent` says so"
    )
    pass_to: tuple[Annotated[str, Field(min_length=1, max_length=256)], ...] = Field(
        default=(), max_length=1_024, description="upstreams and tools that get `traceparent` and `tracestate`"
    )
    timeout_s: Annotated[float, Field(gt=0, le=60)] = Field(default=5, description="one export, and the last one")

    @model_validator(mode="after")
    def _address(self) -> Self:
        if self.endpoint is None:
            return self
        url = urllib.parse.urlsplit(self.endpoint)
        if url.scheme not in {"http", "https"} or not url.hostname or url.path in {"", "/"}:
            raise ValueError("endpoint is the whole address, as in http://127.0.0.1:4318/v1/traces")
        if url.username or url.password or url.query or url.fragment:
            raise ValueError("endpoint carries no user, password, query or fragment; the credential is `credential`")
        if self.credential is not None and url.scheme == "http" and url.hostname not in _LOOPBACK:
            raise ValueError("endpoint is plain http, which shows the credential to the network: use https")
        return self
