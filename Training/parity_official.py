"""Compares model.py and vae.py with the official Show-o2 modules on a model directory, float32, 1e-4 relative (L2).

    git clone https://github.com/showlab/Show-o
    pip install transformers==4.47.1 tokenizers==0.21.0 huggingface_hub==0.27.1 einops==0.8.1
    python parity_official.py Show-o/show-o2 [--model ../Models/shapes]

What runs is the official code: Showo2Qwen2_5.t2i_generate with its padded layout and naive mask (velocity after
guidance at five times), the language model over the inference_mmu layout (logits of every position), and WanVAE_ (mean
and log variance, decoded image).  Not needed for arithmetic, and replaced by a few lines here: diffusers' configuration
mix-in and timm's to_2tuple; the vision tower and the head get the sizes of geometry.json.  Nothing is downloaded.
"""
import argparse
import inspect
import json
import sys
import types
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

from common import MODEL, to_tensor
from golden import IMAGES, PROMPTS, questions, relative
from layouts import N
from sample import Engine

LIMIT = 1e-4


def stand_ins():
    """Modules that the official files import and the comparison does not exercise.  Transformers looks for timm when it
    is imported, so it comes first."""
    import transformers  # noqa: F401
    def register_to_config(init):
        def wrapped(self, *args, **kwargs):
            bound = inspect.signature(init).bind(self, *args, **kwargs)
            bound.apply_defaults()
            torch.nn.Module.__init__(self)
            self.config = types.SimpleNamespace(**bound.arguments)
            init(self, *args, **kwargs)
        return wrapped
    helpers = types.ModuleType("timm.layers.helpers")
    helpers.to_2tuple = lambda x: x if isinstance(x, tuple) else (x, x)
    utils = types.ModuleType("models.modeling_utils")
    utils.ConfigMixin, utils.ModelMixin = type("ConfigMixin", (), {}), torch.nn.Module
    utils.register_to_config = register_to_config
    sys.modules.update({"timm": types.ModuleType("timm"), "timm.layers": types.ModuleType("timm.layers"),
                        "timm.layers.helpers": helpers, "models.modeling_utils": utils})


def official_model(directory: Path, state: dict):
    """The official class with our sizes and weights."""
    from transformers import Qwen2Config, SiglipConfig

    import models.modeling_showo2_qwen2_5 as showo2
    from models.modules import DiffusionHeadConfig
    config, g = (json.loads((directory / f).read_text()) for f in ("config.json", "geometry.json"))
    vision = {k: g["vision"][k] for k in ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
                                          "hidden_act", "layer_norm_eps")}
    side = config["image_latent_height"]
    siglip = SiglipConfig(vision_config={**vision, "image_size": side, "patch_size": 1},
                          text_config={"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1,
                                       "intermediate_size": 8, "vocab_size": 8})

    class Head(DiffusionHeadConfig):
        def __init__(self):
            super().__init__()
            for k, v in g["head"].items():
                setattr(self, k, v)
    llm = Qwen2Config(**g["llm"])
    llm._attn_implementation = "sdpa"
    showo2.AutoConfig = types.SimpleNamespace(from_pretrained=lambda path: llm)
    showo2.SiglipModel.from_pretrained = classmethod(lambda cls, path: cls(siglip))
    showo2.DiffusionHeadConfig = Head
    model = showo2.Showo2Qwen2_5(**{k: v for k, v in config.items() if not k.startswith("_")})
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected and set(missing) <= {"showo.lm_head.weight"}, (missing, unexpected)
    model.showo.tie_weights()
    return model.eval(), g


def velocities(engine, model, g) -> float:
    """Largest relative deviation of the guided velocity, five times x the golden prompts."""
    from models.misc import prepare_gen_input
    from models.omni_attention import omni_attn_mask_naive
    s, longest = g["special"], g["max_seq_len"]

    def encode(prompt, add_special_tokens):
        return {"input_ids": engine.layouts.encode(prompt)}
    tokens, null, where, where_null = prepare_gen_input(
        PROMPTS, encode, N + 1, s["bos_id"], s["eos_id"], s["boi_id"], s["eoi_id"], s["pad_id"], s["img_pad_id"],
        longest - N - 5, "cpu")
    tokens, where = torch.cat([tokens, null]), torch.cat([where, where_null])
    mask = omni_attn_mask_naive(len(tokens), tokens.shape[1], where, "cpu").float()
    ours, x, worst = engine.generation_layout(PROMPTS), Engine.noise(5, len(PROMPTS)), 0.0
    for t in (0.0, 0.1, 0.4, 0.8, 0.97):
        theirs = model.t2i_generate(image_latents=torch.cat([x, x]), t=torch.full((2 * len(x),), t), text_tokens=tokens,
                                    attention_mask=mask, modality_positions=where, guidance_scale=3.5,
                                    max_seq_len=tokens.shape[1])[:len(x)]
        worst = max(worst, relative(engine.guided_velocity(ours, x, torch.tensor(t), 3.5), theirs))
        x = x + 0.2 * theirs
    return worst


