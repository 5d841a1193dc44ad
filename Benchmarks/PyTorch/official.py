"""Seconds and memory the official Show-o2 code takes on a CPU (1.5B geometry, 432 px, random weights): what the engine's speed
is compared with.

    git clone https://github.com/showlab/Show-o
    pip install -r Benchmarks/PyTorch/requirements.txt
    python Benchmarks/PyTorch/official.py Show-o/show-o2 [--repeats N] [--only PART] [--dtype bf16|f32]

What runs is the official code, called as its inference scripts call it: the Euler sampler around `t2i_generate` (two branches of
1024 rows, naive mask, guidance 5), the features of inference_mmu.py (with its autograd graph: the script does not turn that
off), `mmu_generate` (no K/V cache), `WanVAE.batch_decode` and `WanVAE.sample`; with `--only video` what inference_mmu_vid.py does
up to an answer's first token, all frames at once as there (not part of a whole run: 32 frames take minutes and most of 24 GB). The imports that Training/parity_official.py
replaces are replaced here too; nothing is downloaded. Random weights take the time of trained ones. Prompt and question have 20
tokens, as in `flashu bench`.

`--dtype`: inference_t2i.py computes in bf16 and inference_mmu.py in f32. The VAE is f32 in both on a CPU, whatever is asked for,
as its `torch.cuda.amp.autocast` does nothing without a GPU: `--dtype f32` measures that, `--dtype bf16` gives it the CPU's
autocast instead, as if the call meant this processor.

Each figure is the median of N runs after one that is not counted (least ... most), and the processor seconds spent in a second:
much less than the number of threads says that something else ran. Memory is the most that was resident during a part, weights
included. PyTorch takes every tensor from malloc, and glibc gives blocks as large as these back to the system after each use, so
their pages are cleared and mapped again every time. `--malloc keep`, the default, keeps them (the script starts itself again with
MALLOC_ variables; what earlier parts freed then counts as resident in later ones); `--malloc plain` is what a user gets who does
nothing.
"""
import argparse
import contextlib
import os
import statistics
import sys
import time
from pathlib import Path
from unittest import mock

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Training"))
from kept_memory import KEEP, restart_with  # noqa: E402
from parity_official import stand_ins  # noqa: E402

MALLOC = {"plain": {}, "keep": KEEP}

# Qwen2.5-1.5B-Instruct; siglip-so400m-patch14-384, whose text tower the official class throws away; showo2_1.5b_demo_432x432.yaml
LLM = dict(vocab_size=151936, hidden_size=1536, intermediate_size=8960, num_hidden_layers=28, num_attention_heads=12,
           num_key_value_heads=2, rope_theta=1e6, rms_norm_eps=1e-6, max_position_embeddings=32768, tie_word_embeddings=True)
VISION = dict(hidden_size=1152, intermediate_size=4304, num_hidden_layers=27, num_attention_heads=16, image_size=384,
              patch_size=14)
TEXT_TOWER = dict(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, vocab_size=8)
SHOWO = dict(llm_vocab_size=151669, load_from_showo=True, hidden_size=1536, image_latent_dim=16, image_latent_height=27,
             image_latent_width=27, video_latent_height=27, video_latent_width=27, patch_size=2, add_time_embeds=True,
             clip_latent_dim=1152, add_qk_norm=True)
LATENT, PIXELS, ROWS = (1, 16, 54, 54), (1, 3, 432, 432), 1024
IMAGE_TOKENS = 27 * 27 + 1                       # with the time token
TEXT_TOKENS, PREFIX_TOKENS, ROLE_TOKENS = 20, 14, 4   # text; bos, system prompt, "user"; "assistant" (Qwen2.5 tokenizer)
POINTS, GUIDANCE, SHIFT = 2, 5.0, 3.0            # two grid points: one evaluation
TOKEN = 10                                       # stands for any token of text


def clocks():
    return time.perf_counter(), time.process_time()


class Clock:
    """Wall and processor seconds of runs."""

    def __init__(self):
        self.times, self.processor = [], 0.0

    @contextlib.contextmanager
    def run(self):
        start = clocks()
        yield
        self.add(*(b - a for a, b in zip(start, clocks())))

    def add(self, seconds, processor):
        self.times.append(seconds)
        self.processor += processor

    def report(self, name):
        print(f"{name:34} {statistics.median(self.times):8.3f} s ({min(self.times):.3f} ... {max(self.times):.3f}), "
              f"{self.processor / sum(self.times):.2f} cores", flush=True)


