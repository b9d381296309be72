"""A BERT checkpoint of a few kilobytes with random weights, written as sentence-transformers would find it.

Words that have a token of their own: `WORDS`; all others are spelled letter by letter.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

WORDS = "data of the with questions answers about health spam messages code python maths news russian".split()  # noqa: SIM905
WIDTH, LAYERS, HEADS, INNER, LONGEST = 16, 2, 4, 32, 24
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_SAID_OF_TOKENS = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    **{f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep")},
}
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS, *_LETTERS, *(f"##{c}" for c in _LETTERS), ".", ",", "?"]


def write_checkpoint(folder: Path, seed: int = 0) -> Path:
    """Write one; the same seed gives the same weights."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "hidden_size": WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": INNER,
        "max_position_embeddings": LONGEST,
        "vocab_size": len(VOCABULARY),
        "type_vocab_size": 2,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-12,
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(json.dumps(_tokenizer()))
    (folder / "tokenizer_config.json").write_text(json.dumps(_SAID_OF_TOKENS))
    write_safetensors(folder / "model.safetensors", _weights(np.random.default_rng(seed)))
    return folder


def write_safetensors(path: Path, tensors: dict[str, np.ndarray]) -> None:
    """Write float32 tensors in the safetensors format."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, tensor in tensors.items():
        raw = tensor.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    said = json.dumps(header).encode()
    said += b" " * (-len(said) % 8)
    path.write_bytes(len(said).to_bytes(8, "little") + said + data)


def _tokenizer() -> dict[str, object]:
    around = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    special = {t: {"id": t, "ids": [VOCABULARY.index(t)], "tokens": [t]} for t in ("[CLS]", "[SEP]")}
    return {
        "version": "1.0",
        "added_tokens": [
            {"id": i, "content": t, "special": True, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False}
            for i, t in enumerate(VOCABULARY[:4])
        ],
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                       "strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [*around, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
            "pair": [*around, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
            "special_tokens": special,
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": {t: i for i, t in enumerate(VOCABULARY)}},
    }  # fmt: skip


def _weights(chance: np.random.Generator) -> dict[str, np.ndarray]:
    def dense(name: str, inside: int, out: int) -> dict[str, np.ndarray]:
        return {f"{name}.weight": chance.normal(0, 0.3, (out, inside)), f"{name}.bias": chance.normal(0, 0.1, out)}

    def norm(name: str) -> dict[str, np.ndarray]:
        return {f"{name}.weight": chance.normal(1, 0.1, WIDTH), f"{name}.bias": chance.normal(0, 0.1, WIDTH)}

    made = {
        "embeddings.word_embeddings.weight": chance.normal(0, 1, (len(VOCABULARY), WIDTH)),
        "embeddings.position_embeddings.weight": chance.normal(0, 0.2, (LONGEST, WIDTH)),
        "embeddings.token_type_embeddings.weight": chance.normal(0, 0.2, (2, WIDTH)),
        **norm("embeddings.LayerNorm"),
    }
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}"
        for part in ("query", "key", "value"):
            made |= dense(f"{at}.attention.self.{part}", WIDTH, WIDTH)
        made |= dense(f"{at}.attention.output.dense", WIDTH, WIDTH) | norm(f"{at}.attention.output.LayerNorm")
        made |= dense(f"{at}.intermediate.dense", WIDTH, INNER) | dense(f"{at}.output.dense", INNER, WIDTH)
        made |= norm(f"{at}.output.LayerNorm")
    return made
