"""The two ways a request ends badly, with messages that never repeat the input.

Refused        the request is wrong      -> its own 4xx, or 507 when the disk is nearly full
EngineFailed   Edge could not do it      -> 500, the caller tries again
"""


class Refused(Exception):  # noqa: N818  reads as what happened
    """A request that is answered with `status` and `message` and has changed nothing."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class EngineFailed(Exception):  # noqa: N818  reads as what happened
    """Edge raised an error that the checks before it should have ruled out."""
