"""Logging of every process: one line an event, no content, drivers kept quiet; bare traces."""

import logging

# They repeat themselves thousands of times while a broker is away.
_NOISY = ("aiokafka", "faust", "mode", "kafka", "httpx", "httpcore", "alembic", "pipeline.app")


def configure(level: str) -> None:
    """Log to standard error; drivers only from ERROR on."""
    logging.basicConfig(
        level=level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def wordless(error: BaseException) -> BaseException:
    """The same trace under a name without arguments: an error's text may quote a row."""
    return RuntimeError(type(error).__name__).with_traceback(error.__traceback__)
