"""trainlab in other people's programs: PyTorch, Keras, scikit-learn, training logs."""
