"""`python -m consumers.reembed`: embed the whole journal again with the model of the settings.

Searching by meaning is incomplete until embed has caught up; nothing else is touched.
"""

import argparse
import asyncio
import sys

from pipeline import wiring
from pipeline.adapters.postgres.collection import begin_again
from pipeline.errors import EXIT_CONFIG, ConfigError, StoreUnavailable
from pipeline.logs import configure
from pipeline.settings import settings
from pipeline.worker import open_resources


async def _run(*, keep_old: bool) -> None:
    configured = settings()
    resources = open_resources(configured)
    encoder = wiring.encoder(configured, "query")
    vectors = wiring.vector_store(configured, encoder)
    try:
        await vectors.ensure_collection()
        old = await begin_again(resources.engine, vectors.collection)
        if old not in {None, vectors.collection} and not keep_old:
            await vectors.client.delete_collection(str(old))
        print(f"embed begins again in {vectors.collection}; its workers need a restart")
    finally:
        await vectors.close()
        await resources.engine.dispose()
        encoder.close()


def main() -> None:
    """Begin again, or say why not."""
    parser = argparse.ArgumentParser(prog="tidemark reembed", description=__doc__)
    parser.add_argument("--keep-old", action="store_true", help="leave the old collection alone")
    options = parser.parse_args()
    configure("WARNING")
    try:
        asyncio.run(_run(keep_old=options.keep_old))
    except ConfigError as error:
        print("\n".join(error.reasons), file=sys.stderr)
        sys.exit(EXIT_CONFIG)
    except StoreUnavailable as error:
        print(error, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
