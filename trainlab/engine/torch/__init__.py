"""The PyTorch backend: the layers' PyTorch forms over the same flat vectors, on a CPU or a GPU; autograd computes the
gradients.
"""
