"""Errors as `application/problem+json` (RFC 9457): as responses, as handlers and in OpenAPI."""

import logging
from typing import Any

import pydantic_core
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sentiment_api.errors import ApiError, InternalError, MethodNotAllowedError, NotFoundError

MEDIA_TYPE = "application/problem+json"

_log = logging.getLogger(__name__)

_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "Stable; names the situation: `urn:vigie:problem:…`."},
        "title": {"type": "string", "description": "The situation in words, the same for every request."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What was wrong with this request."},
        "errors": {
            "type": "array",
            "description": "Every place in the body that is wrong, at most twenty.",
            "items": {
                "type": "object",
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}


def problem(error: ApiError) -> Response:
    """Write an error as a response."""
    content: dict[str, object] = {
        "type": f"urn:vigie:problem:{error.type}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
    }
    if error.faults:
        content["errors"] = [{"pointer": fault.pointer, "detail": fault.detail} for fault in error.faults]
    return Response(
        pydantic_core.to_json(content), error.status, headers=error.headers, media_type=MEDIA_TYPE
    )


def in_openapi(*errors: type[ApiError]) -> dict[int | str, dict[str, Any]]:
    """Describe errors for a route's `responses=`: one entry a status, one example an error.

    Any: OpenAPI is JSON, and FastAPI types it so.
    """
    responses: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        entry = responses.setdefault(
            error.status,
            {"description": error.title, "content": {MEDIA_TYPE: {"schema": _SCHEMA, "examples": {}}}},
        )
        entry["content"][MEDIA_TYPE]["examples"][error.type] = {
            "summary": error.title,
            "value": {
                "type": f"urn:vigie:problem:{error.type}",
                "title": error.title,
                "status": error.status,
                "detail": error.example,
            },
        }
        if len(entry["content"][MEDIA_TYPE]["examples"]) > 1:
            entry["description"] = "One of several problems; `type` says which"
    return responses


def install(app: FastAPI) -> None:
    """Let every error of the application leave as a problem."""
    app.add_exception_handler(ApiError, _on_api_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_fault)


async def _on_api_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, ApiError):
        raise error
    return problem(error)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers or {})
    if error.status_code == NotFoundError.status:
        return problem(NotFoundError("no call has this path; /docs lists those there are", headers=headers))
    if error.status_code == MethodNotAllowedError.status:
        allowed = headers.get("Allow", "another method")
        detail = f"this path answers {allowed}, not {request.method:.20}"
        return problem(MethodNotAllowedError(detail, headers=headers))
    raise error


async def _on_fault(request: Request, error: Exception) -> Response:
    # Starlette raises the error again after this answer, and the server logs its traceback.
    _log.error("request_failed route=%s error=%s", request.scope["path"], type(error).__name__)
    return problem(InternalError(InternalError.example))