def measure(name, repeats, run, warm_up=True):
    """One run that is not counted, then `repeats` that are. -> what the last one returned"""
    if warm_up:
        run()
    clock = Clock()
    for _ in range(repeats):
        result = None                                        # or two of them would be resident
        with clock.run():
            result = run()
    clock.report(name)
    return result


@contextlib.contextmanager
def peak_memory(name):
    """Reports the most that is resident during the block (Linux's VmHWM, reset at the start)."""
    Path("/proc/self/clear_refs").write_text("5")
    yield
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    print(f"{name + ': peak memory':34} {peak / 1e6:8.2f} GB", flush=True)


def fill(module):
    """Normal numbers of deviation 0.02, a block of them over and over; norms' weights 1. In place: there is no second copy."""
    block = torch.randn(1_000_003, generator=torch.Generator().manual_seed(1)) * 0.02
    for name, parameter in module.named_parameters():
        if "norm" in name and name.endswith("weight") or name.endswith("gamma"):
            parameter.data.fill_(1)
            continue
        for part in parameter.data.view(-1).split(len(block)):
            part.copy_(block[:len(part)])


def showo2(dtype):
    """The official class at 1.5B, made in `dtype` and without its initialisation, which takes a minute and is overwritten."""
    import models.modeling_showo2_qwen2_5 as official
    from transformers import Qwen2Config, SiglipConfig
    from transformers.modeling_utils import no_init_weights
    siglip = SiglipConfig(vision_config=VISION, text_config=TEXT_TOWER)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    with no_init_weights(), mock.patch.object(official.AutoConfig, "from_pretrained", lambda path: Qwen2Config(**LLM)), \
            mock.patch.object(official.SiglipModel, "from_pretrained", lambda path: official.SiglipModel(siglip)):
        model = official.Showo2Qwen2_5(**SHOWO)
    torch.set_default_dtype(before)
    fill(model)
    assert model.showo.lm_head.weight is model.showo.model.embed_tokens.weight
    blocks = (model.showo.model.layers, model.und_trans.layers, model.diffusion_head_a)
    print(f"{sum(p.numel() for p in model.parameters()) / 1e9:.2f} G weights, {dtype}; "
          + ", ".join(f"{len(b)} x {type(b[0].self_attn).__name__}" for b in blocks), flush=True)
    return model.to(dtype).eval()


class Parts:
    """Where an evaluation's time goes, by hooks on the official modules."""

    def __init__(self, model):
        self.parts = {"semantic encoder": [model.und_trans], "LLM": [model.showo.model], "lm_head": [model.showo.lm_head],
                      "diffusion head": [model.diff_proj, *model.diffusion_head_a, model.diffusion_head_b]}
        self.evaluations, self.hooks = [], []
        for part, modules in self.parts.items():
            for module in modules:
                self.hooks += [module.register_forward_pre_hook(lambda *_: self.enter()),
                               module.register_forward_hook(lambda *_, part=part: self.leave(part))]

    def begin(self):
        self.evaluations.append({part: [0.0, 0.0] for part in self.parts})

    def enter(self):
        self.start = clocks()

    def leave(self, part):
        sums = self.evaluations[-1][part]
        for i, (a, b) in enumerate(zip(self.start, clocks())):
            sums[i] += b - a

    def report(self):
        for part in self.parts:
            clock = Clock()
            for sums in self.evaluations[1:]:                # the first is the one not counted
                clock.add(*sums[part])
            clock.report("  of which " + part)
        for hook in self.hooks:
            hook.remove()


def evaluation(model, dtype, repeats):
    """One step of inference_t2i.py: conditional and unconditional branch in one batch."""
    from models.misc import prepare_gen_input
    from models.omni_attention import omni_attn_mask_naive
    from transport import Sampler, create_transport

    def tokenizer(prompt, add_special_tokens):
        return {"input_ids": [TOKEN] * TEXT_TOKENS}
    tokens, null, where, where_null = prepare_gen_input([""], tokenizer, IMAGE_TOKENS, 1, 2, 3, 4, 5, 6, ROWS - IMAGE_TOKENS - 4,
                                                        "cpu")
    tokens, where = torch.cat([tokens, null]), torch.cat([where, where_null])
    assert tokens.shape == (2, ROWS)
    noise = torch.randn(LATENT).to(torch.bfloat16)
    mask = omni_attn_mask_naive(2, ROWS, where, "cpu").to(dtype)
    sample = Sampler(create_transport(snr_type="lognorm", seq_len=IMAGE_TOKENS)).sample_ode(
        sampling_method="euler", num_steps=POINTS, atol=1e-6, rtol=1e-3, reverse=False, time_shifting_factor=SHIFT)
    parts = Parts(model)

    def velocity(*args, **kwargs):
        parts.begin()
        return model.t2i_generate(*args, **kwargs)
    with peak_memory("evaluation"):
        samples = measure("evaluation (2 x 1024 rows)", repeats, lambda: sample(
            torch.cat([noise, noise]), velocity, text_tokens=tokens, attention_mask=mask, modality_positions=where,
            output_hidden_states=True, max_seq_len=ROWS, guidance_scale=GUIDANCE))
    assert len(parts.evaluations) == repeats + 1 and samples[-1].isfinite().all()
    parts.report()


