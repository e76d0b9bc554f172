"""Bounds what a body may cost: its size, announced or not, and the time it takes to arrive."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sentiment_api.errors import ApiError, BodyTimeoutError, BodyTooLargeError
from sentiment_api.problems import problem


class BodyLimits:
    """ASGI middleware that answers 413 or 408 before a body can fill the memory.

    Parameters
    ----------
    largest_bytes
        Of a body.
    timeout_s
        Seconds from the first part of a body to its last.
    """

    def __init__(self, app: ASGIApp, *, largest_bytes: int, timeout_s: float) -> None:
        self._app = app
        self._largest_bytes = largest_bytes
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        for name, value in scope["headers"]:
            if name == b"content-length" and int(value) > self._largest_bytes:
                await problem(_too_large(self._largest_bytes))(scope, receive, send)
                return
        await self._app(scope, _Counted(receive, self._largest_bytes, self._timeout_s), send)


class _Counted:
    """`receive` that counts the bytes of a body and watches the clock.

    What it raises comes out of the endpoint's own reading, before any answer was begun.
    """

    def __init__(self, receive: Receive, largest_bytes: int, timeout_s: float) -> None:
        self._receive = receive
        self._largest_bytes = largest_bytes
        self._timeout_s = timeout_s
        self._bytes = 0
        self._deadline = 0.0
        self._complete = False

    async def __call__(self) -> Message:
        if self._complete:
            return await self._receive()
        self._deadline = self._deadline or asyncio.get_running_loop().time() + self._timeout_s
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            detail = f"the body did not arrive within {self._timeout_s:g} seconds"
            raise BodyTimeoutError(detail, headers=_LAST) from None
        if message["type"] == "http.request":
            self._bytes += len(message.get("body", b""))
            self._complete = not message.get("more_body", False)
        if self._bytes > self._largest_bytes:
            raise _too_large(self._largest_bytes)
        return message


# What is left of the body is not read, so the connection cannot be used again.
_LAST = {"Connection": "close"}


def _too_large(largest_bytes: int) -> ApiError:
    return BodyTooLargeError(f"the body is larger than the {largest_bytes:,} bytes allowed", headers=_LAST)
