"""Questions to the memory, over HTTP like everybody else's."""

from typing import Annotated

import typer

User = Annotated[str, typer.Argument(help="Whose memory.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as it came.")]


def context(
    user: User,
    query: Annotated[str, typer.Option(help="What the context is for.")] = "",
    limit: Annotated[int, typer.Option(min=0, help="Most relevant messages; 0: as set.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Print what a model should know about a user right now."""
    from ops.cli.http import get
    from ops.cli.render import context_lines, context_path

    answer = get(_api(), context_path(user, query, limit))
    _print(answer, context_lines(answer), as_json=as_json)


def search(
    user: User,
    query: Annotated[str, typer.Argument(help="What to look for.", show_default=False)],
    limit: Annotated[int, typer.Option(min=1, help="Most results.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Find what was said, nearest first."""
    from ops.cli.http import post
    from ops.cli.render import search_lines

    body = {"user_id": user, "query": query, "limit": limit}
    answer = post(_api(), "/memory/search", body)
    _print(answer, search_lines(answer), as_json=as_json)


def _api() -> str:
    from ops.embedded.stack_reach import api_address, beside_the_stack

    return api_address(beside_the_stack())


def _print(answer: object, lines: list[str], *, as_json: bool) -> None:
    import json

    text = json.dumps(answer, indent=2, ensure_ascii=False) if as_json else "\n".join(lines)
    typer.echo(text)
