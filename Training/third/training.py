"""The phases of the third generation: see ../third_generation.py, whose arguments `Run` takes."""
import contextlib
import json
import random
import shutil
import time

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

import tokenizer
from common import EMA, MODEL, ROOT, WORK, replace, to_images, to_tensor
from diversity import measure as differences, summary as mean_row
from evaluate import show, summary
from export import write_config
from geometry import Geometry
from labels import Probe
from model import Showo2
from optimizers import make_optimizers
from sample import timesteps
from third import device as on
from third import evalset
from third.batches import SUFFIX, Speller, Steps, prompts, questions
from third.evaluator import check, detect
from third.render import Renderer
from third.words import corpus
from third.world import COLOR_NAMES, SHAPES, sample
from vae import WanVAE

POINTS, GUIDANCE, LENGTH = 30, 3.5, 320                      # LENGTH: positions of the longest sequence, with room


class Run:
    def __init__(self, a, stopping: list):
        self.a, self.stopping = a, stopping
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        if self.device.type == "cuda":
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
        side = int(a.tokens ** 0.5)
        self.g = Geometry(image_size=16 * side, image_latent_height=side, image_latent_width=side)
        self.box = a.minutes * 60
        WORK.mkdir(parents=True, exist_ok=True)

    def autocast(self):
        return torch.autocast("cuda", torch.bfloat16) if self.device.type == "cuda" else contextlib.nullcontext()

    def log(self, row: dict):
        print(json.dumps(row), flush=True)
        with open(WORK / "curve.jsonl", "a") as f:
            f.write(json.dumps(row) + "\n")

    def generator(self, *key):
        """Random numbers on the device, from the seed and a key."""
        return torch.Generator(self.device).manual_seed(int(np.random.SeedSequence([self.a.seed, *key]).generate_state(1, np.uint64)[0] >> 1))

    # ------------------------------------------------------------------ tokenizer, evaluation set

    def prepare(self):
        self.tokenizer()
        if not (MODEL / "eval2/set.json").exists():
            small = {"per_task": 2, "per_kind": 2, "pictures": 24} if self.a.smoke else {}
            evalset.write(MODEL / "eval2", self.g.image_size, **small)

    def tokenizer(self):
        if not (MODEL / "tokenizer.json").exists():
            scenes = sample(2500, np.random.default_rng(0))
            tok = tokenizer.train(sentences=corpus(scenes, random.Random(0)))
            replace(MODEL / "tokenizer.json", lambda tmp: tok.save(str(tmp)))
            shutil.copy(ROOT / "Models/shapes/tokenizer_config.json", MODEL)      # the special tokens' ids do not depend on the corpus

    # ------------------------------------------------------------------ VAE

    def vae_loss(self, vae, x, noise):
        """train_vae.losses, on this device: reconstruction, edges, KL."""
        with self.autocast():
            mu, logvar = vae.encode(x)
            mu, logvar = mu.float(), logvar.float().clamp(-30, 20)
            y = vae.decode(mu + torch.exp(0.5 * logvar) * noise).float()
        d = y - x
        edges = d.diff(dim=2).abs().mean() + d.diff(dim=3).abs().mean()
        kl = 0.5 * (mu ** 2 + logvar.exp() - 1 - logvar).mean()
        return d.abs().mean() + 2 * d.pow(2).mean() + 0.5 * edges + 1e-4 * kl

    def train_vae(self, batch=256, crop=64):
        if (MODEL / "geometry.json").exists():
            return
        a, path, budget = self.a, WORK / "vae.pt", self.box * self.a.vae
        batch = 4 if a.smoke else batch
        torch.manual_seed(a.seed)
        vae = WanVAE(self.g.vae)
        vae.load_state_dict(load_file(ROOT / "Models/shapes/vae.safetensors"))
        vae = vae.to(self.device)
        draw, opt, ema = Renderer(self.g.image_size, self.device), torch.optim.AdamW(vae.parameters(), lr=6e-4, betas=(0.9, 0.95), weight_decay=0.0), EMA(vae, 0.998)
        step, used = 0, 0.0
        if path.exists():
            s = torch.load(path, map_location=self.device, weights_only=False)
            vae.load_state_dict(s["vae"])
            opt.load_state_dict(s["opt"])
            ema.shadow, ema.n, step, used = s["ema"], s["n"], s["step"], s["seconds"]

        def save():
            state = {"vae": vae.state_dict(), "opt": opt.state_dict(), "ema": ema.shadow, "n": ema.n, "step": step, "seconds": used}
            replace(path, lambda tmp: torch.save(state, tmp))
        last = saved = time.time()
        while not self.over(step, used, budget):
            scenes = sample(batch, np.random.default_rng([a.seed, 1, step]))
            x, _ = draw(draw.tensors(scenes))
            gen = self.generator(1, step)
            at = torch.randint(0, self.g.image_size - crop + 1, (2,), generator=gen, device=self.device).tolist()
            x = x[:, :, at[0]:at[0] + crop, at[1]:at[1] + crop].contiguous(memory_format=torch.channels_last)
            for group in opt.param_groups:
                group["lr"] = 6e-4 * min(1, (step + 1) / 50) * max(1 - self.share(step, used, budget), 0.01)
            loss = self.vae_loss(vae, x, torch.randn((len(x), self.g.vae.z_dim, crop // 8, crop // 8), generator=gen, device=self.device))
            opt.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
            opt.step()
            ema.update(vae)
            step += 1
            now = time.time()
            used, last = used + now - last, now
            if step % 25 == 0 or self.over(step, used, budget):
                self.log({"phase": "vae", "step": step, "loss": round(loss.item(), 4), "seconds": round(used, 1)})
            if now - saved > a.save or self.stopping:
                save()
                saved = now
        if self.stopping:
            return save()
        ema.swap(vae)
        psnr, mean, std = self.vae_statistics(vae, draw, 8 if a.smoke else 768)
        self.log({"phase": "vae", "psnr": round(psnr, 2)})
        state = {k: v.float().cpu().contiguous() for k, v in vae.state_dict().items()}
        replace(MODEL / "vae.safetensors", lambda tmp: save_file(state, tmp, metadata={"format": "pt"}))
        write_config(MODEL, mean.tolist(), std.tolist(), self.g, LENGTH)

    @torch.no_grad()
    def vae_statistics(self, vae, draw, count):
        """PSNR (dB) of mean reconstructions of unseen scenes; mean and standard deviation per latent channel."""
        mse, mus = [], []
        for i in range(0, count, 64):
            x, _ = draw(draw.tensors(sample(min(64, count - i), np.random.default_rng([self.a.seed, 2, i]))))
            mu, _ = vae.encode(x)
            mse.append(((vae.decode(mu).clamp(-1, 1) - x) / 2).pow(2).mean((1, 2, 3)))
            mus.append(mu)
        mu = torch.cat(mus)
        return (-10 * torch.log10(torch.cat(mse))).mean().item(), mu.mean((0, 2, 3)).cpu(), mu.std((0, 2, 3)).cpu()

    def load_vae(self):
        self.vae = WanVAE(self.g.vae)
        self.vae.load_state_dict(load_file(MODEL / "vae.safetensors"))
        self.vae = self.vae.to(self.device).eval().requires_grad_(False)
        known = json.loads((MODEL / "geometry.json").read_text())["vae"]
        self.mean, self.std = (torch.tensor(known[k], device=self.device).view(1, -1, 1, 1) for k in ("mean", "std"))

    # ------------------------------------------------------------------ the model

    def over(self, step, used, budget) -> bool:
        return bool(self.stopping) or (step >= self.a.steps if self.a.steps else used >= budget)

    def share(self, step, used, budget) -> float:
        return step / self.a.steps if self.a.steps else used / budget

    def build(self):
        torch.manual_seed(self.a.seed)
        self.model = Showo2(self.g).to(self.device)
        self.probe = Probe(self.g.llm.hidden_size, len(SHAPES)).to(self.device)
        self.speller = Speller(tokenizer.load(MODEL))
        self.names = [torch.tensor([self.speller.encode(" " + w)[0] for w in ws], device=self.device) for ws in (SHAPES, COLOR_NAMES)]
        self.draw = Renderer(self.g.image_size, self.device)
        if self.a.compile:
            for layer in [*self.model.showo.model.layers, *self.model.diffusion_head_a, *self.model.und_trans.layers]:
                layer.compile()

    def latents(self, arrays: dict):
        """A step's scenes, drawn and encoded -> normalised latents (B, 16, h, w), labels, objects (B, N), posterior noise's scale."""
        with torch.no_grad(), self.autocast():
            out = []
            for i in range(0, len(arrays["count"]), 256):
                part = {k: v[i:i + 256] for k, v in arrays.items() if k in self.scene_keys}
                pixels, cover = self.draw(part)
                labels, objects = self.draw.labels(part, cover, self.g.image_latent_width)
                mu, logvar = self.vae.encode(pixels.contiguous(memory_format=torch.channels_last))
                out.append([(mu.float() - self.mean) / self.std, *labels, objects, (0.5 * logvar.float()).exp().mean((0, 2, 3), keepdim=True)])
        x, *labels, objects, sd = (torch.cat(c) for c in zip(*out))
        return x, labels, objects, sd.mean(0, keepdim=True)

    def losses(self, arrays: dict, gen):
        """-> the step's loss, and its parts as a tensor: flow, answers, probes, naming, attention (questions, prompts), right tokens."""
        a, n, u = self.a, self.g.image_tokens, len(arrays["suffix"])
        x, labels, objects, sd = self.latents(arrays)
        with self.autocast():
            flow, seen, found = on.flow_losses(self.model, self.probe, on.drawing(arrays, n), x, labels, on.prompt_targets(arrays, objects, n), gen)
            noisy = torch.rand(u, 1, 1, 1, generator=gen, device=self.device) < 1 / 3
            shown = x[:u] + noisy * sd * torch.randn(x[:u].shape, generator=gen, device=self.device)
            targets = on.question_targets(arrays, objects[:u], len(self.speller.prefix), n)
            said, known, named, looked, right = on.answer_losses(self.model, self.probe, on.asking(arrays, self.speller.prefix, n), shown,
                                                                 [z[:u] for z in labels], targets, self.names)
        loss = flow + a.answers * said + a.probe * (seen + known) + a.words * named + a.lookups * looked + a.prompts * found
        return loss, torch.stack([flow, said, seen, known, named, looked, found, right]).detach()

    scene_keys = ("count", "shape", "color", "size", "group", "x", "y", "r", "turn", "back", "texture", "pattern")

    def steps(self, first: int):
        """The arrays of step `first` and those after, on the device."""
        data = Steps(self.speller, self.a.seed, self.a.gen, self.a.und)
        more = {"num_workers": self.a.workers, "prefetch_factor": 4, "pin_memory": self.device.type == "cuda"} if self.a.workers else {}
        for arrays in torch.utils.data.DataLoader(data, batch_size=None, sampler=range(first, 1 << 40), **more):
            yield {k: torch.as_tensor(v).to(self.device, non_blocking=True) for k, v in arrays.items()}

    def train_model(self):
        a, path = self.a, WORK / "state.pt"
        budget = self.box * (1 - a.vae - a.measure)
        torch.set_num_threads(2 if self.device.type == "cpu" else 8)
        self.load_vae()
        self.build()
        opts = make_optimizers(self.model, self.probe, a.lr, dtype=torch.bfloat16 if self.device.type == "cuda" else torch.float32)
        groups, ema, step, used = [(g, g["lr"]) for o in opts for g in o.param_groups], EMA(self.model, a.ema), 0, 0.0
        if path.exists():
            s = torch.load(path, map_location=self.device, weights_only=False)
            self.model.load_state_dict(s["model"])
            self.probe.load_state_dict(s["probe"])
            for o, state in zip(opts, s["opts"]):
                o.load_state_dict(state)
            groups = list(zip((g for o in opts for g in o.param_groups), (lr for _, lr in groups)))
            ema.shadow, ema.n, step, used = s["ema"], s["n"], s["step"], s["seconds"]
            print("resumed at step", step, "after", round(used), "s", flush=True)

        def save():
            state = {"model": self.model.state_dict(), "probe": self.probe.state_dict(), "opts": [o.state_dict() for o in opts],
                     "ema": ema.shadow, "n": ema.n, "step": step, "seconds": used}
            replace(path, lambda tmp: torch.save(state, tmp))
        last = saved = time.time()
        sums, names = [], ("flow", "answers", "probe_gen", "probe_und", "words", "lookups", "prompts", "token_accuracy")
        feed = iter(()) if self.over(step, used, budget) else self.steps(step)
        for arrays in feed:
            factor = min(1.0, (step + 1) / a.warmup, max((1 - self.share(step, used, budget)) / a.decay, 0.01))
            for g, lr in groups:
                g["lr"] = lr * factor
            loss, parts = self.losses(arrays, self.generator(3, step))
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            for o in opts:
                o.step()
                o.zero_grad(set_to_none=True)
            ema.update(self.model)
            step += 1
            sums.append(parts)
            if step % 25 == 0 or a.steps:
                mean = torch.stack(sums).mean(0).tolist()                  # the only wait for the device
                self.log({"phase": "model", "step": step, **dict(zip(names, (round(v, 4) for v in mean))), "rate": round(factor, 3),
                          "drawings": step * a.gen, "seconds": round(used, 1)})
                sums = []
            now = time.time()
            used, last = used + now - last, now
            if now - saved > a.save or self.over(step, used, budget):
                save()
                saved = now
            if self.over(step, used, budget):
                break

    # ------------------------------------------------------------------ export and measurement

    def state(self) -> dict:
        """The EMA under official names, rounded to bf16."""
        s = torch.load(WORK / "state.pt", map_location="cpu", weights_only=False)
        out = dict(s["model"])
        out.update(zip((k for k, _ in Showo2(self.g).named_parameters()), s["ema"]))
        return {k: v.bfloat16().contiguous() for k, v in out.items()}

    def export(self):
        state = self.state()
        replace(MODEL / "model.safetensors", lambda tmp: save_file(state, tmp, metadata={"format": "pt"}))

    @torch.inference_mode()
    def images(self, texts: list, noise, points=POINTS, chunk=256):
        """Prompts and their noise (n, 16, h, w) -> latents, pixels (n, side, side, 3) uint8."""
        t, latents, pixels = timesteps(points).to(self.device), [], []
        for i in range(0, len(texts), chunk):
            said = [[(p, 0)] for p in texts[i:i + chunk]] + [[]] * len(texts[i:i + chunk])
            batch = on.drawing({k: torch.as_tensor(v, device=self.device) for k, v in prompts(self.speller, said).items()}, self.g.image_tokens)
            x = noise[i:i + chunk].to(self.device)
            for a, b in zip(t[:-1], t[1:]):
                with self.autocast():
                    v = self.model.predict_velocity(batch, torch.cat([x, x]), a.repeat(2 * len(x))).float()
                cond, free = v.chunk(2)
                x = x + (b - a) * (free + GUIDANCE * (cond - free))
            latents.append(x.cpu())
            for j in range(0, len(x), 32):
                pixels.append(to_images(self.vae.decode(x[j:j + 32] * self.std + self.mean).clamp(-1, 1).cpu()))
        return torch.cat(latents), np.concatenate(pixels)

    def noise(self, seeds):
        side = 2 * self.g.image_latent_width
        return torch.stack([torch.randn(16, side, side, generator=torch.Generator().manual_seed(s)) for s in seeds])

    @torch.inference_mode()
    def answers(self, rows: list) -> list:
        """Is each answer what greedy decoding gives?  One forward pass decides it: every token must be the likeliest after those before."""
        right = []
        for i in range(0, len(rows), 32):
            part = rows[i:i + 32]
            pixels = np.stack([np.asarray(Image.open(MODEL / "eval2" / r["image"]).convert("RGB")) for r in part])
            x = (self.vae.encode(to_tensor(pixels).to(self.device))[0].float() - self.mean) / self.std
            arrays = questions(self.speller, [[([(r["question"], 0)], [(r["answer"], 0)], None)] for r in part], SUFFIX)
            batch = on.asking({k: torch.as_tensor(v, device=self.device) for k, v in arrays.items()}, self.speller.prefix, self.g.image_tokens)
            with self.autocast():
                guess = self.model.answer_logits(batch, x).argmax(-1)
            right += ((guess == batch["labels"]) | (batch["labels"] == -100)).all(1).tolist()
        return right

    def measure(self):
        """ShapesBench 2 and diversity of the exported weights -> eval2/scores.json."""
        self.load_vae()
        self.build()
        self.model.load_state_dict({k: v.float() for k, v in load_file(MODEL / "model.safetensors").items()})
        self.model.eval()
        points = 3 if self.a.smoke else POINTS
        rows = [json.loads(line) for line in open(MODEL / "eval2/prompts.jsonl")]
        _, pictures = self.images([r["prompt"] for r in rows], self.noise(range(1000, 1000 + len(rows))), points)
        verdicts = [check(detect(p), r) for p, r in zip(pictures, rows)]
        result = {"points": points, "guidance": GUIDANCE, "generation": summary([r["tag"] for r in rows], verdicts)}
        asked = [json.loads(line) for line in open(MODEL / "eval2/questions.jsonl")]
        result["understanding"] = summary([r["type"] for r in asked], self.answers(asked))
        singles, each = [r for r in rows if r["tag"] == "single"][:1 if self.a.smoke else 12], 2 if self.a.smoke else 10
        found = []
        for i, r in enumerate(singles):
            latents, pictures = self.images([r["prompt"]] * each, self.noise(range(90_000 + 100 * i, 90_000 + 100 * i + each)), points)
            found.append(differences(latents.numpy(), pictures, r, detect, check))
        result["diversity"] = mean_row(found)
        replace(MODEL / "eval2/scores.json", lambda tmp: tmp.write_text(json.dumps(result, indent=1) + "\n"))
        show("text to image", result["generation"])
        show("questions", result["understanding"])
        self.log({"phase": "measure", "prompts": result["generation"]["overall"]["share"], "questions": result["understanding"]["overall"]["share"],
                  **result["diversity"]})

    # ------------------------------------------------------------------ what it costs

    def flops(self, count=8) -> dict:
        """Counts the operations of one step (torch.utils.flop_counter: matrix products, convolutions, attention; two per multiply-add), on
        `count` drawings and half as many images with questions, and reckons what a device at a stated rate could do."""
        from torch.utils.flop_counter import FlopCounterMode
        self.tokenizer()
        self.vae = WanVAE(self.g.vae).to(self.device).eval().requires_grad_(False)
        self.mean, self.std = (torch.tensor(v, device=self.device) for v in (0.0, 1.0))
        self.build()
        n, und = self.g.image_tokens, count // 2
        arrays = {k: torch.as_tensor(v, device=self.device) for k, v in Steps(self.speller, 0, count, und)[0].items()}
        counts = {}
        with FlopCounterMode(display=False) as counter:
            x, labels, objects, _ = self.latents(arrays)
        counts["render and encode, per drawing"] = counter.get_total_flops() / count
        with FlopCounterMode(display=False) as counter:
            sum(on.flow_losses(self.model, self.probe, on.drawing(arrays, n), x, labels, on.prompt_targets(arrays, objects, n), None)).backward()
        counts["flow step, per drawing"] = counter.get_total_flops() / count
        targets = on.question_targets(arrays, objects[:und], len(self.speller.prefix), n)
        with FlopCounterMode(display=False) as counter:
            parts = on.answer_losses(self.model, self.probe, on.asking(arrays, self.speller.prefix, n), x[:und], [z[:und] for z in labels], targets, self.names)
            sum(parts[:-1]).backward()
        counts["answer step, per image"] = counter.get_total_flops() / und
        step = self.a.gen * (counts["render and encode, per drawing"] + counts["flow step, per drawing"]) + self.a.und * counts["answer step, per image"]
        seconds = self.box * (1 - self.a.vae - self.a.measure)
        return {**{k: f"{v / 1e9:.2f} GFLOP" for k, v in counts.items()}, "step": f"{step / 1e12:.2f} TFLOP", "seconds for the model": round(seconds),
                "drawings seen at so many TFLOP/s": {r: round(seconds * r * 1e12 / step * self.a.gen) for r in (20, 40, 80, 160)}}


