"""Golden files of videos: the official VAE in time, and the official network on latents of several frames, float32, tiny geometries.

    python Tools/film_fixtures.py SHOW_O2    (needs torch, numpy, safetensors, einops 0.8, transformers 4.47)

SHOW_O2 is the official folder `show-o2`. Writes to Tests/Resources/golden:

* vae_film: `video` (1, 3, 17, 16, 24), `mu` and `logvar` (1, 16, 5, 2, 3) of all of it, `mu_7` of its first seven frames (the official code leaves the
  last two of them out); `latents` (1, 16, 4, 3, 2), `decoded` (1, 3, 13, 24, 16), not clamped.
* t2v_nano, i2v_nano, i2v_nano-eq: `t2i_generate` on latents (1, 16, T, 12, 12), with guidance; in i2v the first frame is a condition
  (`first_frame_as_cond`). The sequence is the one of `prepare_gen_input`, with 1 + T * 36 places for the video. Of each evaluation `latents` and
  `velocity` (evaluations, 16, T, 12, 12), and `final`.

The official forward needs no change for T > 1. No official script calls it so: the layout is taken from its images'.
"""
import json
import sys
import types
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Training"))

from parity_official import stand_ins  # noqa: E402

GOLDEN = ROOT / "Tests/Resources/golden"
POINTS, SHIFT = 5, 3.0


def import_official(folder):
    """The package `models`, unchanged but for what `stand_ins` replaces."""
    stand_ins()
    sys.path.insert(0, folder)


def write(name, tensors, manifest):
    save_file({k: v.contiguous().float() for k, v in tensors.items()}, GOLDEN / f"{name}.safetensors")
    (GOLDEN / f"{name}.json").write_text(json.dumps(manifest, indent=1) + "\n")


def vae_golden():
    from models.wan21_vae import WanVAE_
    vae = WanVAE_(dim=16, z_dim=16, dim_mult=[1, 2, 4, 4], num_res_blocks=2, attn_scales=[],
                  temperal_downsample=[False, True, True], dropout=0.0)
    vae.load_state_dict(torch.load(GOLDEN / "models/vae_tiny/vae_tiny.pth", weights_only=True))
    vae.eval()
    known = load_file(GOLDEN / "vae_tiny_io.safetensors")
    scale = [known["mean"], 1 / known["std"]]
    torch.manual_seed(41)
    video = torch.rand(1, 3, 17, 16, 24) * 2 - 1
    mu, logvar, _ = vae.encode(video, scale)
    latents = torch.randn(1, 16, 4, 3, 2)
    write("vae_film", {
        "video": video, "mu": mu, "logvar": logvar, "mu_7": vae.encode(video[:, :, :7], scale)[0],
        "latents": latents, "decoded": vae.decode(latents, scale),
    }, {"kind": "WanVAE tiny, in time", "weights": "models/vae_tiny/vae_tiny.pth"})


def network(geometry):
    from models import modeling_showo2_qwen2_5 as official
    from transformers.models.qwen2.configuration_qwen2 import Qwen2Config
    from transformers.models.siglip.configuration_siglip import SiglipConfig, SiglipTextConfig, SiglipVisionConfig
    told = json.loads((GOLDEN / f"models/{geometry}/geometry.json").read_text())
    llm = Qwen2Config(**told["llm"])
    llm._attn_implementation = "sdpa"
    vision = SiglipConfig.from_text_vision_configs(
        SiglipTextConfig(vocab_size=8, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=1),
        SiglipVisionConfig(**told["vision"]))
    head = official.DiffusionHeadConfig

    class Head(head):
        def __init__(self):
            super().__init__()
            for key, value in told["head"].items():
                setattr(self, key, value)

    official.AutoConfig = types.SimpleNamespace(from_pretrained=lambda *_: llm)
    official.DiffusionHeadConfig = Head
    siglip = official.SiglipModel
    official.SiglipModel = types.SimpleNamespace(from_pretrained=lambda *_: siglip(vision))
    try:
        model = official.Showo2Qwen2_5(load_from_showo=True, add_time_embeds=True, **told["showo"])
    finally:
        official.SiglipModel, official.DiffusionHeadConfig = siglip, head
    missing, extra = model.load_state_dict(load_file(GOLDEN / f"models/{geometry}/model.safetensors"), strict=False)
    assert not extra and all("lm_head" in m or "inv_freq" in m or "position_ids" in m for m in missing), (missing, extra)
    return model.eval(), told


def film_golden(name, geometry, frames, prompt, guidance, first_frame, seed):
    from models import omni_attn_mask_naive
    model, told = network(geometry)
    ids = types.SimpleNamespace(**told["special"])
    side = told["showo"]["image_latent_height"] * told["showo"]["patch_size"]
    tokens = 1 + frames * told["showo"]["image_latent_height"] ** 2
    rows, positions = [], []
    for words in (prompt, []):
        text = [ids.bos_id] + words + [ids.boi_id]
        rows.append(text + [ids.vid_pad_id] * tokens + [ids.eoi_id, ids.eos_id] + [ids.pad_id] * (len(prompt) - len(words)))
        positions.append([[len(text), tokens]])
    text_tokens, positions = torch.tensor(rows), torch.tensor(positions)
    mask = omni_attn_mask_naive(2, text_tokens.shape[1], positions, "cpu").float()
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(1, 16, frames, side, side, generator=generator).bfloat16().float()
    if first_frame:
        z[:, :, :1] = torch.randn(1, 16, 1, side, side, generator=generator) * 0.8
    t = torch.linspace(0, 1, POINTS)
    t = t / (t + SHIFT - SHIFT * t)
    latents, velocities = [], []
    for i in range(POINTS - 1):
        v = model.t2i_generate(
            image_latents=torch.cat([z, z]), t=t[i].repeat(2), text_tokens=text_tokens, attention_mask=mask,
            modality_positions=positions, first_frame_as_cond=first_frame, max_seq_len=text_tokens.shape[1],
            guidance_scale=guidance)[:1]
        latents.append(z[0])
        velocities.append(v[0])
        z = z + (t[i + 1] - t[i]) * v
    write(name, {"latents": torch.stack(latents), "velocity": torch.stack(velocities), "final": z[0], "t": t[:-1]}, {
        "kind": "image to video" if first_frame else "text to video", "geometry": geometry, "special": told["special"],
        "prompts_token_ids": [prompt], "num_inference_steps": POINTS, "guidance_scale": guidance, "frames": frames})


@torch.inference_mode()
def main():
    import_official(sys.argv[1])
    vae_golden()
    film_golden("t2v_nano", "nano", 2, [17, 230, 5, 99], 5.0, False, 7)
    film_golden("i2v_nano", "nano", 3, [40, 41, 400], 4.0, True, 8)
    film_golden("i2v_nano-eq", "nano-eq", 3, [3, 77], 2.5, True, 9)


main()
