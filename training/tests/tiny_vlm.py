"""Vision-language models with random weights and a few thousand parameters, saved as a published model's folder is:
what the tests of the large-model path train, export and run. `python tests/tiny_vlm.py qwen2_5_vl FOLDER` makes one
for a dry run."""

import json
import sys
from pathlib import Path

import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GenerationConfig, Idefics3Config, Idefics3ForConditionalGeneration, Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration
from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration, SmolVLMConfig, SmolVLMForConditionalGeneration

from ibis_training.grammar import ClickAction, TerminateAction, format_step
from ibis_training.prompts import SYSTEM_PROMPT, format_user

IMAGE_PX = {"qwen2_5_vl": 112, "qwen3_vl": 128, "idefics3": 64, "smolvlm": 64}
WORDS = [
    SYSTEM_PROMPT, format_user("Segment the disc.", "unknown", [ClickAction("include", 0.51, 0.42), ClickAction("exclude", 0.3, 0.6)]), "system user assistant System: User: Assistant:",
    *(format_step("The disc is not covered yet. A part is missing; too much is green.", a) for a in (ClickAction("include", 0.25, 0.75), ClickAction("exclude", 0.1, 0.9), TerminateAction("Done."))),
]
QWEN_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
IDEFICS_TEMPLATE = (
    "<|im_start|>{% for message in messages %}{{ message['role'] | capitalize }}:{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ ' ' + part['text'] }}"
    "{% else %}<image>{% endif %}{% endfor %}<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"
)
QWEN_SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
IDEFICS_SPECIAL = ["<|endoftext|>", "<|im_start|>", "<end_of_utterance>", "<fake_token_around_image>", "<image>", "<global-img>"]
# The splitting of Qwen's own tokenizer, which its class puts in place whatever the file says.
QWEN_SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def build_tokenizer(special: list[str], split: str | None) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False) if split is None else pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(split), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=[AddedToken(s, special=True, normalized=False) for s in special],
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(WORDS * 4, trainer)
    return tokenizer


def text_sizes(tokenizer: Tokenizer) -> dict:
    return {"vocab_size": tokenizer.get_vocab_size(), "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
            "max_position_embeddings": 1024, "tie_word_embeddings": True}


def make_qwen(kind: str, tokenizer: Tokenizer):
    token = tokenizer.token_to_id
    ids = {"image_token_id": token("<|image_pad|>"), "video_token_id": token("<|video_pad|>"), "vision_start_token_id": token("<|vision_start|>"), "vision_end_token_id": token("<|vision_end|>")}
    text = {**text_sizes(tokenizer), "bos_token_id": None, "eos_token_id": token("<|im_end|>"), "pad_token_id": token("<|endoftext|>"), "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [2, 3, 3]}}
    vision = {"depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": 64, "spatial_merge_size": 2, "temporal_patch_size": 2}
    if kind == "qwen3_vl":
        config = Qwen3VLConfig(text_config=text, vision_config={**vision, "patch_size": 16, "num_position_embeddings": 64, "deepstack_visual_indexes": [0, 1]}, tie_word_embeddings=True, **ids)
        return Qwen3VLForConditionalGeneration(config)
    config = Qwen2_5_VLConfig(text_config=text, vision_config={**vision, "patch_size": 14, "window_size": 56, "fullatt_block_indexes": [1]}, tie_word_embeddings=True, **ids)
    return Qwen2_5_VLForConditionalGeneration(config)


def make_idefics(kind: str, tokenizer: Tokenizer):
    """SmolVLM2 is laid out as Idefics3, whose architecture the first SmolVLM has by name too."""
    config, model = (SmolVLMConfig, SmolVLMForConditionalGeneration) if kind == "smolvlm" else (Idefics3Config, Idefics3ForConditionalGeneration)
    ids = {"bos_token_id": 1, "eos_token_id": tokenizer.token_to_id("<end_of_utterance>"), "pad_token_id": 0}
    return model(config(
        vision_config={"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": IMAGE_PX[kind], "patch_size": 8},
        text_config={"model_type": "llama", **text_sizes(tokenizer), **ids}, scale_factor=2, image_token_id=tokenizer.token_to_id("<image>"), tie_word_embeddings=True, pad_token_id=0))


def make_tiny_vlm(kind: str, folder: Path) -> Path:
    """kind: a key of IMAGE_PX. The folder holds weights, configs, tokenizer and processor, as published ones do."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(7)
    write = lambda name, content: (folder / name).write_text(json.dumps(content, indent=1))
    qwen = kind.startswith("qwen")
    tokenizer = build_tokenizer(QWEN_SPECIAL, QWEN_SPLIT) if qwen else build_tokenizer(IDEFICS_SPECIAL, None)
    model = make_qwen(kind, tokenizer) if qwen else make_idefics(kind, tokenizer)
    with torch.no_grad():
        for parameter in model.parameters():  # larger than at the beginning of training, so that what is written depends on what is seen
            if parameter.dim() >= 2:
                parameter.normal_(0, 0.15)
    end = tokenizer.token_to_id("<|im_end|>" if qwen else "<end_of_utterance>")
    model.generation_config = GenerationConfig(eos_token_id=[end], pad_token_id=0, do_sample=False)
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    name = {"qwen2_5_vl": "Qwen2_5_VLProcessor", "qwen3_vl": "Qwen3VLProcessor", "idefics3": "Idefics3Processor", "smolvlm": "SmolVLMProcessor"}[kind]
    write("tokenizer_config.json", {
        "tokenizer_class": "Qwen2Tokenizer" if qwen else "GPT2Tokenizer", "processor_class": name, "eos_token": "<|im_end|>" if qwen else "<end_of_utterance>", "pad_token": "<|endoftext|>",
        **({} if qwen else {"bos_token": "<|im_start|>", "unk_token": "<|endoftext|>"}), "model_max_length": 1024, "padding_side": "left", "add_prefix_space": False,
        "chat_template": QWEN_TEMPLATE if qwen else IDEFICS_TEMPLATE,
    })
    if qwen:
        patch = 16 if kind == "qwen3_vl" else 14
        write("preprocessor_config.json", {
            "image_processor_type": "Qwen2VLImageProcessor", "processor_class": name, "do_convert_rgb": True, "do_normalize": True, "do_rescale": True, "do_resize": True, "image_mean": [0.5] * 3,
            "image_std": [0.5] * 3, "min_pixels": 56 * 56, "max_pixels": 1003520, "patch_size": patch, "temporal_patch_size": 2, "merge_size": 2, "rescale_factor": 1 / 255, "resample": 3})
        return folder
    write("preprocessor_config.json", {
        "image_processor_type": name.replace("Processor", "ImageProcessor"), "processor_class": name, "do_convert_rgb": True, "do_image_splitting": True, "do_normalize": True,
        "do_pad": True, "do_rescale": True, "do_resize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "rescale_factor": 1 / 255, "resample": 1, "size": {"longest_edge": 4 * IMAGE_PX[kind]},
        "max_image_size": {"longest_edge": IMAGE_PX[kind]}})
    write("processor_config.json", {"processor_class": name, "image_seq_len": 16})
    return folder


if __name__ == "__main__":
    print(make_tiny_vlm(sys.argv[1], Path(sys.argv[2])))
