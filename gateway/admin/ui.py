"""`/ui`: approvals in a browser, by the rules of the API: the key that entered is the one that decides."""

import json
import urllib.parse
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ..approvals import Approvals
from ..errors import Ending, InvalidRequest, NotAllowed, NotFound
from .approvals_page import HEADERS, entrance, hash_of, listing, question
from .visit import Visit, Visits, end, refuse_foreign

_FIELDS_MAX = 8
_ENTRANCE, _LIST = "/ui/enter", "/ui/approvals"


def routes(approvals: Approvals, visits: Visits) -> APIRouter:
    """Return the routes of the pages."""
    pages = Pages(approvals, visits)
    router = APIRouter(prefix="/ui", include_in_schema=False)
    router.add_api_route("", pages.begin, methods=["GET"])
    router.add_api_route("/enter", pages.entrance, methods=["GET"])
    router.add_api_route("/enter", pages.enter, methods=["POST"])
    router.add_api_route("/leave", pages.leave, methods=["POST"])
    router.add_api_route("/approvals", pages.listing, methods=["GET"])
    router.add_api_route("/approvals/{approval_id}", pages.question, methods=["GET"])
    router.add_api_route("/approvals/{approval_id}", pages.decide, methods=["POST"])
    return router


class Pages:
    """What is answered; who has not entered is led to the entrance."""

    def __init__(self, approvals: Approvals, visits: Visits) -> None:
        self._approvals = approvals
        self._visits = visits

    async def begin(self) -> Response:
        """Lead to the list."""
        return _go(_LIST)

    async def entrance(self) -> Response:
        """Ask for a key."""
        return _page(entrance())

    async def enter(self, request: Request) -> Response:
        """Begin a visit with a key."""
        try:
            refuse_foreign(request)
            cookie = self._visits.begin(request, (await _form(request)).get("key", ""))
        except Ending as ending:
            return _page(entrance(ending.message), ending.status)
        return _go(_LIST, cookie)

    async def leave(self, request: Request) -> Response:
        """End the visit."""
        try:
            if (visit := self._visits.of(request)) is not None:
                await _own_form(request, visit)
        except Ending as ending:
            return _page(entrance(ending.message), ending.status)
        return _go(_ENTRANCE, end(request))

    async def listing(self, request: Request) -> Response:
        """Show the open questions, with `all` in the query also those that were decided."""
        if (visit := self._visits.of(request)) is None:
            return _go(_ENTRANCE)
        every = "all" in request.query_params
        shown = list(self._approvals.shown(visit.key, None if every else "pending"))
        return _page(listing(shown, visit.key.name, visit.word, every=every))

    async def question(self, request: Request, approval_id: str) -> Response:
        """Show one question."""
        if (visit := self._visits.of(request)) is None:
            return _go(_ENTRANCE)
        return self._question(visit, approval_id)

    async def decide(self, request: Request, approval_id: str) -> Response:
        """Answer one question; a refusal stands above it."""
        if (visit := self._visits.of(request)) is None:
            return _go(_ENTRANCE)
        try:
            form = await _own_form(request, visit)
            yes, patch = _answer(form)
            if form.get("hash") != hash_of(self._approvals.show(visit.key, approval_id)):
                raise InvalidRequest("the arguments were changed since you saw them; look at them again", param="hash")
            await self._approvals.decide(visit.key, approval_id, yes=yes, patch=patch)
        except Ending as ending:
            return self._question(visit, approval_id, ending)
        return _go(f"{_LIST}/{urllib.parse.quote(approval_id, safe='')}")

    def _question(self, visit: Visit, approval_id: str, ending: Ending | None = None) -> Response:
        key = visit.key
        said, status = ("", 200) if ending is None else (ending.message, ending.status)
        try:
            shown = self._approvals.show(key, approval_id)
        except NotFound as missing:
            return _page(listing([], key.name, visit.word, every=False, said=missing.message), missing.status)
        return _page(question(shown, key.name, visit.word, decides=key.role == "approver", said=said), status)


async def _form(request: Request) -> dict[str, str]:
    """Return a form's fields; InvalidRequest."""
    try:
        text = (await request.body()).decode()
        return dict(urllib.parse.parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS_MAX))
    except ValueError:
        raise InvalidRequest("this is no form of this gateway's pages") from None


async def _own_form(request: Request, visit: Visit) -> dict[str, str]:
    """Return the fields of a form that a page of this visit sent; NotAllowed."""
    refuse_foreign(request)
    form = await _form(request)
    if form.get("word") != visit.word:
        raise NotAllowed("this form belongs to another visit; load the page again")
    return form


def _answer(form: dict[str, str]) -> tuple[bool, dict[str, Any] | None]:
    """Return whether it is a yes, and what it changes; InvalidRequest."""
    answer, edit = form.get("answer"), form.get("edit", "").strip()
    if answer not in ("approve", "deny"):
        raise InvalidRequest("an answer is approve or deny", param="answer")
    if not edit:
        return answer == "approve", None
    try:
        patch = json.loads(edit)
    except ValueError:
        patch = None
    if not isinstance(patch, dict):
        raise InvalidRequest("a change is a JSON object with the arguments to change", param="edit")
    return answer == "approve", patch


def _page(text: str, status: int = 200) -> Response:
    return HTMLResponse(text, status, headers=HEADERS)


def _go(place: str, cookie: str | None = None) -> Response:
    headers = HEADERS if cookie is None else {**HEADERS, "set-cookie": cookie}
    return RedirectResponse(place, 303, headers=headers)
