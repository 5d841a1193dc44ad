"""Muon for the matrices inside transformer layers and projectors, AdamW for everything else."""
import torch


class Muon(torch.optim.Optimizer):
    """Momentum, then orthogonalised updates (five Newton-Schulz steps) for hidden matrices, batched by shape.

    `dtype`: bfloat16 where the processor multiplies it (AVX512-BF16 and later); on AVX2 that takes thirty times as
    long as float32.
    """

    CHUNK = 6                                  # matrices orthogonalised together, by one worker

    def __init__(self, params, lr, momentum=0.95, weight_decay=0.01, dtype=torch.float32, run=map):
        """`run`: like map, possibly in several threads."""
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))
        self.dtype, self.run = dtype, run

    def orthogonalise(self, g):
        """(K, m, n) -> nearest semi-orthogonal matrices, approximately."""
        x, tall = g.to(self.dtype), g.shape[-2] > g.shape[-1]
        x = x.mT.contiguous() if tall else x
        x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
        for _ in range(5):
            a = x @ x.mT
            x = torch.baddbmm(x, torch.baddbmm(a, a, a, beta=-4.7750, alpha=2.0315), x, beta=3.4445)
        return (x.mT if tall else x).float()

    @torch.no_grad()
    def update(self, group, params):
        """One step for some matrices of one shape."""
        directions = []
        for p in params:
            buf = self.state[p].setdefault("momentum", torch.zeros_like(p))
            buf.lerp_(p.grad, 1 - group["momentum"])
            directions.append(p.grad.lerp(buf, group["momentum"]))
        scale = group["lr"] * 0.2 * max(params[0].shape) ** 0.5
        for p, u in zip(params, self.orthogonalise(torch.stack(directions))):
            p.mul_(1 - group["lr"] * group["weight_decay"]).add_(u, alpha=-scale)

    def step(self):
        work = []
        for group in self.param_groups:
            shapes = {}
            for p in group["params"]:
                shapes.setdefault(p.shape, []).append(p)
            work += [(group, ps[i:i + self.CHUNK]) for ps in shapes.values() for i in range(0, len(ps), self.CHUNK)]
        for group, params in work:
            for p in params:
                self.state[p]                                   # a defaultdict: made here, not in a race
        list(self.run(lambda item: self.update(*item), work))


def make_optimizers(model, probe, lr: float, muon=True, run=map, dtype=torch.float32) -> list:
    """Muon at 2 lr, AdamW at lr, AdamW for the probe at 2 lr.  Without Muon, AdamW for everything."""
    hidden, rest = [], []
    for name, p in model.named_parameters():
        inner = p.ndim == 2 and any(k in name for k in ("layers.", "diffusion_head_a.", "fusion_proj", "diff_proj"))
        (hidden if muon and inner and "adaLN" not in name else rest).append(p)
    first = [torch.optim.AdamW(rest, lr=lr, betas=(0.9, 0.98), weight_decay=0.01, fused=True)]
    first += [Muon(hidden, lr=2 * lr, dtype=dtype, run=run)] if hidden else []
    return first + [torch.optim.AdamW(probe.parameters(), lr=2 * lr, weight_decay=0.0)]
