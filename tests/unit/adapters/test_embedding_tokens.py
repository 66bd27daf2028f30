"""Batches: longest first, near the budget, padded and masked, every text once."""

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from pipeline.adapters.embedding.tokens import BATCH_TOKENS, batches, open_tokenizer

PAD, BEGIN, WORD = 0, 1, 2


@pytest.fixture
def tokenizer(tmp_path):
    words = Tokenizer(models.WordLevel({"[PAD]": PAD, "[B]": BEGIN, "w": WORD}, unk_token="w"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.post_processor = processors.TemplateProcessing(
        single="[B] $A", special_tokens=[("[B]", BEGIN)]
    )
    words.enable_padding(length=99)
    words.save(str(tmp_path / "tokenizer.json"))
    return open_tokenizer(tmp_path / "tokenizer.json", max_length=64)


def texts_of(*lengths):
    return [" ".join(["w"] * length) for length in lengths]


def test_every_text_is_in_one_batch_longest_first(tokenizer):
    made = list(batches(tokenizer, texts_of(*range(60)), PAD))
    rows = [row for batch in made for row in batch.rows]

    assert rows == list(range(59, -1, -1))


def test_no_batch_exceeds_the_budget(tokenizer):
    made = list(batches(tokenizer, texts_of(*range(60), *[7] * 500), PAD))

    assert max(batch.ids.size for batch in made) <= BATCH_TOKENS
    assert len(made) < 30


def test_a_text_is_cut_at_the_models_length(tokenizer):
    (batch,) = batches(tokenizer, texts_of(5000), PAD)

    assert batch.ids.shape == (1, 64)
    assert batch.ids[0, 0] == BEGIN


def test_shorter_texts_are_padded_and_masked(tokenizer):
    (batch,) = batches(tokenizer, texts_of(1, 3), PAD)

    assert batch.rows == [1, 0]
    assert batch.ids.tolist() == [[BEGIN, WORD, WORD, WORD], [BEGIN, WORD, PAD, PAD]]
    assert batch.mask.tolist() == [[1, 1, 1, 1], [1, 1, 0, 0]]
