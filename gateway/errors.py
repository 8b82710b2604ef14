"""Every way a call can end other than well: one table, by type.

A *refusal* is our no: nothing broke, and asking again unchanged gives the same answer unless `retry` says otherwise.
A *failure* is something that broke: upstream, network, or one of our own stores. Both carry words for a human, the
limit, the actual figure and what to do; never a value that a guard found. The dialect writes them in its own form.
OpenAI clients retry 408, 409, 429 and 5xx unless told not to, so budget stops are none of these (DESIGN §11).
"""

from typing import ClassVar


class Ending(Exception):
    """A call's ending other than a complete reply.

    `status` is HTTP's, `code` the stable name clients match on, `retry` whether repeating can help. `param` names the
    limit or member of the request (`run.tokens`, `messages[0].content`), `retry_after_s` is sent as `Retry-After`.
    """

    status: int = 500
    code: ClassVar[str] = "internal_error"
    kind: ClassVar[str] = "server_error"
    retry: ClassVar[bool] = True

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        retry_after_s: float | None = None,
        limit: int | str | None = None,
        actual: int | str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after_s = retry_after_s
        self.limit = limit
        self.actual = actual
        self.told: dict[str, str] = {}
        """Further members of the error body, such as `approval_id`; also such as stand for our own."""


class Refusal(Ending):
    """We said no."""

    kind = "invalid_request_error"
    retry = False


class Failure(Ending):
    """Something broke."""

    kind = "server_error"
    retry = True


class InvalidApiKey(Refusal):
    """No key, a wrong, expired or revoked one."""

    status, code, kind = 401, "invalid_api_key", "authentication_error"


class NotAllowed(Refusal):
    """The key may not do this."""

    status, code, kind = 403, "not_allowed", "permission_error"


class ModelNotAllowed(NotAllowed):
    """The key may not use this model."""

    code = "model_not_allowed"


class ToolNotAllowed(NotAllowed):
    """The key may not use this tool."""

    code = "tool_not_allowed"


class NotFound(Refusal):
    """No such object for this caller."""

    status, code = 404, "not_found"


class ModelNotFound(NotFound):
    """No model of that name is configured."""

    code = "model_not_found"


class ToolNotFound(NotFound):
    """No tool of that name is configured."""

    code = "tool_not_found"


class RunNotFound(NotFound):
    """No run of that id belongs to this key."""

    code = "run_not_found"


class InvalidRequest(Refusal):
    """The body or a header is malformed."""

    status, code = 400, "invalid_request"


class RequestTooLarge(Refusal):
    """The body is over its bound."""

    status, code = 413, "request_too_large"


class ContentBlocked(Refusal):
    """A guard found what the policy blocks."""

    status, code = 400, "content_blocked"


class UnboundedCost(Refusal):
    """What the call may cost at most cannot be told."""

    status, code = 400, "unbounded_cost"


class PriceUnknown(Refusal):
    """No price is known for the target's model."""

    status, code = 400, "price_unknown"


class MethodNotAllowed(Refusal):
    """Another HTTP method is served here."""

    status, code = 405, "method_not_allowed"


class UnsupportedRoute(Refusal):
    """A route that we could not meter."""

    status, code = 400, "unsupported_route"


class BudgetExceeded(Refusal):
    """A cap is used up."""

    status, code, kind = 402, "budget_exceeded", "insufficient_quota"


class RunEnded(Refusal):
    """The run was cancelled or has expired."""

    status, code, kind = 402, "run_ended", "insufficient_quota"


class BudgetHeld(Refusal):
    """What is left is held by other calls in flight."""

    status, code, kind, retry = 429, "budget_held", "rate_limit_error", True


class ToolCallInvalid(Refusal):
    """The model proposed a tool call that its schema or rules forbid."""

    status, code = 422, "tool_call_invalid"


class LoopDetected(Refusal):
    """The same tool call over and over."""

    status, code = 422, "loop_detected"


