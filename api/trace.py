"""Traces for the log: where it happened and what kind of error, without the error's own words."""


def wordless(error: BaseException) -> BaseException:
    """The same trace under a name without arguments: an error's text may quote a row."""
    return RuntimeError(type(error).__name__).with_traceback(error.__traceback__)
