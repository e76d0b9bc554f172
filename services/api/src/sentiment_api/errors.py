"""What a client can be told is wrong, as one tree. Each error knows its own HTTP status.

ApiError
├── InvalidJsonError             the body is no JSON in UTF-8
├── InvalidRequestError          the JSON says something else than the call takes
│   ├── EmptyTextError           a text holds no visible character
│   └── TextTooLongError         a text is longer than VIGIE_MAX_TEXT_LENGTH
├── BodyTooLargeError            the body is longer than VIGIE_MAX_BODY_BYTES
├── BodyTimeoutError             the body did not arrive in time
├── UnsupportedMediaTypeError    the body does not claim to be JSON
├── NotFoundError                no such path
├── MethodNotAllowedError        the path answers other methods
├── IdempotencyConflictError     one Idempotency-Key, two different bodies
├── NoModelError                 no version is loaded yet
├── OverloadedError              too many heavy requests are waiting
├── ModelFailedError             the loaded version could not score a text
├── DatabaseUnavailableError     feedback cannot be stored now
└── InternalError                a fault of ours
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in a body: where (a JSON pointer, empty for the whole) and what."""

    pointer: str
    detail: str


class ApiError(Exception):
    """A request cannot be answered as asked; leaves as `application/problem+json`."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong here"
    example: ClassVar[str] = ""

    def __init__(
        self, detail: str, *, faults: Sequence[Fault] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = dict(headers or {})


class InvalidJsonError(ApiError):
    """The body is no JSON in UTF-8."""

    status = 400
    type = "invalid-json"
    title = "The body is not JSON"
    example = "the body is not JSON: EOF while parsing a string at line 1 column 12"


class InvalidRequestError(ApiError):
    """The JSON says something else than the call takes."""

    status = 422
    type = "invalid-request"
    title = "The body is not what this call takes"
    example = "/text: Input should be a valid string"


class EmptyTextError(InvalidRequestError):
    """A text holds no visible character."""

    type = "empty-text"
    title = "A text is empty"
    example = "/texts/3: the text is empty or blank"


class TextTooLongError(InvalidRequestError):
    """A text is longer than allowed."""

    type = "text-too-long"
    title = "A text is too long"
    example = "/text: the text has 1,204 characters; at most 1,000 are allowed"


class BodyTooLargeError(ApiError):
    """The body is longer than allowed."""

    status = 413
    type = "body-too-large"
    title = "The body is too large"
    example = "the body is larger than the 8,388,608 bytes allowed"


class BodyTimeoutError(ApiError):
    """The body did not arrive in time."""

    status = 408
    type = "body-timeout"
    title = "The body did not arrive in time"
    example = "the body did not arrive within 30 seconds"


class UnsupportedMediaTypeError(ApiError):
    """The body does not claim to be JSON."""

    status = 415
    type = "unsupported-media-type"
    title = "The body must be JSON"
    example = "send the body with Content-Type: application/json, not text/plain"


class NotFoundError(ApiError):
    """No such path."""

    status = 404
    type = "not-found"
    title = "There is nothing here"
    example = "no call has this path; see /docs"


class MethodNotAllowedError(ApiError):
    """The path answers other methods."""

    status = 405
    type = "method-not-allowed"
    title = "This path takes another method"
    example = "this path answers POST, not GET"


class IdempotencyConflictError(ApiError):
    """One Idempotency-Key came with two different bodies."""

    status = 409
    type = "idempotency-conflict"
    title = "This Idempotency-Key was used for something else"
    example = "the Idempotency-Key was used before with a different body; use a new key"


class NoModelError(ApiError):
    """No version is loaded yet."""

    status = 503
    type = "no-model"
    title = "No model version is loaded"
    example = "no version of tweet-sentiment is in stage Production; promote one"


class OverloadedError(ApiError):
    """Too many heavy requests are waiting."""

    status = 503
    type = "overloaded"
    title = "Too many requests are waiting"
    example = "32 large requests are waiting already; try again in a second"


class ModelFailedError(ApiError):
    """The loaded version could not score a text."""

    status = 500
    type = "model-failed"
    title = "The model could not score this"
    example = "version 7 could not score a text of this request"


class DatabaseUnavailableError(ApiError):
    """Feedback cannot be stored now."""

    status = 503
    type = "database-unavailable"
    title = "Feedback cannot be stored now"
    example = "the database does not answer; nothing was stored, try again"


class InternalError(ApiError):
    """A fault of ours; the log has the details."""

    example = "the request could not be answered; the log has the details"
