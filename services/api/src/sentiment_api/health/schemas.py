"""What the health calls say."""

from typing import Literal

from pydantic import BaseModel


class Alive(BaseModel):
    """The process runs."""

    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    """A version answers."""

    status: Literal["ready"] = "ready"
    model_version: str
