"""Text to bytes, with an error that never repeats the text."""


class NotUnicode(ValueError):  # noqa: N818  names a state of the text
    """A string that has no UTF-8 form, because it holds a lone surrogate."""


def utf8(text: str) -> bytes:
    """Encode `text`; raises `NotUnicode`, unlike `str.encode` without quoting the text."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise NotUnicode("text holds a lone surrogate") from None
