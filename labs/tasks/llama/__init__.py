"""A Llama from its parts, in Paddle and in PyTorch, beside the one in transformers."""
