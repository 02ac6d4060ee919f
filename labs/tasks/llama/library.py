"""The same model in transformers, for the proof: asked as it is, and asked in float64.

The library computes four things in float32 whatever the precision of the model: the mean square of RMSNorm,
RoPE's angles, the softmax of its plain attention, and the loss. In half precision that keeps digits; for the same reason
the library cannot be compared in float64 as it is.
`exact()` gives a copy of its source in which these words, and nothing else, say float64.
"""
import functools
import importlib
import inspect
import sys
import types
from dataclasses import asdict

from labs.tasks.llama.config import left_padded, unpadded

#: What is replaced in the copy, and what it says there.
WORDS = {"torch.float32": "torch.float64", ".float()": ".double()", "dtype=torch.float)": "dtype=torch.float64)",
         "dtype=torch.float,": "dtype=torch.float64,"}
MODULES = ("transformers.models.llama.modeling_llama", "transformers.loss.loss_utils", "transformers.modeling_rope_utils")


@functools.cache
def exact() -> tuple:
    """The library's Llama and its loss with float64 where the source says float32.

    Returns
    -------
    model, loss : module
        Copies of `modeling_llama`, which takes its scaled frequencies from a copy of `modeling_rope_utils`, and of
        `loss_utils`.
    changed : list of (str, str, str)
        Every changed line: module, as it was, as it is.

    Raises
    ------
    RuntimeError
        The installed library says none of these words any more: then it may be compared as it is.
    """
    copies, changed = [], []
    for name in MODULES:
        source = inspect.getsource(importlib.import_module(name))
        lines = source.splitlines()
        for i, line in enumerate(lines):
            for word, other in WORDS.items():
                lines[i] = lines[i].replace(word, other)
            if lines[i] != line:
                changed.append((name.rpartition(".")[2], line.strip(), lines[i].strip()))
        if not any(module == name.rpartition(".")[2] for module, *_ in changed):
            raise RuntimeError(f"{name} says none of {', '.join(WORDS)}: what the copy is for has gone; compare the library as it is")
        copy = types.ModuleType(f"{name}_exact")
        copy.__package__, copy.__file__ = name.rpartition(".")[0], sys.modules[name].__file__
        sys.modules[copy.__name__] = copy
        exec(compile("\n".join(lines), copy.__file__, "exec"), vars(copy))
        copies.append(copy)
    model, loss, rope = copies
    model.ROPE_INIT_FUNCTIONS = rope.ROPE_INIT_FUNCTIONS
    return model, loss, changed


def build(config, exactly=False, attention="sdpa"):
    """The library's LlamaForCausalLM for a config of ours, its weights still to be loaded.

    Parameters
    ----------
    config : labs.tasks.llama.config.Config
    exactly : bool
        Take the copy that computes in float64 throughout.
    attention : {"sdpa", "eager"}
        By one call of PyTorch's, or by the library's own plain lines, whose softmax is in float32.
    """
    from transformers import LlamaForCausalLM
    theirs = their_config(config, attention)
    if not exactly:
        return LlamaForCausalLM(theirs)
    copy, losses, _ = exact()
    model = copy.LlamaForCausalLM(theirs)
    model.loss_function = losses.ForCausalLMLoss
    # the library's initialisation has set scaled frequencies again, in float32
    model.model.rotary_emb = rotary(config, exactly=True)
    return model


def rotary(config, exactly=False):
    """The library's module for RoPE: called with any tensor of the wanted type and positions (B, T), gives cos and sin."""
    from transformers.models.llama import modeling_llama
    return (exact()[0] if exactly else modeling_llama).LlamaRotaryEmbedding(their_config(config))


def their_config(config, attention="sdpa"):
    """The library's LlamaConfig for a config of ours."""
    from transformers import LlamaConfig
    names = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
             "max_position_embeddings", "rms_norm_eps")
    rope = {"rope_type": "default"} if config.rope_scaling is None else {"rope_type": "llama3", **asdict(config.rope_scaling)}
    return LlamaConfig(**{name: getattr(config, name) for name in names}, tie_word_embeddings=True,
                       rope_parameters=rope | {"rope_theta": config.rope_theta}, attn_implementation=attention,
                       bos_token_id=None, eos_token_id=None, pad_token_id=None)


