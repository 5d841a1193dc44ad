"""Writes the language model as OpenVINO's IR: converted from PyTorch, keys and values as states, weights compressed by NNCF."""
import shutil

import numpy as np
import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention

from transformer import random_transformer


class Appending(nn.Module):
    """The model with earlier keys and values as inputs and all of them as outputs, in the form that OpenVINO's plugin knows to fuse."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, ids, beam, *past):
        """ids: `[1, n]`; beam: `[1]`, int32, zero; past: for each block keys and values `[1, kv_heads, p, head_dim]`.
        -> logits `[1, 1, vocabulary]`, and as `past` with p + n rows"""
        g, present = self.model.geometry, []
        length = past[0].shape[2] + ids.shape[1]
        positions = torch.arange(past[0].shape[2], length)
        mask = (torch.arange(length)[None] <= positions[:, None])[None, None]

        def appending(past_keys, past_values):
            def attend(q, k, v):
                k = torch.cat([past_keys.index_select(0, beam), k], dim=2)
                v = torch.cat([past_values.index_select(0, beam), v], dim=2)
                present.extend([k, v])
                k, v = (x.unsqueeze(2).expand(1, g.kv_heads, g.group, length, g.head_dim).reshape(1, g.heads, -1, g.head_dim)
                        for x in (k, v))
                return scaled_dot_product_attention(q, k, v, mask)
            return attend
        attends = [appending(*pair) for pair in zip(past[0::2], past[1::2])]
        return self.model(ids, positions, attends), *present


def write(folder, g, mode):
    """mode: "int8" or "int4". Writes `model.xml` and `model.bin` into the folder, which exists only once they are complete."""
    import nncf
    import openvino as ov
    with torch.no_grad():
        model = stateful(Appending(random_transformer(g, torch.float32)).eval(), g)
    settings = {"int8": {"mode": nncf.CompressWeightsMode.INT8_ASYM},
                "int4": {"mode": nncf.CompressWeightsMode.INT4_ASYM, "group_size": 128, "ratio": 1.0}}
    model = nncf.compress_weights(model, **settings[mode])
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    ov.save_model(model, partial / "model.xml")
    partial.rename(folder)


def stateful(module, g):
    """-> OpenVINO's model of the module, with inputs `ids` and `beam`"""
    import openvino as ov
    from openvino._offline_transformations import apply_make_stateful_transformation
    past = [torch.zeros(1, g.kv_heads, 3, g.head_dim) for _ in range(2 * g.layers)]
    model = ov.convert_model(module, example_input=(torch.zeros(1, 2, dtype=torch.long), torch.zeros(1, dtype=torch.int32), *past))
    names = [f"{kind}{i}" for i in range(g.layers) for kind in ("keys", "values")]
    for port, name in zip(model.inputs, ["ids", "beam", *names]):
        port.get_tensor().set_names({name})
    for port, name in zip(model.outputs, ["logits", *(f"present {n}" for n in names)]):
        port.get_tensor().set_names({name})
    rows = ov.PartialShape([1, g.kv_heads, -1, g.head_dim])
    model.reshape({"ids": ov.PartialShape([1, -1]), "beam": ov.PartialShape([-1]), **{n: rows for n in names}})
    apply_make_stateful_transformation(model, {n: f"present {n}" for n in names})
    empty = ov.opset13.broadcast(ov.opset13.constant(0, np.float32), ov.opset13.constant([1, g.kv_heads, 0, g.head_dim], np.int64))
    for operation in model.get_ops():
        if operation.get_type_name() == "ReadValue":
            operation.set_arguments([empty])
    model.validate_nodes_and_infer_types()
    return model
