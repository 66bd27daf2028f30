"""The ways a production cluster is reached, tried on a broker that asks for them."""

from dataclasses import replace

import pytest
from confluent_kafka.admin import (
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from ops.embedded.ports import HOST, free_ports
from pipeline.adapters.kafka import (
    KafkaOptions,
    broker_url,
    cluster_identity,
    idempotent_producer,
    send_closed_batch,
)
from pipeline.errors import ConfigError, StoreUnavailable
from tests.certificates import authority, issued_by
from tests.kafka_records import numbered, numbers_of, read_all, topic
from tests.servers import KAFKA_SETTINGS, kafka_engine, running

USER, PASSWORD = "tidemark", "correct horse"


@pytest.fixture(scope="module")
def trusted():
    return authority()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, trusted):
    """Options for SCRAM over TLS and for mutual TLS, on one broker."""
    folder = tmp_path_factory.mktemp("secure")
    plain, controller, scram, mutual = free_ports(4)
    settings = KAFKA_SETTINGS | secured(plain, controller, scram, mutual, trusted)
    server, engine = kafka_engine(folder / "kafka", (plain, controller), settings)
    cafile, _ = trusted.save(folder)
    certfile, keyfile = issued_by(trusted, "client").save(folder)
    with running(engine):
        add_user(server.bootstrap)
        yield {
            "scram": KafkaOptions(
                bootstrap=f"{HOST}:{scram}",
                security_protocol="SASL_SSL",
                sasl_mechanism="SCRAM-SHA-512",
                sasl_username=USER,
                sasl_password=PASSWORD,
                ssl_cafile=cafile,
            ),
            "mutual": KafkaOptions(
                bootstrap=f"{HOST}:{mutual}",
                security_protocol="SSL",
                ssl_cafile=cafile,
                ssl_certfile=certfile,
                ssl_keyfile=keyfile,
            ),
        }


def secured(plain, controller, scram, mutual, trusted):
    certificate = issued_by(trusted, "broker")
    outward = f"PLAINTEXT://{HOST}:{plain},SCRAM://{HOST}:{scram},MUTUAL://{HOST}:{mutual}"
    login = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    return {
        "listeners": f"{outward},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": outward,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,"
        "SCRAM:SASL_SSL,MUTUAL:SSL",
        "listener.name.scram.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.scram.scram-sha-512.sasl.jaas.config": login,
        "listener.name.mutual.ssl.client.auth": "required",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.key": certificate.key_pem,
        "ssl.keystore.certificate.chain": certificate.pem,
        "ssl.truststore.type": "PEM",
        "ssl.truststore.certificates": trusted.pem,
    }


def add_user(bootstrap):
    kind = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
    user = UserScramCredentialUpsertion(USER, kind, PASSWORD.encode())
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for done in admin.alter_user_scram_credentials([user]).values():
        done.result(timeout=30)


@pytest.mark.parametrize("way", ["scram", "mutual"])
async def test_topics_are_made_written_and_read(cluster, way):
    options = cluster[way]
    name = await topic(options, f"over-{way}")
    producer = idempotent_producer(options)
    await producer.start()
    await send_closed_batch(producer, name, 0, numbered(range(3)))
    await producer.stop()

    assert numbers_of(await read_all(options, name)) == [0, 1, 2]


@pytest.mark.parametrize(
    ("way", "without"),
    [
        ("scram", {"sasl_password": "wrong"}),
        ("scram", {"ssl_cafile": ""}),
        ("mutual", {"ssl_certfile": "", "ssl_keyfile": ""}),
    ],
)
async def test_a_client_without_the_right_credentials_gets_nothing(cluster, way, without):
    with pytest.raises(StoreUnavailable):
        await cluster_identity(replace(cluster[way], **without), [])


def test_a_protocol_without_its_credentials_is_refused():
    with pytest.raises(ConfigError) as refusal:
        KafkaOptions(bootstrap=" ", security_protocol="SASL_SSL", ssl_keyfile="key.pem")

    assert len(refusal.value.reasons) == 3


@pytest.mark.parametrize("content", [None, "not a certificate"])
def test_a_certificate_file_that_cannot_be_used_is_refused(tmp_path, content):
    path = tmp_path / "ca.pem"
    if content:
        path.write_text(content)

    options = KafkaOptions(bootstrap="h:1", security_protocol="SSL", ssl_cafile=str(path))
    with pytest.raises(ConfigError, match="KAFKA_SSL_CAFILE"):
        idempotent_producer(options)


def test_the_password_is_never_shown():
    options = KafkaOptions(bootstrap="h:1", sasl_username=USER, sasl_password=PASSWORD)

    assert PASSWORD not in repr(options)


def test_faust_gets_every_broker():
    assert broker_url(KafkaOptions(bootstrap="a:1, b:2")) == "kafka://a:1;b:2"
