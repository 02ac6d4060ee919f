"""LSTM language models, by words and by characters, in Paddle, in PyTorch and in Fluid."""
