"""Who asks, and for whom. The one place that keys and tokens will fill.

Until then nobody is asked for a key, so outside of dev the API serves loopback only
(`api.main.create_app` refuses anything else).
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Path

from api import problems
from api.problems import ProblemError
from schemas.fields import UserId

ME = "me"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: an anonymous local caller, a program that acts for users, or one user."""

    kind: Literal["local", "service", "user"]
    user_id: str | None = None  # the user that a token names


def principal() -> Principal:
    """The caller of this request."""
    return Principal("local")


Caller = Annotated[Principal, Depends(principal)]


def named_user(caller: Principal, user_id: str) -> str:
    """The user that `user_id` means; `me` is the one whom the caller's token names.

    Raises:
        ProblemError: `me` without such a token; or a user asks for another one, who is answered
            as if nobody of that name existed.
    """
    if user_id == ME:
        if caller.user_id is None:
            raise ProblemError(problems.ME_WITHOUT_USER, "use the user's id")
        return caller.user_id
    if caller.kind == "user" and user_id != caller.user_id:
        raise ProblemError(problems.NOT_FOUND)
    return user_id


def path_user(
    caller: Caller,
    user_id: Annotated[
        UserId,
        Path(description="Whose memory; `me` where a token names the user.", examples=["ana"]),
    ],
) -> str:
    """The user named in the path."""
    return named_user(caller, user_id)


def administrator(caller: Caller) -> Principal:
    """A caller that may see who is there at all.

    Raises:
        ProblemError: the caller is a user.
    """
    if caller.kind == "user":
        raise ProblemError(problems.NOT_FOUND)
    return caller


PathUser = Annotated[str, Depends(path_user)]
"""The user named in the path, after the caller's right to them was checked."""
