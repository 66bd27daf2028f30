"""What the stores and the dead letters of a running pipeline hold."""

from pipeline import wiring
from pipeline.adapters.keys import LocalKeys
from pipeline.adapters.postgres.engine import transaction
from pipeline.adapters.postgres.tables import messages
from pipeline.domain.content import Message, open_message
from pipeline.domain.crypto import box_header
from pipeline.domain.identity import pid_of
from pipeline.stages.dead_letters import Letter, open_letter, read_letter
from pipeline.verifying.replay import _record as as_record
from tests.kafka_records import read_all
from tests.pipeline_processes import Pipeline
from tests.waiting import until


def pid(pipeline: Pipeline, user: str) -> bytes:
    identity = wiring.identity(pipeline.settings, wiring.secrets(pipeline.settings))
    return pid_of(identity.pid_key, identity.tenant, user)


async def messages_of(pipeline: Pipeline, user: str) -> list[Message]:
    """What persist keeps of a user, in order of arrival."""
    keyring = wiring.keyring(pipeline.engine, wiring.secrets(pipeline.settings))
    statement = messages.select().where(messages.c.pid == pid(pipeline, user))
    async with transaction(pipeline.engine) as connection:
        rows = list(await connection.execute(statement.order_by(messages.c.seq)))
    names = [(row.pid, row.epoch, box_header(row.box).kver) for row in rows]
    keys = await keyring.content(names)
    return [
        open_message(keys[name], row.pid, row.id, row.role, row.box)
        for name, row in zip(names, rows, strict=True)
    ]


async def dead_letters(pipeline: Pipeline) -> list[Letter]:
    """Every dead letter, in order of its partition and offset."""
    found = await read_all(pipeline.kafka, pipeline.topics.dead_letters)
    return [read_letter(as_record(one)) for one in found]


async def original(pipeline: Pipeline, letter: Letter):
    """The key and value that a dead letter holds."""
    keys = LocalKeys(wiring.secrets(pipeline.settings).keks)
    return await open_letter(pipeline.engine, keys, letter)


async def light_settled(pipeline: Pipeline, seconds: float = 60) -> None:
    """Wait until admit, persist and usage have settled everything; embed may not be running."""

    async def settled() -> bool:
        return not any(n for name, n in (await pipeline.lag()).items() if name != "embed")

    await until(settled, seconds)
