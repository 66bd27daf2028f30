"""User ids in paths: whatever a path can spell, slashes and line breaks included."""

from starlette.convertors import Convertor, register_url_convertor


class UserIdConvertor(Convertor[str]):
    """Takes the rest of the path; the user id is always the last thing in ours."""

    regex = "(?s:.*)"

    def convert(self, value: str) -> str:
        """As it stands."""
        return value

    def to_string(self, value: str) -> str:
        """As it stands."""
        return value


register_url_convertor("rest", UserIdConvertor())


def of_user(what: str) -> str:
    """The path of something that a user has."""
    return f"/memory/{what}/{{user_id:rest}}"
