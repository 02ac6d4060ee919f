"""The same model in transformers, for the proof: asked as it is, and asked in float64.

The library computes four things in float32 whatever the precision of the model: the mean square of RMSNorm,
RoPE's angles, the softmax of its plain attention, and the loss. So it cannot be compared in float64 as it is.
`exact()` gives a copy of its source in which these words, and nothing else, say float64.
"""
import functools
import importlib
import inspect
import sys
import types

#: What is replaced in the copy, and what it says there.
WORDS = {"torch.float32": "torch.float64", ".float()": ".double()", "dtype=torch.float)": "dtype=torch.float64)",
         "dtype=torch.float,": "dtype=torch.float64,"}
MODULES = ("transformers.models.llama.modeling_llama", "transformers.loss.loss_utils")


@functools.cache
def exact() -> tuple:
    """The library's Llama and its loss with float64 where the source says float32.

    Returns
    -------
    model, loss : module
        Copies of `modeling_llama` and `loss_utils`.
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
    return (*copies, changed)


def build(config, exactly=False):
    """The library's LlamaForCausalLM for a config of ours, its weights still to be loaded.

    Parameters
    ----------
    config : labs.tasks.llama.config.Config
    exactly : bool
        Take the copy that computes in float64 throughout.
    """
    from transformers import LlamaForCausalLM
    theirs = their_config(config)
    if not exactly:
        return LlamaForCausalLM(theirs)
    copy, losses, _ = exact()
    model = copy.LlamaForCausalLM(theirs)
    model.loss_function = losses.ForCausalLMLoss
    return model


def rotary(config):
    """The library's module for RoPE: called with any tensor of the wanted type and positions (B, T), gives cos and sin."""
    from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding
    return LlamaRotaryEmbedding(their_config(config))


def their_config(config):
    """The library's LlamaConfig for a config of ours."""
    from transformers import LlamaConfig
    names = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
             "max_position_embeddings", "rms_norm_eps")
    return LlamaConfig(**{name: getattr(config, name) for name in names}, tie_word_embeddings=True,
                       rope_parameters={"rope_type": "default", "rope_theta": config.rope_theta},
                       bos_token_id=None, eos_token_id=None, pad_token_id=None)


def parts(model, x, tokens):
    """What each part of the library's model makes of the same input: the names are those of the twins' `parts`."""
    import torch
    module = sys.modules[type(model).__module__]
    with torch.no_grad():
        device = next(model.parameters()).device
        x, tokens = torch.from_numpy(x).to(device), torch.from_numpy(tokens).to(device)
        layer, positions = model.model.layers[0], torch.arange(x.shape[1], device=device)[None]
        attention = layer.self_attn
        heads = attention.q_proj(x).unflatten(-1, (-1, attention.head_dim)).transpose(1, 2)
        turns = model.model.rotary_emb(x, positions)
        hide = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=device).triu(1)
        mask = torch.zeros(hide.shape, dtype=x.dtype, device=device).masked_fill(hide, -torch.inf)[None, None]
        answers = model(tokens, labels=tokens)
        found = {"RMSNorm": model.model.norm(x), "RoPE": module.apply_rotary_pos_emb(heads, heads, *turns)[0],
                 "attention": attention(x, position_embeddings=turns, attention_mask=mask)[0], "SwiGLU": layer.mlp(x),
                 "decoder layer": layer(x, position_embeddings=turns, attention_mask=mask),
                 "logits": answers.logits, "loss": answers.loss}
    return {name: value.cpu().numpy() for name, value in found.items()}


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


def loss(model, batch):
    """The library's own loss of a batch (tokens, labels); it shifts the labels by itself."""
    import torch
    device = next(model.parameters()).device
    x, y = (torch.from_numpy(a).to(device) for a in batch)
    return model(input_ids=x, labels=y).loss


def stream(model, tokens):
    """The residual stream after each layer, then the logits: the names are those of the twins' `stream`.

    By hooks, because `output_hidden_states=True` gives the last one only after the final norm.
    """
    import torch
    found = {}

    def keep(name):
        def hook(module, given, out):
            found[name] = (out[0] if isinstance(out, tuple) else out).detach().cpu().numpy()
        return hook
    hooks = [model.model.embed_tokens.register_forward_hook(keep("embedding"))]
    hooks += [layer.register_forward_hook(keep(f"after layer {i}")) for i, layer in enumerate(model.model.layers, 1)]
    try:
        with torch.no_grad():
            logits = model(torch.from_numpy(tokens).to(next(model.parameters()).device)).logits
    finally:
        for hook in hooks:
            hook.remove()
    return found | {"logits": logits.cpu().numpy()}


def greedy(model, tokens, count, stop=None):
    """Tokens (T,) and up to `count` more, by the library's `generate`."""
    import torch
    x = torch.tensor([tokens], device=next(model.parameters()).device)
    out = model.generate(x, attention_mask=torch.ones_like(x), max_new_tokens=count, do_sample=False, use_cache=True,
                         eos_token_id=stop, pad_token_id=stop if stop is not None else 0)
    return out[0].tolist()
