"""A published vision-language model (Qwen2.5-VL, Qwen3-VL, SmolVLM, Idefics3, ...) as the policy.

It sees what the workstation shows it at one step: the system prompt, the picture with the current mask on it, and the
user's words with the clicks so far; it writes one step of the grammar. Every step is a conversation of its own, so that
training and src/engine/inference/policySession.ts feed it alike.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from PIL import Image
from torch import Tensor, nn
from transformers import AutoConfig, AutoImageProcessor, AutoModelForImageTextToText, AutoProcessor, AutoTokenizer, GenerationConfig, Idefics3Processor, PreTrainedModel, ProcessorMixin
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

from .environment import Observation
from .examples import Look
from .image import render_observation
from .play import Reply

VISION_PARTS = r".*\b(visual|vision_model|vision_tower|vision_encoder|connector|multi_modal_projector)\b.*"


@dataclass(frozen=True)
class Vlm:
    model: PreTrainedModel | PeftModel
    processor: ProcessorMixin
    system: str
    image_px: int
    max_new_tokens: int

    @property
    def end_ids(self) -> list[int]:
        ends = self.model.generation_config.eos_token_id
        return [ends] if isinstance(ends, int) else list(ends)

    @property
    def unwritable_ids(self) -> list[int]:
        """Placeholders of pictures: written by the model, they would ask for pictures that are not there."""
        config = self.model.config
        return [t for t in (getattr(config, name, None) for name in ("image_token_id", "video_token_id")) if t is not None]

    @property
    def pad_id(self) -> int:
        return self.processor.tokenizer.pad_token_id


def load_processor(folder: Path, image_px: int) -> ProcessorMixin:
    """The model's own processor, told to take pictures of image_px as they are. Without torchvision it is built
    without the half for videos, which alone needs that. Of SmolVLM2's only the half for videos differs from
    Idefics3's, and it wants num2words: pictures are prepared by Idefics3's, as in transformers.js."""
    kind = Idefics3Processor if AutoConfig.from_pretrained(folder).model_type == "smolvlm" else AutoProcessor
    try:
        processor = kind.from_pretrained(folder)
    except ImportError as error:
        if "torchvision" not in str(error).lower():
            raise
        processor = build_images_only(PROCESSOR_MAPPING[type(AutoConfig.from_pretrained(folder))], folder)
    pixels = processor.image_processor
    if hasattr(pixels, "do_image_splitting"):
        pixels.do_image_splitting = False
        pixels.size = pixels.max_image_size = {"longest_edge": image_px}
    values = pixels(images=[Image.new("RGB", (image_px, image_px))], return_tensors="pt")["pixel_values"].numel()
    if values not in (3 * image_px**2, 6 * image_px**2):  # Qwen takes each pixel twice: as two frames
        raise ValueError(f"The image processor in {folder} does not take {image_px} x {image_px} pixels as they are. Set imagePx to a size that the model knows (Qwen2.5-VL: a multiple of 28, Qwen3-VL: of 32; SmolVLM and Idefics3: image_size of its vision_config).")
    processor.chat_template = processor.chat_template or processor.tokenizer.chat_template
    processor.tokenizer.padding_side = "left"
    return processor


def build_images_only(kind: type[ProcessorMixin], folder: Path) -> ProcessorMixin:
    class ImagesOnly(kind):
        def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
            return None if argument is None else super().check_argument_for_proper_class(argument_name, argument)

        def save_pretrained(self, save_directory: str, **_: Any) -> None:
            for part in (self.tokenizer, self.image_processor):
                part.save_pretrained(save_directory)

    tokenizer = AutoTokenizer.from_pretrained(folder)
    return ImagesOnly(image_processor=AutoImageProcessor.from_pretrained(folder), tokenizer=tokenizer, chat_template=tokenizer.chat_template)


def base_of_adapter(adapter: Path) -> Path:
    """The weights that an adapter was trained on: the published ones, or those of an earlier stage."""
    base = Path(json.loads((adapter / "adapter_config.json").read_text())["base_model_name_or_path"])
    if not base.is_dir():
        raise FileNotFoundError(f"The adapter in {adapter} was trained on {base}, which is not there. Correct base_model_name_or_path in its adapter_config.json if the folder was moved.")
    return base


def load_vlm(settings: dict, trained: Path | None = None) -> Vlm:
    """settings: `model` of the config. trained: what an earlier stage saved, an adapter or a whole model."""
    folder = Path(settings["folder"])
    adapter = trained if trained is not None and (trained / "adapter_config.json").exists() else None
    whole = base_of_adapter(adapter) if adapter else trained or folder
    model = AutoModelForImageTextToText.from_pretrained(whole, dtype=settings["dtype"], attn_implementation=settings.get("attention", "sdpa"))
    # Published ones sample with penalties of their own; what is drawn here must be what the probabilities say.
    model.generation_config = GenerationConfig(eos_token_id=model.generation_config.eos_token_id, pad_token_id=model.generation_config.pad_token_id, do_sample=False)
    if adapter:
        model = PeftModel.from_pretrained(model, adapter, is_trainable=True)
    return Vlm(model, load_processor(folder, settings["imagePx"]), settings["systemPrompt"], settings["imagePx"], settings["maxNewTokens"])


def lora_config(settings: dict) -> LoraConfig | None:
    """LoRA on every linear layer of the language model, and of the vision tower where that is trained; None: train the weights."""
    lora = settings.get("lora")
    if lora is None:
        return None
    return LoraConfig(r=lora["rank"], lora_alpha=lora["alpha"], lora_dropout=lora["dropout"], target_modules="all-linear", task_type="CAUSAL_LM",
                      exclude_modules=None if settings["trainVision"] else VISION_PARTS)


def choose_trained_parts(model: PreTrainedModel, settings: dict) -> PreTrainedModel | PeftModel:
    """Freezes the vision tower unless it is to be trained, and puts LoRA in place where it is asked for."""
    if isinstance(model, PeftModel):
        return model
    if not settings["trainVision"]:
        for name, parameter in model.named_parameters():
            if re.fullmatch(VISION_PARTS, name):
                parameter.requires_grad = False
    lora = lora_config(settings)
    return model if lora is None else get_peft_model(model, lora)


def prompt_messages(system: str, user: str) -> list[dict]:
    """As formatChat of the policy runner: the image before the words."""
    head = [{"role": "system", "content": [{"type": "text", "text": system}]}] if system else []
    return [*head, {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": user}]}]


def encode_looks(vlm: Vlm, looks: Sequence[Look]) -> dict[str, Tensor]:
    """Prompts padded on the left, with their pixels."""
    texts = [vlm.processor.apply_chat_template(prompt_messages(vlm.system, look.user), add_generation_prompt=True, tokenize=False) for look in looks]
    pictures = [[Image.fromarray(look.picture)] for look in looks]
    return dict(vlm.processor(text=texts, images=pictures, padding=True, padding_side="left", add_special_tokens=False, return_tensors="pt"))


def to_model(batch: dict[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    parameter = next(model.parameters())
    return {k: v.to(parameter.device, parameter.dtype if k == "pixel_values" else v.dtype) for k, v in batch.items()}


class TokenLogProbs(nn.Module):
    """Log-probabilities f32 [n, t] of the own tokens, which stand at the end of input_ids."""

    def __init__(self, vlm: Vlm, checkpoint_gradients: bool):
        super().__init__()
        self.vlm_model, self.unwritable_ids, self.checkpoint_gradients = vlm.model, vlm.unwritable_ids, checkpoint_gradients
        if checkpoint_gradients:
            vlm.model.enable_input_require_grads()
            vlm.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})

    def forward(self, own_tokens: Tensor, temperature: Tensor, **inputs: Tensor) -> Tensor:
        self.vlm_model.train(self.checkpoint_gradients and torch.is_grad_enabled())  # the library checkpoints in training mode only
        logits = self.vlm_model(**inputs, use_cache=False, logits_to_keep=own_tokens.shape[1] + 1).logits[:, :-1].float()
        logits[..., self.unwritable_ids] = -torch.inf
        return (logits / temperature).log_softmax(-1).gather(2, own_tokens[..., None])[..., 0]


class VlmPlayer:
    """See play.Player. What a reply was asked with is kept as a Look: pixels are prepared anew when it is scored."""

    def __init__(self, vlm: Vlm, together: int = 16, checkpoint_gradients: bool = False):
        self.vlm, self.together = vlm, together
        self.model = TokenLogProbs(vlm, checkpoint_gradients)

    @torch.no_grad()
    def reply(self, observations: Sequence[Observation], temperature: float = 0.0, generator: torch.Generator | None = None) -> list[Reply]:
        looks = [Look(render_observation(o.case.rgb, o.mask, self.vlm.image_px), o.user_text) for o in observations]
        return [reply for start in range(0, len(looks), self.together) for reply in self.reply_batch(looks[start : start + self.together], temperature, generator)]

    def reply_batch(self, looks: list[Look], temperature: float, generator: torch.Generator | None) -> list[Reply]:
        vlm, model = self.vlm, self.vlm.model.eval()
        inputs = to_model(encode_looks(vlm, looks), model)
        sampling = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0} if temperature > 0 else {"do_sample": False}
        with torch.random.fork_rng([model.device] if model.device.type == "cuda" else []):
            if generator is not None:  # generate() takes none
                torch.manual_seed(int(torch.randint(2**62, (1,), generator=generator)))
            out = model.generate(**inputs, **sampling, max_new_tokens=vlm.max_new_tokens, pad_token_id=vlm.pad_id, eos_token_id=vlm.end_ids, suppress_tokens=vlm.unwritable_ids)
        length, replies = inputs["input_ids"].shape[1], []
        for look, ids in zip(looks, out[:, length:].tolist()):
            end = next((k for k, token in enumerate(ids) if token in vlm.end_ids), len(ids))
            # As the engine decodes: tags may be special tokens of a tokenizer, only what ends the turn is dropped.
            text = vlm.processor.tokenizer.decode(ids[:end], skip_special_tokens=False, clean_up_tokenization_spaces=False)
            replies.append(Reply(look, tuple(ids[: end + 1]), torch.zeros(0), text, length + min(end + 1, len(ids))))
        if temperature == 0:  # nothing is learned from these
            return replies
        scores = self.model(**self.collate(replies, temperature)).cpu()
        return [replace(reply, log_probs=row[: len(reply.token_ids)]) for reply, row in zip(replies, scores)]

    def collate(self, replies: Sequence[Reply], temperature: float) -> dict[str, Tensor]:
        prompt = encode_looks(self.vlm, [r.prompt for r in replies])
        longest = max(len(r.token_ids) for r in replies)
        own = torch.tensor([[*r.token_ids, *[self.vlm.pad_id] * (longest - len(r.token_ids))] for r in replies])
        real = torch.arange(longest)[None] < torch.tensor([len(r.token_ids) for r in replies])[:, None]
        joined = {**prompt, "input_ids": torch.cat([prompt["input_ids"], own], 1), "attention_mask": torch.cat([prompt["attention_mask"], real.long()], 1)}
        if "mm_token_type_ids" in prompt:  # Qwen: which positions are image
            joined["mm_token_type_ids"] = torch.cat([prompt["mm_token_type_ids"], torch.zeros_like(own)], 1)
        return to_model({**joined, "own_tokens": own, "temperature": torch.tensor(temperature or 1.0)}, self.model)

    def save(self, folder: Path) -> None:
        self.vlm.model.save_pretrained(folder)
