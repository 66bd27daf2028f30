"""What every encoder must do: the one for unit tests, and the real ones."""

import asyncio

import numpy as np
import pytest

from pipeline.adapters.embedding.hashing import hashing_encoder
from tests.integration.encoder_support import MESSAGES, cosines, encoder, shared_cache

REAL = {
    "openvino-bulk": {"runtime": "openvino", "mode": "bulk", "threads": 2},
    "openvino-query": {"runtime": "openvino", "mode": "query"},
    "torch-cpu": {"runtime": "torch", "use_gpu": False, "mode": "bulk"},
}


@pytest.fixture(scope="module", params=["hashing", *REAL])
def model(request, tmp_path_factory):
    if request.param == "hashing":
        yield hashing_encoder(96)
        return
    with encoder(shared_cache(tmp_path_factory), **REAL[request.param]) as opened:
        yield opened


async def test_vectors_are_rows_of_unit_length(model):
    vectors = await model.encode(MESSAGES)

    assert vectors.shape == (len(MESSAGES), model.dimension)
    assert vectors.dtype == np.float32
    assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 1e-5


async def test_no_texts_give_no_rows(model):
    assert (await model.encode([])).shape == (0, model.dimension)


async def test_texts_of_mixed_length_keep_their_order(model):
    texts = [f"{message} {number}" for number in range(12) for message in MESSAGES]
    together = await model.encode(texts)
    alone = np.concatenate([await model.encode([text]) for text in texts[::7]])

    assert cosines(together[::7], alone).min() >= 0.9999


async def test_equal_texts_get_equal_vectors_and_others_do_not(model):
    first, other, again = await model.encode(["a red kite", "unpaid taxes", "a red kite"])

    assert first @ again > 0.9999
    assert first @ other < 0.9


async def test_the_event_loop_turns_while_texts_are_encoded(model):
    encoding = asyncio.create_task(model.encode(MESSAGES))
    await asyncio.sleep(0)

    assert not encoding.done()
    assert len(await encoding) == len(MESSAGES)


async def test_calls_at_the_same_time_do_not_mix(model):
    one_by_one = [await model.encode([message, "x"]) for message in MESSAGES]
    at_once = await asyncio.gather(*(model.encode([message, "x"]) for message in MESSAGES))

    for alone, crowded in zip(one_by_one, at_once, strict=True):
        assert cosines(alone, crowded).min() >= 0.9999


async def test_a_cancelled_call_leaves_the_next_one_right(model):
    expected = await model.encode(MESSAGES)
    running, waiting = (asyncio.create_task(model.encode(MESSAGES * 4)) for _ in range(2))
    await asyncio.sleep(0)
    running.cancel()
    waiting.cancel()
    ended = await asyncio.gather(running, waiting, return_exceptions=True)

    assert [type(result) for result in ended] == [asyncio.CancelledError] * 2
    assert cosines(await model.encode(MESSAGES), expected).min() >= 0.9999


@pytest.mark.parametrize(
    "text",
    ["", " \n", "a\0b", "lone \ud800 surrogate", "👩‍👩‍👧‍👦" * 50, "שלום עולם", "word " * 60_000],
    ids=["empty", "blank", "nul", "surrogate", "emoji", "rtl", "300k"],
)
async def test_any_text_gets_a_vector(model, text):
    vectors = await model.encode([text, "beside it"])

    assert np.isfinite(vectors).all()
    assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 1e-5


async def test_one_text_in_place_of_a_sequence_is_refused(model):
    with pytest.raises(TypeError, match="sequence"):
        await model.encode("not a sequence of texts")


def test_it_names_its_model_and_runtime(model):
    assert model.model_name
    assert model.runtime
