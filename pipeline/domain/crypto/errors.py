"""What can be wrong with a sealed thing; see the tree in the package's docstring."""


class UnsupportedBox(ValueError):  # noqa: N818  named by what was found
    """The bytes are in no format that this reader knows; a newer release may read them."""


class TamperedRecord(ValueError):  # noqa: N818  named by what was found
    """The bytes are not what was sealed for this user, record, kind and key.

    It is never worth trying other keys.
    """


class UnknownKek(ValueError):  # noqa: N818  named by what was found
    """The key-encryption key named in a wrapped key is not among the configured ones."""
