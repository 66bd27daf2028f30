"""Alembic's entry: runs the migrations over the connection that `migrate.upgrade` hands it."""

from alembic import context

from pipeline.adapters.postgres.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table_schema="public",
    include_schemas=True,
)
with context.begin_transaction():
    context.run_migrations()