def understanding(model, dtype, repeats):
    """Features of an image and the first tokens of an answer, as in inference_mmu.py."""
    from models.omni_attention import omni_attn_mask_naive
    latents = torch.randn(LATENT).to(dtype)
    before, after = (model.showo.model.embed_tokens(torch.full((1, n), TOKEN))
                     for n in (PREFIX_TOKENS, 2 + TEXT_TOKENS + ROLE_TOKENS))

    @torch.enable_grad()
    def features():
        und = model.image_embedder_und(latents) + model.position_embedding(model.image_position_ids)
        und = model.und_trans(und)["last_hidden_state"]
        return model.fusion_proj(torch.cat([und, model.image_embedder_gen(latents)], dim=-1))

    def answer(tokens):
        """-> wall and processor clock at the start, at the end and whenever the LLM is called again"""
        marks = [clocks()]
        hook = model.showo.register_forward_pre_hook(lambda *_: marks.append(clocks()))
        t = model.time_embed_proj(model.time_embed(torch.Tensor([[1.0]]), dtype))
        x = torch.cat([before, after[:, :1], t, image, after[:, 1:]], dim=1).to(dtype)
        where = torch.tensor([PREFIX_TOKENS + 2, IMAGE_TOKENS])[None, None]
        mask = omni_attn_mask_naive(1, x.shape[1], where, "cpu").to(dtype)
        model.mmu_generate(input_embeds=x, attention_mask=mask, top_k=1, max_new_tokens=tokens, eos_token=-1)
        hook.remove()
        return [marks[0], *marks[2:], clocks()]
    with peak_memory("understanding"):
        image = measure("image features", repeats, features)
        answer(1)
        first, following = Clock(), Clock()
        for _ in range(repeats):
            marks = answer(1 + repeats)
            for clock, a, b in zip([first] + repeats * [following], marks, marks[1:]):
                clock.add(b[0] - a[0], b[1] - a[1])
        first.report(f"first token ({PREFIX_TOKENS + IMAGE_TOKENS + 2 + TEXT_TOKENS + ROLE_TOKENS} rows)")
        following.report("each following token")


def wan_vae(dtype):
    """The official VAE."""
    import models.wan21_vae as official

    def random(self, state, assign):
        self.to_empty(device="cpu")
        fill(self)
    with mock.patch.object(torch, "load"), mock.patch.object(official.WanVAE_, "load_state_dict", random):
        return official.WanVAE(dtype=dtype, device="cpu")


def vae(dtype, repeats):
    """The official VAE on one image, both ways."""
    import models.wan21_vae as official
    wan = wan_vae(dtype)
    latents, pixels = torch.randn(LATENT).unsqueeze(2), torch.rand(PIXELS).unsqueeze(2) * 2 - 1
    computes = torch.autocast("cpu", dtype, enabled=dtype != torch.float32)
    with mock.patch.object(official.amp, "autocast", lambda dtype: computes):
        with peak_memory("VAE decode"):
            image = measure("VAE decode", repeats, lambda: wan.batch_decode(latents))
        with peak_memory("VAE encode"):
            encoded = measure("VAE encode", repeats, lambda: wan.sample(pixels))
    assert image.shape[-2:] == PIXELS[-2:] and image.isfinite().all()
    assert encoded.shape == latents.shape and encoded.isfinite().all()


