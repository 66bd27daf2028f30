"""An API whose model is not the one that embed used would search among strangers: it refuses."""

import asyncio

from ops.embedded.ports import free_ports
from pipeline import wiring
from pipeline.adapters.postgres.collection import claim
from tests.integration.api.test_process import SECONDS, spawn
from tests.integration.api.world import prepare

OTHER = "another-model-768-rotated"


async def test_vectors_of_another_model_are_refused_with_the_command(
    tmp_path, postgres_url, make_settings, kafka_options
):
    settings = make_settings(postgres_url)
    await prepare(settings, kafka_options)
    engine = wiring.postgres(settings)
    await claim(engine, OTHER)
    await engine.dispose()
    process = spawn(
        tmp_path,
        tidemark_env="dev",
        data_dir=settings.data_dir,
        postgres_url=postgres_url,
        kafka_bootstrap_servers=kafka_options.bootstrap,
        tidemark_topic_prefix=settings.tidemark_topic_prefix,
        qdrant_url=settings.qdrant_url,
        api_port=free_ports(1)[0],
    )
    try:
        _, said = await asyncio.to_thread(process.communicate, timeout=SECONDS)
    finally:
        process.kill()

    assert process.returncode == 78, said
    [line] = [line for line in said.splitlines() if "EMBEDDING_MODEL" in line]
    assert OTHER in line
    assert "tidemark reembed" in line
    assert "Traceback" not in said
