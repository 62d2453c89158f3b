"""The tokenizer: byte-level BPE in which our own words are one token each and a coordinate is
`Positive Point (0.` `51` `00, 0.` `42` `00)`, so that a click is two choices among a hundred."""

import json
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from .prompts import SYSTEM_PROMPT

PAD, START, END, UNKNOWN = "<|pad|>", "<|im_start|>", "<end_of_utterance>", "<|endoftext|>"
FAKE, IMAGE, GLOBAL = "<fake_token_around_image>", "<image>", "<global-img>"
SPECIAL = [PAD, START, END, UNKNOWN, FAKE, IMAGE, GLOBAL]
PIECES = r"Positive Point \(0\.|Negative Point \(0\.|00, 0\.|00\)|</?(?:think|action|answer)>|[0-9][0-9]|[0-9]| ?[A-Za-z']+|\n| ?[^A-Za-z0-9\s]|\s"

CHAT_TEMPLATE = (
    "<|im_start|>{% for message in messages %}{{ message['role'] | capitalize }}{% if message['content'][0]['type'] == 'image' %}{{ ':' }}"
    "{% else %}{{ ': ' }}{% endif %}{% for line in message['content'] %}{% if line['type'] == 'text' %}{{ line['text'] }}"
    "{% elif line['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}<end_of_utterance>\n{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)


def build_tokenizer(corpus: list[str]) -> Tokenizer:
    """Trained until every piece of the corpus is one token."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PIECES), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    pairs = [f"{k:02d}" for k in range(100)]
    frame = ["Positive Point (0.", "Negative Point (0.", "00, 0.", "00)", "Terminate", "<think>", "</think>", "<action>", "</action>", "<answer>", "</answer>", SYSTEM_PROMPT]
    trainer = trainers.BpeTrainer(vocab_size=4000, min_frequency=1, special_tokens=[AddedToken(s, special=True, normalized=False) for s in SPECIAL],
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(corpus + frame * 3 + pairs * 3, trainer)
    return tokenizer


def coordinate_ids(tokenizer: Tokenizer) -> list[int]:
    """Token ids of "00".."99" in order."""
    return [tokenizer.token_to_id(f"{k:02d}") for k in range(100)]


def prompt_text(user: str, image_tokens: int) -> str:
    """What the chat template and the processor make of one observation, up to where the policy writes."""
    image = FAKE + GLOBAL + IMAGE * image_tokens + FAKE
    return f"{START}System: {SYSTEM_PROMPT}{END}\nUser:{image}{user}{END}\nAssistant:"


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """tokenizer.json and tokenizer_config.json as transformers.js reads them."""
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "GPT2Tokenizer", "processor_class": "Idefics3Processor", "bos_token": START, "eos_token": END, "pad_token": PAD, "unk_token": UNKNOWN,
        "additional_special_tokens": [FAKE, IMAGE, GLOBAL], "model_max_length": 2048, "padding_side": "left", "add_prefix_space": False,
        "clean_up_tokenization_spaces": False, "chat_template": CHAT_TEMPLATE,
    }, indent=1) + "\n")
