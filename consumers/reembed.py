"""`python -m consumers.reembed`: embed the whole journal again with the model of the settings.

Searching by meaning is incomplete until embed has caught up; nothing else is touched.
Exit code 0: done; 2: it could not be done.
"""

import argparse
from typing import NoReturn

from consumers.command import run_command
from pipeline import wiring
from pipeline.adapters.postgres.collection import begin_again
from pipeline.settings import settings
from pipeline.worker import open_resources


async def _run(*, keep_old: bool) -> int:
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
        return 0
    finally:
        await vectors.close()
        await resources.engine.dispose()
        encoder.close()


def main() -> NoReturn:
    """Begin again, or say why not."""
    parser = argparse.ArgumentParser(prog="tidemark reembed", description=__doc__)
    parser.add_argument("--keep-old", action="store_true", help="leave the old collection alone")
    options = parser.parse_args()
    run_command(_run(keep_old=options.keep_old))


if __name__ == "__main__":
    main()
