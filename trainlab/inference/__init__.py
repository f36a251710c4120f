"""A trained model: load, predict, evaluate, combine, export."""
