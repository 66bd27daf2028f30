"""The errors that decide what the loop does; everything else is a bug.

TidemarkError
├── StoreUnavailable   a store cannot answer now     -> retry for ever, outside the transaction
├── DataError          this record can never work    -> dead letter (admit) or quarantine (views)
├── FatalError         going on would lose or double -> the process exits 70, uncommitted
└── ConfigError        refuse to start               -> the process exits 78, one line a reason
"""

from collections.abc import Sequence

EXIT_FATAL = 70
EXIT_CONFIG = 78


class TidemarkError(Exception):
    """Base of every error that Tidemark raises on purpose."""


class StoreUnavailable(TidemarkError):  # noqa: N818  names a state, as the loop reads it
    """A store cannot answer now; the same call may succeed later."""


class DataError(TidemarkError):
    """A record that can never be processed. `reason` is a closed-set word, free of content."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class FatalError(TidemarkError):
    """Continuing would lose or double effects; only a fresh process may go on."""


class ConfigError(TidemarkError):
    """The configuration refuses to start; `reasons` holds one line each."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)
