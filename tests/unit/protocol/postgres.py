"""Postgres: transactions at READ COMMITTED, row locks, sessions that end against their will."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

Row = tuple[Hashable, ...]


class StoreAway(Exception):  # noqa: N818 - says what happened
    """The session is gone. What it had asked for may or may not have been done."""


@dataclass(slots=True, eq=False)
class Transaction:
    """Writes are invisible to others until the commit; locks are held until the end."""

    database: "Database"
    owner: int  # the life (process incarnation) whose session this is
    writes: dict[Row, Any] = field(default_factory=dict)
    offers: dict[Row, Any] = field(default_factory=dict)
    state: Literal["open", "commit sent", "ended"] = "open"

    def get(self, row: Row) -> Any:
        """Read a row: one's own writes, then what is committed; None when there is none."""
        self._must_live()
        return self.writes.get(row, self.database.rows.get(row))

    def put(self, row: Row, value: Any) -> None:
        """Write a row; None deletes it."""
        self._must_live()
        self.writes[row] = value

    def put_if_absent(self, row: Row, value: Any) -> None:
        """INSERT ... ON CONFLICT DO NOTHING: whoever commits first wins."""
        self._must_live()
        self.offers[row] = value

    def try_lock(self, row: Row) -> bool:
        """SELECT ... FOR UPDATE; False while another session holds the row."""
        self._must_live()
        return self.database.locks.setdefault(row, self) is self

    def send_commit(self) -> None:
        """Put COMMIT on the wire; if the client dies now, the server may still execute it."""
        self._must_live()
        self.state = "commit sent"

    def commit(self) -> None:
        """Apply all writes at once. Now and then the client never hears that it happened."""
        self._must_live()
        self.database.apply(self)
        if self.database.loses_an_answer():
            raise StoreAway

    def _must_live(self) -> None:
        if self.state == "ended":
            raise StoreAway


@dataclass(slots=True)
class Database:
    """All committed rows, all locks, all open sessions."""

    dice: Random
    rows: dict[Row, Any] = field(default_factory=dict)
    locks: dict[Row, Transaction] = field(default_factory=dict)
    sessions: list[Transaction] = field(default_factory=list)
    faults: bool = True

    def begin(self, owner: int) -> Transaction:
        """Open a transaction."""
        self.sessions.append(Transaction(self, owner))
        return self.sessions[-1]

    def apply(self, transaction: Transaction) -> None:
        """Make a transaction's writes visible and let go of its locks."""
        for row, value in transaction.offers.items():
            self.rows.setdefault(row, value)
        for row, value in transaction.writes.items():
            if value is None:
                self.rows.pop(row, None)
            else:
                self.rows[row] = value
        self.end(transaction)

    def end(self, transaction: Transaction) -> None:
        """Roll back: by the client, by a waiter who lost patience, or by a timeout."""
        if transaction.state == "ended":
            return
        transaction.state = "ended"
        self.sessions.remove(transaction)
        for row in [row for row, holder in self.locks.items() if holder is transaction]:
            del self.locks[row]

    def end_all_of(self, owner: int) -> None:
        """Roll back whatever a life has open."""
        for transaction in [each for each in self.sessions if each.owner == owner]:
            self.end(transaction)

    def settle(self, owner: int) -> None:
        """Notice that a client died: roll back, unless its COMMIT had already arrived."""
        for transaction in [each for each in self.sessions if each.owner == owner]:
            if transaction.state == "commit sent" and self.dice.random() < 0.5:
                self.apply(transaction)
            else:
                self.end(transaction)

    def restart(self) -> None:
        """Restart the server: every open session is gone."""
        for transaction in list(self.sessions):
            self.end(transaction)

    def loses_an_answer(self) -> bool:
        """Say whether this commit's answer is lost on its way back."""
        return self.faults and self.dice.random() < 0.03
