"""MNIST three ways: softmax regression, an MLP and LeNet-5, in Paddle and in PyTorch."""
