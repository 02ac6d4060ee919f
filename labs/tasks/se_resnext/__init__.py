"""SE-ResNeXt, 50 to 152 layers and a slim one, from one table of numbers, in Paddle and in PyTorch."""