class OutputInvalid(Refusal):
    """The answer is not of the format that was asked for."""

    status, code = 422, "output_invalid"


class ApprovalRequired(Refusal):
    """A person must say yes first; ask again when they have."""

    status, code, kind = 403, "approval_required", "permission_error"


class ApprovalPending(ApprovalRequired):
    """The same on the gateway's own routes, where 202 says that the question was taken."""

    status = 202


class ApprovalDenied(Refusal):
    """A person said no, or nobody answered in time."""

    status, code, kind = 403, "approval_denied", "permission_error"


class RateLimitExceeded(Refusal):
    """Too many requests or tokens a minute, or at once."""

    status, code, kind, retry = 429, "rate_limit_exceeded", "rate_limit_error", True


class InProgress(Refusal):
    """A call with this Idempotency-Key is still running."""

    status, code, kind, retry = 409, "in_progress", "conflict_error", True


class OutcomeUnknown(Refusal):
    """This tool call was begun and never heard of again; it is not made twice."""

    status, code = 422, "outcome_unknown"


class DeadlineExceeded(Failure):
    """The call's own deadline passed."""

    status, code, kind, retry = 504, "deadline_exceeded", "timeout_error", False


class UpstreamError(Failure):
    """The upstream failed, or what it sent could not be understood."""

    status, code, kind = 502, "upstream_error", "upstream_error"


class UpstreamRejected(UpstreamError):
    """The upstream refused the request itself (4xx): repeating it cannot help."""

    retry = False


class RequestRejected(UpstreamRejected):
    """The provider refused the request as it stands (400, 413, 422; 404 for what lies there), in its own words."""

    status, code, kind = 400, "upstream_rejected", "invalid_request_error"


class UpstreamRateLimited(Failure):
    """The upstream's own rate limit, retries used up."""

    status, code, kind = 429, "upstream_rate_limited", "rate_limit_error"


class UpstreamUnavailable(Failure):
    """The breaker is open and nothing stands in."""

    status, code, kind = 503, "upstream_unavailable", "upstream_error"


class Draining(Failure):
    """The gateway is shutting down."""

    status, code = 503, "draining"


class LedgerUnavailable(Failure):
    """The ledger cannot do its work; nothing is spent unmetered."""

    status, code = 503, "ledger_unavailable"


class AuditUnavailable(Failure):
    """The book cannot be written; nothing happens unrecorded."""

    status, code = 503, "audit_unavailable"


class GuardUnavailable(Failure):
    """A guard cannot do its work; nothing leaves unscanned."""

    status, code = 503, "guard_unavailable"


class InternalError(Failure):
    """A defect of ours. The call id finds it in the log."""

    status, code = 500, "internal_error"


class ClientLeft(Failure):
    """The client closed its connection; nobody reads this, the book does."""

    status, code, retry = 499, "client_left", False


TABLE: tuple[type[Ending], ...] = (
    InvalidApiKey,
    NotAllowed,
    ModelNotAllowed,
    ToolNotAllowed,
    NotFound,
    ModelNotFound,
    ToolNotFound,
    RunNotFound,
    InvalidRequest,
    RequestTooLarge,
    ContentBlocked,
    UnboundedCost,
    PriceUnknown,
    MethodNotAllowed,
    UnsupportedRoute,
    BudgetExceeded,
    RunEnded,
    BudgetHeld,
    ToolCallInvalid,
    LoopDetected,
    OutputInvalid,
    ApprovalRequired,
    ApprovalPending,
    ApprovalDenied,
    RateLimitExceeded,
    InProgress,
    OutcomeUnknown,
    DeadlineExceeded,
    UpstreamError,
    UpstreamRejected,
    RequestRejected,
    UpstreamRateLimited,
    UpstreamUnavailable,
    Draining,
    LedgerUnavailable,
    AuditUnavailable,
    GuardUnavailable,
    InternalError,
    ClientLeft,
)
