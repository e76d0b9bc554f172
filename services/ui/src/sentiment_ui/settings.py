"""What the page is told from outside."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class UiSettings(BaseSettings):
    """Read once when the server starts."""

    model_config = SettingsConfigDict(env_prefix="VIGIE_", frozen=True, extra="ignore")

    api_url: str = Field("http://127.0.0.1:8000", description="Where the API listens.", min_length=1)
