"""Installations of a test's own, and the servers of a pipeline that a module's tests share."""

import pytest

from tests.conftest import database
from tests.integration.stages_support import world_at


@pytest.fixture
async def world(postgres_url):
    async with world_at(postgres_url) as world:
        yield world


@pytest.fixture(scope="module")
def pipeline_servers(
    kafka_options, postgres_server, migrated_template, vectors_url, tmp_path_factory
):
    """A folder and addresses for `running_pipeline`, the database at the present schema."""
    for url in database(postgres_server, migrated_template):
        yield tmp_path_factory.mktemp("pipeline"), kafka_options, url, vectors_url
