"""The short way to the one call whose speed matters."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sentiment_api.errors import ApiError
from sentiment_api.problems import problem

Endpoint = Callable[[Request], Awaitable[Response]]


class Shortcut:
    """ASGI middleware that calls one endpoint itself instead of through the framework's routing.

    Routing and dependency solving cost as much as scoring a tweet. The route stays registered with FastAPI,
    which describes it in OpenAPI and answers other methods.
    """

    def __init__(self, app: ASGIApp, *, path: str, endpoint: Endpoint) -> None:
        self._app = app
        self._path = path
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request."""
        if (
            scope["type"] != "http"
            or scope["method"] != "POST"
            or scope["path"].removeprefix(scope["root_path"]) != self._path
        ):
            await self._app(scope, receive, send)
            return
        try:
            response = await self._endpoint(Request(scope, receive))
        except ApiError as error:
            response = problem(error)
        await response(scope, receive, send)