def logits(engine, model, latents, question) -> float:
    """Relative deviation of all logits of one question, in the layout of inference_mmu.py."""
    from models.omni_attention import omni_attn_mask_naive
    lay, embed = engine.layouts, model.showo.model.embed_tokens
    ids = lay.question_tokens(question)
    und = model.und_trans(model.image_embedder_und(latents) + model.position_embedding(model.image_position_ids))
    image = model.fusion_proj(torch.cat([und["last_hidden_state"], model.image_embedder_gen(latents)], -1))
    time = model.time_embed_proj(model.time_embed(torch.tensor([[1.0]]), torch.float32))
    x = torch.cat([embed(torch.tensor([lay.prefix])), time.view(1, 1, -1), image, embed(torch.tensor([ids]))], 1)
    start = len(lay.prefix) - 1                                      # text_tokens_a, without <|vision_start|>
    mask = omni_attn_mask_naive(1, x.shape[1], torch.tensor([[[start + 2, N + 1]]]), "cpu").float()
    theirs = model.showo(inputs_embeds=x, attention_mask=mask)["logits"]

    ours = engine.model
    embed, p = ours.showo.model.embed_tokens, len(lay.prefix)
    x = torch.cat([embed(torch.tensor([lay.prefix])), ours.embed_time(torch.ones(1))[1], ours.embed_image(latents),
                   embed(torch.tensor([ids]))], 1)
    free = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).tril()
    free[p + 1:p + 2 + N, p + 1:p + 2 + N] = True
    return relative(ours.logits(ours.backbone(x, torch.arange(x.shape[1])[None], free[None, None])), theirs)


def vae_deviations(engine, g, directory, pixels) -> dict:
    from models.wan21_vae import WanVAE_
    v = g["vae"]
    vae = WanVAE_(dim=v["dim"], z_dim=v["z_dim"], dim_mult=v["dim_mult"], num_res_blocks=v["num_res_blocks"],
                  attn_scales=[], temperal_downsample=v["temporal_downsample"], dropout=0.0).eval()
    vae.load_state_dict(load_file(directory / "vae.safetensors"))
    scale, x = [torch.tensor(v["mean"]), 1 / torch.tensor(v["std"])], to_tensor(pixels)
    mu, logvar, _ = vae.encode(x.unsqueeze(2), scale)
    image = vae.decode(mu, scale).squeeze(2).clamp(-1, 1)
    return {"VAE mean": relative(engine.encode(pixels), mu.squeeze(2)),
            "VAE log variance": relative(engine.vae.encode(x)[1], logvar.squeeze(2)),
            "VAE decode": relative(engine.decode_float(mu.squeeze(2)), image)}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("official", type=Path, help="the folder show-o2 of an official checkout")
    p.add_argument("--model", type=Path, default=MODEL)
    a = p.parse_args()
    stand_ins()
    sys.path.insert(0, str(a.official))
    state = {k: v.float() for k, v in load_file(a.model / "model.safetensors").items()}
    engine = Engine(state, a.model)
    with torch.no_grad():
        model, g = official_model(a.model, state)
        pixels = np.stack([np.asarray(Image.open(a.model / "eval" / f).convert("RGB")) for f in IMAGES])
        latents = engine.encode(pixels).clone()
        found = {"guided velocity": velocities(engine, model, g),
                 "understanding logits": max(logits(engine, model, latents[IMAGES.index(r["image"])][None], r["question"])
                                             for r in questions(a.model)),
                 **vae_deviations(engine, g, a.model, pixels)}
    for k, v in found.items():
        print(f"{k:22} {v:.2e}")
    print("limit", LIMIT)
    raise SystemExit(any(v > LIMIT for v in found.values()))


if __name__ == "__main__":
    main()
