"""The thread behind an encoder: errors surface, and closing is final."""

import numpy as np
import pytest

from pipeline.adapters.embedding.offload import OffLoopEncoder


def encoder_over(forward):
    return OffLoopEncoder(dimension=2, model_name="m", runtime="r", forward=forward)


async def test_an_error_reaches_its_caller_and_nobody_else():
    def forward(texts):
        if texts == ["bad"]:
            raise MemoryError
        return np.full((len(texts), 2), 3, np.float32)

    encoder = encoder_over(forward)
    with pytest.raises(MemoryError):
        await encoder.encode(["bad"])

    assert (await encoder.encode(["good"])).shape == (1, 2)
    encoder.close()


async def test_rows_are_rescaled_to_unit_length():
    encoder = encoder_over(lambda texts: np.array([[3, 4], [0, 0.5]], np.float32))
    vectors = await encoder.encode(["a", "b"])

    assert vectors == pytest.approx(np.array([[0.6, 0.8], [0, 1]]))
    encoder.close()


async def test_a_closed_encoder_refuses_and_may_be_closed_again():
    encoder = encoder_over(lambda texts: np.ones((len(texts), 2), np.float32))
    encoder.close()
    encoder.close()

    with pytest.raises(RuntimeError):
        await encoder.encode(["late"])
