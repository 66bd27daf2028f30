"""How to reach the brokers, for aiokafka's clients and for Faust alike."""

import ssl
from dataclasses import dataclass, field
from typing import Any, Literal

from pipeline.errors import ConfigError

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaOptions:
    """Addresses and credentials of a cluster; empty strings mean "not given".

    Raises:
        ConfigError: the protocol asks for what is not given, one line each.
    """

    bootstrap: str  # host:port,host:port
    security_protocol: SecurityProtocol = "PLAINTEXT"
    sasl_mechanism: SaslMechanism = "SCRAM-SHA-512"
    sasl_username: str = ""
    sasl_password: str = field(default="", repr=False)
    ssl_cafile: str = ""  # PEM; empty trusts the system's authorities
    ssl_certfile: str = ""  # PEM, for mutual TLS
    ssl_keyfile: str = ""

    def __post_init__(self) -> None:
        reasons = []
        if not self.bootstrap.strip():
            reasons.append("KAFKA_BOOTSTRAP_SERVERS is empty")
        if self.uses_sasl and not (self.sasl_username and self.sasl_password):
            reasons.append("SASL needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD")
        if self.ssl_keyfile and not self.ssl_certfile:
            reasons.append("KAFKA_SSL_KEYFILE needs KAFKA_SSL_CERTFILE")
        if reasons:
            raise ConfigError(reasons)

    @property
    def uses_sasl(self) -> bool:
        """Whether clients authenticate with a name and a password."""
        return self.security_protocol.startswith("SASL")

    @property
    def servers(self) -> list[str]:
        """The bootstrap servers, one `host:port` each."""
        return [server.strip() for server in self.bootstrap.split(",") if server.strip()]


def client_arguments(options: KafkaOptions) -> dict[str, Any]:
    """Keyword arguments that every aiokafka client takes.

    Raises:
        ConfigError: see `ssl_context`.
    """
    arguments: dict[str, Any] = {
        "bootstrap_servers": options.servers,
        "security_protocol": options.security_protocol,
        "ssl_context": ssl_context(options),
    }
    if options.uses_sasl:
        arguments |= {
            "sasl_mechanism": options.sasl_mechanism,
            "sasl_plain_username": options.sasl_username,
            "sasl_plain_password": options.sasl_password,
        }
    return arguments


def broker_url(options: KafkaOptions) -> str:
    """The brokers in the form that Faust takes: `kafka://host:port;host:port`."""
    return "kafka://" + ";".join(options.servers)


def ssl_context(options: KafkaOptions) -> ssl.SSLContext | None:
    """The TLS settings, host names checked; None for a protocol without TLS.

    Raises:
        ConfigError: a file cannot be read or is not what it should be.
    """
    if not options.security_protocol.endswith("SSL"):
        return None
    try:
        context = ssl.create_default_context(cafile=options.ssl_cafile or None)
        if options.ssl_certfile:
            context.load_cert_chain(options.ssl_certfile, options.ssl_keyfile or None)
    except OSError as error:  # of which ssl.SSLError is one
        line = f"KAFKA_SSL_CAFILE, KAFKA_SSL_CERTFILE or KAFKA_SSL_KEYFILE: {error.strerror}"
        raise ConfigError([line]) from error
    return context
