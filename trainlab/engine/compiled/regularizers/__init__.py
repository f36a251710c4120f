"""The kernels of regularizers, one file each: `penalty` of one that adds to the gradient, `lower` of a constraint."""
