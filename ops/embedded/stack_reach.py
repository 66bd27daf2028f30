"""How to reach a stack's parts: the settings of its processes, and of commands run beside it."""

from collections.abc import Mapping

from pydantic import SecretStr, ValidationError

from ops.embedded import postgres
from ops.embedded.postgres import PostgresServer
from ops.embedded.stack_home import Home
from ops.embedded.state import Addresses, running
from pipeline.errors import ConfigError
from pipeline.settings import Settings, environment, settings

DATABASE = "tidemark"


def developer_settings() -> Settings:
    """The settings of a stack on one's own machine: dev, unless the user says otherwise.

    Raises:
        ConfigError: one line per setting that cannot be read.
    """
    given = settings()
    if "tidemark_env" in given.model_fields_set:
        return given
    try:
        return Settings(tidemark_env="dev")
    except ValidationError as error:
        raise ConfigError([str(each["msg"]) for each in error.errors()]) from None


def beside_the_stack() -> Settings:
    """The settings of a command: where a stack runs in the data directory, that stack's.

    What the user has set says where to go all the same.

    Raises:
        ConfigError: one line per setting that cannot be read; or a stack is just starting.
    """
    given = settings()
    home = Home(given.data_dir.resolve())
    state = running(home)
    if state is None:
        return given
    reached = reach(developer_settings(), home, state.addresses)
    set_by_user = {name: getattr(given, name) for name in given.model_fields_set}
    return reached.model_copy(update=set_by_user)


def reach(given: Settings, home: Home, addresses: Addresses) -> Settings:
    """The settings with the addresses of a stack, whose database server has been prepared."""
    found: dict[str, object] = {
        "data_dir": home.root,
        "kafka_bootstrap_servers": addresses.kafka,
        "qdrant_url": addresses.vectors,
        "api_port": int(addresses.api.rpartition(":")[2]),
    }
    if addresses.postgres_port:
        server = PostgresServer(data_dir=home.folder("postgres"), port=addresses.postgres_port)
        found["postgres_url"] = SecretStr(postgres.url(server, DATABASE))
    return given.model_copy(update=found)


def process_environment(reached: Settings, extra: Mapping[str, str]) -> dict[str, str]:
    """The environment that leads a process of ours to where these settings point."""
    return environment(
        {
            "TIDEMARK_ENV": reached.tidemark_env,
            "DATA_DIR": str(reached.data_dir),
            "KAFKA_BOOTSTRAP_SERVERS": reached.kafka_bootstrap_servers,
            "POSTGRES_URL": reached.postgres_url.get_secret_value(),
            "QDRANT_URL": reached.qdrant_url,
            "API_PORT": str(reached.api_port),
            **extra,
        }
    )


def api_address(reached: Settings) -> str:
    """The URL of the API that these settings describe, without a path."""
    host = f"[{reached.api_host}]" if ":" in reached.api_host else reached.api_host
    return f"http://{host}:{reached.api_port}"