def parts(model, x, tokens):
    """What each part of the library's model makes of the same input: the names are those of `watching.parts`."""
    import torch
    module = sys.modules[type(model).__module__]
    with torch.no_grad():
        first = next(model.parameters())
        x, tokens = torch.from_numpy(x).to(first), torch.from_numpy(tokens).to(first.device)
        layer, positions = model.model.layers[0], torch.arange(x.shape[1], device=first.device)[None]
        attention = layer.self_attn
        heads = attention.q_proj(x).unflatten(-1, (-1, attention.head_dim)).transpose(1, 2)
        turns = model.model.rotary_emb(x, positions)
        hide = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=first.device).triu(1)
        mask = torch.zeros(hide.shape, dtype=x.dtype, device=first.device).masked_fill(hide, torch.finfo(x.dtype).min)[None, None]
        answers = model(tokens, labels=tokens)
        found = {"RMSNorm": model.model.norm(x), "RoPE": module.apply_rotary_pos_emb(heads, heads, *turns)[0],
                 "attention": attention(x, position_embeddings=turns, attention_mask=mask)[0], "SwiGLU": layer.mlp(x),
                 "decoder layer": layer(x, position_embeddings=turns, attention_mask=mask),
                 "logits": answers.logits, "loss": answers.loss}
    return {name: to_numpy(value) for name, value in found.items()}


def to_numpy(tensor):
    """A copy in NumPy; half precision as float32, which holds each of its numbers."""
    tensor = tensor.detach().cpu()
    return (tensor.float() if tensor.element_size() == 2 else tensor).numpy().copy()


def load(folder, config, exactly=False):
    """The library's model from a folder, as `from_pretrained` makes it, with as many layers as the config says."""
    import torch
    import transformers
    model, losses = transformers.LlamaForCausalLM, None
    if exactly:
        copy, losses, _ = exact()
        model = copy.LlamaForCausalLM
    before = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_error()          # layers left out are no news
    transformers.logging.disable_progress_bar()
    try:
        model = model.from_pretrained(folder, num_hidden_layers=config.num_hidden_layers, local_files_only=True,
                                      dtype=torch.float64 if exactly else torch.float32)
    finally:
        transformers.logging.set_verbosity(before)
    if losses:
        model.loss_function = losses.ForCausalLMLoss
    return model


def tensors(model, batch):
    """The arrays of a batch where the model is."""
    import torch
    return [torch.from_numpy(a).to(next(model.parameters()).device) for a in batch]


def loss(model, batch):
    """The library's own loss of (tokens, labels) or (tokens, labels, mask); it shifts the labels by itself."""
    tokens, labels, *mask = tensors(model, batch)
    return model(input_ids=tokens, labels=labels, **placed(*mask)).loss


def placed(mask=None, counted=True):
    """A mask and the position ids that `generate` makes of it: padding is not counted. `forward` alone counts it."""
    if mask is None:
        return {}
    return {"attention_mask": mask} | ({"position_ids": (mask.cumsum(1) - 1).clamp(min=0)} if counted else {})


def logits(model, batch, counted=True):
    """The library's logits of (tokens, labels or None, mask), or of (tokens,)."""
    import torch
    with torch.no_grad():
        tokens, *mask = tensors(model, (batch[0], *batch[2:]))
        return model(input_ids=tokens, **placed(*mask, counted=counted)).logits


def stream(model, tokens):
    """The residual stream after each layer, then the logits: the names are those of the twins' `stream`.

    By hooks, because `output_hidden_states=True` gives the last one only after the final norm.
    """
    import torch
    found = {}

    def keep(name):
        def hook(module, given, out):
            found[name] = to_numpy(out[0] if isinstance(out, tuple) else out)
        return hook
    hooks = [model.model.embed_tokens.register_forward_hook(keep("embedding"))]
    hooks += [layer.register_forward_hook(keep(f"after layer {i}")) for i, layer in enumerate(model.model.layers, 1)]
    try:
        with torch.no_grad():
            logits = model(torch.from_numpy(tokens).to(next(model.parameters()).device)).logits
    finally:
        for hook in hooks:
            hook.remove()
    return found | {"logits": to_numpy(logits)}


def greedy(model, prompts, count, stop=None):
    """Prompts (lists of ids), each with up to `count` tokens more, by the library's `generate`."""
    padded = left_padded(prompts)
    tokens, mask = tensors(model, padded)
    out = model.generate(tokens, attention_mask=mask, max_new_tokens=count, do_sample=False, use_cache=True,
                         eos_token_id=stop, pad_token_id=stop if stop is not None else 0)
    return unpadded(out.cpu().numpy(), padded[1], tokens.shape[1], stop)
