"""Every setting, read once from the environment and `.env`; the only reader of `os.environ`."""

import os
import socket
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipeline.errors import ConfigError

Positive = Annotated[int, Field(gt=0)]


class Settings(BaseSettings):
    """The settings of every process. Field names are the variables' names in lower case."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    tidemark_env: Literal["production", "dev"] = Field(
        "production", description="`dev` makes its own keys and listens on loopback only."
    )
    tidemark_tenant: str = Field("default", description="Name mixed into every pseudonym.")
    data_dir: Path = Field(Path(".tidemark"), description="Keys, caches and the embedded engines.")
    tidemark_log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Level of the processes' own logs."
    )

    kafka_bootstrap_servers: str = Field(
        "127.0.0.1:9092", description="Apache Kafka 3.9 or newer, `host:port,host:port`."
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How to talk to the brokers."
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="Used with the SASL protocols."
    )
    kafka_sasl_username: str = Field("", description="SASL user.")
    kafka_sasl_password: SecretStr = Field(SecretStr(""), description="SASL password.")
    kafka_ssl_cafile: str = Field("", description="CA bundle of the brokers (PEM).")
    kafka_ssl_certfile: str = Field("", description="Client certificate for mTLS (PEM).")
    kafka_ssl_keyfile: str = Field("", description="Client key for mTLS (PEM).")
    tidemark_topic_prefix: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._-]{0,200}$",
        description="Put before topic and group names, so that installations share a broker.",
    )
    tidemark_partitions: Positive = Field(
        6, description="Partitions of `chat.events` and `memory.journal`; fixed at first use."
    )
    tidemark_worker_id: str = Field(
        "", description="Stable, unique name of this worker; by default host and a free slot."
    )
    tidemark_batch: Positive = Field(400, description="Records a consumer takes at once, at most.")
    tidemark_linger_seconds: float = Field(
        0.05, gt=0, description="How long a consumer waits to fill a batch."
    )
    tidemark_stop_seconds: float = Field(
        10.0, gt=0, description="Grace after SIGTERM before a worker leaves the hard way."
    )
    tidemark_session_seconds: int = Field(
        30,
        ge=6,  # the least that brokers allow by default
        description="How long a worker may be silent before others take its partitions.",
    )
    tidemark_trim_delay_seconds: float = Field(
        600.0, ge=0, description="Admitted records stay on `chat.events` at least this long."
    )
    tidemark_trim_interval_seconds: float = Field(
        60.0, gt=0, description="How often the janitor trims."
    )

    postgres_url: SecretStr = Field(
        SecretStr("postgresql://127.0.0.1:5432/tidemark"), description="PostgreSQL 15 or newer."
    )
    postgres_pool_size: int = Field(
        10,
        ge=5,  # what `tidemark verify` holds at once, and one more
        description="Connections a process keeps at most; 5 or more.",
    )

    qdrant_url: str = Field("http://127.0.0.1:6333", description="Qdrant, or the vectors process.")
    qdrant_api_key: SecretStr = Field(SecretStr(""), description="API key of a Qdrant server.")
    vector_privacy: Literal["rotated"] = Field(
        "rotated", description="Vectors are rotated per user: obfuscation, not encryption."
    )

    embedding_model: str = Field(
        "all-MiniLM-L6-v2", description="Bundled model, or the path of a model folder."
    )
    embedding_runtime: Literal["auto", "torch", "openvino"] = Field(
        "auto", description="`auto`: a GPU with torch, else OpenVINO."
    )
    use_gpu: Literal["auto", "true", "false"] = Field("auto", description="Use CUDA for encoding.")

    api_host: str = Field("127.0.0.1", description="Address the API listens on.")
    api_port: int = Field(8080, ge=0, le=65535, description="Port the API listens on.")
    max_context_messages: Positive = Field(20, description="Recent AI messages in a context.")
    max_general_messages: Positive = Field(10, description="Recent general messages in a context.")
    max_messages: Positive = Field(100, description="Largest page of messages or results.")
    tidemark_after_seconds: float = Field(
        5.0,
        ge=0,
        description="How long a read with `after` waits for the views before it answers 409.",
    )
    context_retention_days: int = Field(
        0,
        ge=0,
        description="Age at which messages are forgotten; only 0, which keeps them, so far.",
    )
    metrics_port: int = Field(
        0, ge=0, le=65535, description="Prometheus port of a worker; 0 serves none."
    )

    metrics_host: str = Field("127.0.0.1", description="Address of a worker's metrics.")

    tidemark_keks: SecretStr = Field(
        SecretStr(""), description="Key-encryption keys, `id:base64,…`, the first one active."
    )
    tidemark_pid_key: SecretStr = Field(
        SecretStr(""), description="Base64 of the 32 bytes that make pseudonyms; never rotated."
    )
    tidemark_key_file: Path | None = Field(
        None, description="JSON file (0600) with both keys, instead of the two variables."
    )

    @model_validator(mode="before")
    @classmethod
    def _empty_means_default(cls, values: Any) -> Any:
        return {k: v for k, v in values.items() if v != ""} if isinstance(values, dict) else values

    @model_validator(mode="after")
    def _dev_listens_on_loopback(self) -> Self:
        if self.dev and self.api_host not in {"127.0.0.1", "::1", "localhost"}:
            raise ValueError("API_HOST: with TIDEMARK_ENV=dev the API listens on loopback only")
        return self

    @model_validator(mode="after")
    def _nothing_is_forgotten_yet(self) -> Self:
        if self.context_retention_days:
            raise ValueError("CONTEXT_RETENTION_DAYS: nothing forgets by age yet; leave it at 0")
        return self

    @property
    def dev(self) -> bool:
        """Whether this is a developer's machine, which may make its own keys."""
        return self.tidemark_env == "dev"

    @property
    def key_file(self) -> Path:
        """The key file that is read, and in dev made, when no key is in the environment."""
        return self.tidemark_key_file or self.data_dir / "keys" / "keys.json"

    @property
    def cache_dir(self) -> Path:
        """Where downloaded jars and exported models live, shared by every data directory."""
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tidemark"


@cache
def settings() -> Settings:
    """The process's settings, read once.

    Raises:
        ConfigError: one line per setting that cannot be read; values are never echoed.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise ConfigError([_line(e) for e in error.errors(include_input=False)]) from None


def environment(overrides: dict[str, str]) -> dict[str, str]:
    """The environment for a child process: this one's, with `overrides` on top."""
    return {**os.environ, **overrides}


def host_name() -> str:
    """The machine's name, the stable half of a worker's default identity."""
    return socket.gethostname()


def _line(error: Any) -> str:
    name = ".".join(str(part) for part in error["loc"]).upper()
    return f"{name}: {error['msg']}" if name else str(error["msg"])