def video(model, dtype, repeats, frames, encoded):
    """inference_mmu_vid.py from frames in memory to the first token of an answer. The VAE is f32 there whatever is asked for, as a CPU ignores its
    autocast. Encoding takes all frames at once, and for 32 of them more than 24 GB: `encoded` frames are encoded, and stand for the others."""
    from models.omni_attention import omni_attn_mask_naive
    wan = wan_vae(dtype)
    pixels = torch.rand(encoded, 3, 1, *PIXELS[2:]) * 2 - 1
    side = LATENT[2] // SHOWO["patch_size"]

    def features():
        und = model.image_embedder_und(latents) + model.position_embedding(model.image_position_ids)
        und = model.und_trans(und)["last_hidden_state"]
        image = model.fusion_proj(torch.cat([und, model.image_embedder_gen(latents)], dim=-1))
        image = image.reshape(encoded, side, side, -1).permute(0, 3, 1, 2).contiguous()
        image = torch.nn.functional.interpolate(image, size=(14, 14), mode="bilinear")
        return image.permute(0, 2, 3, 1).reshape(1, -1, image.shape[1])

    def first_token():
        before, after = (model.showo.model.embed_tokens(torch.full((1, n), TOKEN))
                         for n in (PREFIX_TOKENS, 2 + TEXT_TOKENS + ROLE_TOKENS))
        t = model.time_embed_proj(model.time_embed(torch.Tensor([[1.0]]), dtype))
        x = torch.cat([before, after[:, :1], t, image, after[:, 1:]], dim=1).to(dtype)
        where = torch.tensor([PREFIX_TOKENS + 2, IMAGE_TOKENS])[None, None]
        mask = omni_attn_mask_naive(1, x.shape[1], where, "cpu").to(dtype)
        model.mmu_generate(input_embeds=x, attention_mask=mask, top_k=1, max_new_tokens=1, eos_token=-1)
    with peak_memory(f"video of {frames} frames, {encoded} encoded"):
        latents = measure("VAE encode", repeats, lambda: wan.sample(pixels).squeeze(2).to(dtype), warm_up=False)
        image = measure("features", repeats, features, warm_up=False)
        image = image.repeat(1, -(-frames // encoded), 1)[:, :frames * 14 * 14]
        measure("first token", repeats, first_token, warm_up=False)


def matmul(repeats):
    """What the machine gives a plain product, 1460 x 1536 times 1536 x 17920 (the LLM's gate and up), in both weight layouts."""
    for dtype in (torch.bfloat16, torch.float32):
        x, w = torch.randn(1460, 1536).to(dtype), torch.randn(1536, 17920).to(dtype)
        linear = w.t().contiguous()
        for name, run in (("x @ w", lambda: x @ w), ("linear(x, w)", lambda: torch.nn.functional.linear(x, linear))):
            clock = Clock()
            run()
            for _ in range(3 * repeats):
                with clock.run():
                    run()
            rates = [2e-9 * 1460 * 1536 * 17920 / t for t in clock.times]
            title = f"{name}, {str(dtype).removeprefix('torch.')}"
            print(f"{title:34} {statistics.median(rates):8.1f} GFLOP/s ({min(rates):.1f} ... {max(rates):.1f}), "
                  f"{clock.processor / sum(clock.times):.2f} cores", flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("official", type=Path, help="the folder show-o2 of an official checkout")
    p.add_argument("--repeats", type=int, default=3)
    p.add_argument("--only", choices=("evaluation", "understanding", "vae", "video", "matmul"))
    p.add_argument("--frames", type=int, default=32, help="of --only video")
    p.add_argument("--encoded", type=int, help="of --only video: frames that are encoded, all at once (default: all)")
    p.add_argument("--dtype", choices=("bf16", "f32"), default="bf16")
    p.add_argument("--malloc", choices=MALLOC, default="keep")
    p.add_argument("--threads", type=int, default=os.cpu_count())
    a = p.parse_args()
    restart_with(MALLOC[a.malloc])
    measure_all(a)


@torch.no_grad()
def measure_all(a):
    torch.set_num_threads(a.threads)
    torch.manual_seed(1)
    dtype = {"bf16": torch.bfloat16, "f32": torch.float32}[a.dtype]
    print(f"PyTorch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}, {a.threads} threads, --malloc {a.malloc}, "
          f"--dtype {a.dtype}, load {os.getloadavg()[0]:.1f}", flush=True)
    stand_ins()
    sys.path.insert(0, str(a.official))
    matmul(a.repeats)
    if a.only in (None, "vae"):
        vae(dtype, a.repeats)
    if a.only == "video":
        video(showo2(dtype), dtype, a.repeats, a.frames, min(a.encoded or a.frames, a.frames))
    if a.only in (None, "evaluation", "understanding"):
        model = showo2(dtype)
        if a.only != "understanding":
            evaluation(model, dtype, a.repeats)
        if a.only != "evaluation":
            understanding(model, dtype, a.repeats)


if __name__ == "__main__":
    main()
