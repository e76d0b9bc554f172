"""Reads a JSON body strictly, in one pass, with the reason where it is wrong."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from sentiment_api.errors import Fault, InvalidJsonError, InvalidRequestError, UnsupportedMediaTypeError

_Body = TypeVar("_Body", bound=BaseModel)

# A body of a thousand wrong texts has a thousand faults; nobody reads more than a few.
_MOST_FAULTS = 20


async def read_json(request: Request, model: type[_Body]) -> _Body:
    """Read and check a request's body.

    FastAPI's own reading parses twice, lets half of a surrogate pair through `json.loads`, and costs three
    times as much.

    Raises
    ------
    UnsupportedMediaTypeError
        If the body is not announced as JSON.
    InvalidJsonError
        If it is not JSON in UTF-8, or nested too deeply.
    InvalidRequestError
        If it says something else than the model takes.
    """
    content_type = request.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != "application/json" and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        got = f"not {media_type:.60}" if media_type else "which is missing"
        raise UnsupportedMediaTypeError(f"send the body with Content-Type: application/json, {got}")
    body = await request.body()
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise _as_api_error(error) from None  # its message holds the text


def _as_api_error(error: ValidationError) -> InvalidJsonError | InvalidRequestError:
    details = error.errors(include_url=False, include_input=False, include_context=True)
    first = details[0]
    if first["type"] == "json_invalid":
        reason = str(first.get("ctx", {}).get("error", "it cannot be parsed"))
        return InvalidJsonError(f"the body is not JSON in UTF-8: {reason}")
    faults = [
        Fault("".join(f"/{_escape(part)}" for part in item["loc"]), _in_words(item["type"], item["msg"]))
        for item in details[:_MOST_FAULTS]
    ]
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    where = f"{faults[0].pointer}: " if faults[0].pointer else ""
    return InvalidRequestError(f"{where}{faults[0].detail}{more}", faults=faults)


def _escape(part: int | str) -> str:
    # A client's own unknown field names come back here: shortened, they stay harmless.
    return str(part)[:100].replace("~", "~0").replace("/", "~1")


def _in_words(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "this call has no such field"
    if kind == "model_type":
        return "the body must be a JSON object"
    return message.removeprefix("Value error, ")
