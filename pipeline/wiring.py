"""Settings in, adapters out: the only place that chooses implementations."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy.ext.asyncio import AsyncEngine

from pipeline.adapters.kafka.options import KafkaOptions
from pipeline.adapters.keys import (
    LocalKeys,
    Secrets,
    check_secrets,
    create_key_file,
    secrets_from_file,
    secrets_from_text,
)
from pipeline.adapters.postgres.engine import create_engine
from pipeline.adapters.postgres.keyring import TTL_SECONDS, Keyring
from pipeline.errors import ConfigError
from pipeline.ports import Encoder
from pipeline.settings import Settings
from pipeline.stages.admission import Identity
from pipeline.topics import TopicNames, topic_names

if TYPE_CHECKING:
    from pipeline.adapters.qdrant import QdrantStore


def kafka_options(settings: Settings) -> KafkaOptions:
    """How to reach the brokers."""
    return KafkaOptions(
        bootstrap=settings.kafka_bootstrap_servers,
        security_protocol=settings.kafka_security_protocol,
        sasl_mechanism=settings.kafka_sasl_mechanism,
        sasl_username=settings.kafka_sasl_username,
        sasl_password=settings.kafka_sasl_password.get_secret_value(),
        ssl_cafile=settings.kafka_ssl_cafile,
        ssl_certfile=settings.kafka_ssl_certfile,
        ssl_keyfile=settings.kafka_ssl_keyfile,
    )


def topics(settings: Settings) -> TopicNames:
    """The topics' names."""
    return topic_names(settings.tidemark_topic_prefix)


def postgres(settings: Settings) -> AsyncEngine:
    """A pooled engine; its owner disposes of it."""
    return create_engine(settings.postgres_url.get_secret_value(), settings.postgres_pool_size)


def secrets(settings: Settings) -> Secrets:
    """The key-encryption keys and the pseudonym key, from the environment or the key file.

    Raises:
        ConfigError: keys are missing, weak or samples, one line each. In dev a missing key file
            is made instead.
    """
    keks = settings.tidemark_keks.get_secret_value()
    if keks:
        found = secrets_from_text(keks, settings.tidemark_pid_key.get_secret_value())
    else:
        path = settings.key_file
        if settings.dev:
            path.parent.mkdir(parents=True, exist_ok=True)
            create_key_file(path)
        elif not path.exists():
            raise ConfigError(["TIDEMARK_KEKS: no key-encryption key, and no TIDEMARK_KEY_FILE"])
        found = secrets_from_file(path)
    if reasons := check_secrets(found):
        raise ConfigError(reasons)
    return found


def identity(settings: Settings, keys: Secrets) -> Identity:
    """What turns user ids into pseudonyms."""
    return Identity(keys.pid_key, settings.tidemark_tenant)


def keyring(engine: AsyncEngine, keys: Secrets, ttl: float = TTL_SECONDS) -> Keyring:
    """Users' keys, cached for `ttl` seconds: for that long at most, one destroyed is known."""
    return Keyring(engine, LocalKeys(keys.keks), ttl)


def encoder(
    settings: Settings, mode: Literal["bulk", "query"], threads: int | None = None
) -> Encoder:
    """The encoder the settings choose; the first call on a machine exports the model."""
    from pipeline.adapters.embedding import load_encoder  # noqa: PLC0415  heavy

    return load_encoder(
        settings.embedding_model,
        runtime=settings.embedding_runtime,
        use_gpu=None if settings.use_gpu == "auto" else settings.use_gpu == "true",
        cache_dir=Path(settings.cache_dir),
        mode=mode,
        threads=threads,
    )


def vector_store(settings: Settings, encoder: Encoder) -> "QdrantStore":
    """The vector store, in the collection that belongs to the encoder's model."""
    from pipeline.adapters.qdrant import (  # noqa: PLC0415  heavy
        QdrantStore,
        collection_name,
        connect,
    )

    name = collection_name(
        encoder.model_name,
        encoder.dimension,
        settings.vector_privacy,
        settings.tidemark_topic_prefix,
    )
    key = settings.qdrant_api_key.get_secret_value() or None
    return QdrantStore(connect(settings.qdrant_url, api_key=key), name, encoder.dimension)
