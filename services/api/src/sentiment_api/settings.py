"""Everything that can be chosen, read once from `VIGIE_…` variables and files."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _addresses(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


# One mail address, without what could end a header line or start another address.
Address = Annotated[
    str, Field(pattern=r"^[^\s@,;<>\x00-\x1f\x7f]+@[^\s@,;<>\x00-\x1f\x7f]+$", max_length=254)
]
Addresses = Annotated[tuple[Address, ...], NoDecode, BeforeValidator(_addresses)]


class Settings(BaseSettings):
    """The API's settings, frozen. A variable that is set to nothing counts as not set."""

    model_config = SettingsConfigDict(env_prefix="VIGIE_", frozen=True, env_ignore_empty=True, extra="ignore")

    mlflow_uri: str = Field(
        "http://127.0.0.1:5000/mlflow",
        pattern=r"^https?://",
        description="Address of the MLflow server, its path prefix included.",
    )
    mlflow_username: str | None = Field(None, description="For MLflow's basic authentication.")
    mlflow_password: SecretStr | None = Field(None, description="For MLflow's basic authentication.")
    mlflow_password_file: Path | None = Field(None, description="A file that holds the password for MLflow.")
    mlflow_timeout_s: float = Field(
        5, gt=0, le=300, description="Seconds that MLflow may take for one answer, or one part of a file."
    )
    model_name: str = Field("tweet-sentiment", min_length=1, description="Registered model to serve.")
    production: str = Field(
        "stage:Production",
        pattern=r"^(stage|alias):[^\s/]+$",
        description="Which version is in Production: `stage:NAME` or `alias:NAME`.",
    )
    poll_interval_s: float = Field(2, gt=0, le=3600, description="Seconds between two looks at the registry.")
    cache_dir: Path = Field(
        Path(".vigie/cache"),
        description="Folder for downloaded versions; shared by all workers of a machine.",
    )
    max_text_length: int = Field(1000, ge=1, le=100_000, description="Characters of a text.")
    max_body_bytes: int = Field(8 * 2**20, ge=1024, description="Bytes of a request's body.")
    body_timeout_s: float = Field(30, gt=0, description="Seconds for a request's body to arrive.")
    scoring_threads: int = Field(
        2, ge=1, le=64, description="Heavy requests scored at once; light ones are scored in between."
    )
    root_path: str = Field(
        "",
        pattern=r"^(/[\w.~-]+)*$",
        description="Path under which a proxy publishes the API (and strips it), such as `/api`.",
    )
    database_url: SecretStr = Field(
        SecretStr("sqlite:///.vigie/vigie.db"),
        description="`sqlite:///PATH` or `postgresql+psycopg://USER:PASSWORD@HOST/NAME`.",
    )
    database_url_file: Path | None = Field(None, description="A file that holds the database's URL.")
    database_timeout_s: float = Field(
        5, gt=0, le=60, description="Seconds to wait for the database before feedback is refused."
    )
    alert_reports: int = Field(
        3, ge=1, le=10_000, description="Wrong-prediction reports in one window that make an alert."
    )
    alert_window_s: float = Field(300, gt=0, description="Length of that window in seconds.")
    alert_cooldown_s: float = Field(900, ge=0, description="Seconds after an alert without another.")
    alert_to: Addresses = Field(
        (), description="Who gets the alert mail, separated by commas; no mail while it is empty."
    )
    alert_from: Address = Field("vigie@localhost", description="Sender of the alert mail.")
    outbox_interval_s: float = Field(2, gt=0, le=3600, description="Seconds between two looks at the outbox.")
    smtp_host: str = Field("127.0.0.1", min_length=1, description="Mail server.")
    smtp_port: int = Field(25, ge=1, le=65_535, description="Its port.")
    smtp_tls: Literal["none", "starttls", "tls"] = Field("none", description="How the connection is secured.")
    smtp_username: str | None = Field(None, description="For the mail server.")
    smtp_password: SecretStr | None = Field(None, description="For the mail server.")
    smtp_password_file: Path | None = Field(None, description="A file that holds the password for mail.")
    smtp_timeout_s: float = Field(30, gt=0, le=200, description="Seconds for a mail to be handed over.")
    public_url: str = Field(
        "http://127.0.0.1:8080",
        pattern=r"^https?://[^\s\"'<>]+$",
        description="Where people reach the platform; for the links in mails.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least important kind of event that is logged."
    )

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, values: dict[str, object]) -> dict[str, object]:
        read = dict(values)
        for name in SECRETS:
            path = read.get(f"{name}_file")
            if path is None:
                continue
            if read.get(name) is not None:
                variable = f"VIGIE_{name.upper()}"
                raise ValueError(f"set {variable} or {variable}_FILE, not both")
            try:
                read[name] = Path(str(path)).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise ValueError(f"VIGIE_{name.upper()}_FILE: {path} cannot be read: {error}") from error
        return read

    @model_validator(mode="after")
    def _check_pairs(self) -> Self:
        for service in ("mlflow", "smtp"):
            # A secret's file may be there and empty, where the server asks for no password.
            if (getattr(self, f"{service}_username") is None) != (not getattr(self, f"{service}_password")):
                raise ValueError(
                    f"VIGIE_{service.upper()}_USERNAME and …_PASSWORD come together or not at all"
                )
        return self


# Each may come as `VIGIE_…_FILE` instead.
SECRETS = ("mlflow_password", "database_url", "smtp_password")
