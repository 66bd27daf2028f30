"""Admit: the public topic's only reader and the journal's only writer."""

from pipeline.adapters.kafka import idempotent_producer
from pipeline.adapters.kafka.connect import in_our_words
from pipeline.adapters.kafka.log import KafkaLog
from pipeline.adapters.postgres.subjects import Subjects
from pipeline.metrics import begin_at_zero
from pipeline.stages.admission import ID_CONFLICT, UNDECODABLE
from pipeline.stages.admit import AdmitStage
from pipeline.stages.dead_letters import SealedDeadLetters
from pipeline.upkeep.jobs import Job
from pipeline.upkeep.letter_keys import LetterKeys
from pipeline.upkeep.trimming import Janitor
from pipeline.worker import Consumer, Resources
from schemas.events import Reason

LETTER_KEYS_SECONDS = 3600.0


async def build(resources: Resources) -> Consumer:
    """Admit's stage, its producer and its housekeeping."""
    settings, topics = resources.settings, resources.topics
    begin_at_zero("admit", [*Reason, ID_CONFLICT, UNDECODABLE])
    producer = idempotent_producer(resources.kafka)
    with in_our_words():
        await producer.start()
    log = KafkaLog(resources.kafka, topics, producer)
    letters = SealedDeadLetters(topics.events, resources.engine, resources.keys, log)
    stage = AdmitStage(
        topic=topics.events,
        identity=resources.identity,
        engine=resources.engine,
        keyring=resources.keyring,
        subjects=Subjects(resources.engine, resources.keys),
        log=log,
        dead_letters=letters,
    )
    janitor = Janitor(
        resources.kafka,
        topics.events,
        resources.engine,
        producer,
        settings.tidemark_trim_delay_seconds,
    )
    jobs = (
        Job("janitor", settings.tidemark_trim_interval_seconds, janitor.trim),
        Job("letter keys", LETTER_KEYS_SECONDS, LetterKeys(resources.engine).destroy_old),
    )
    return Consumer(stage, start_from_hint=False, jobs=jobs, close=producer.stop)
